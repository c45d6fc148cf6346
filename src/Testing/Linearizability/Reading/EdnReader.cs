using System.Globalization;
using System.Text;

namespace RaftStream.Testing.Linearizability;

/// <summary>What a piece of EDN is, as far as histories need it.</summary>
internal enum EdnKind
{
    /// <summary>Null, a whole number, or a text.</summary>
    Scalar = 0,

    /// <summary>A keyword such as <c>:read</c>.</summary>
    Keyword = 1,

    /// <summary>A symbol, a character, a fraction: nothing a history needs.</summary>
    Other = 2,

    /// <summary>A vector, list or set.</summary>
    Sequence = 3,

    /// <summary>A map: keys and values in turn.</summary>
    Map = 4,
}

/// <summary>A piece of EDN.</summary>
internal sealed record EdnNode(EdnKind Kind, int Line, HistoryValue Scalar, string Name, IReadOnlyList<EdnNode> Members);

/// <summary>
/// Reads the EDN that Jepsen writes: maps, vectors, lists, sets, keywords, whole numbers, texts, nil; tags are read over. Nesting and
/// the number of pieces of one event are bounded.
/// </summary>
internal sealed class EdnReader
{
    private const int MaxDepth = 16;
    private const int MaxMembers = 1 << 20;
    private const string Closing = ")]}";

    private readonly LineSource _lines;
    private string _line;
    private int _at;
    private int _leftOut;
    private bool _isOver;

    /// <summary>Begins with a line that was read already.</summary>
    public EdnReader(string first, LineSource lines)
    {
        _line = first;
        _lines = lines;
    }

    /// <summary>The events' maps: one after the other, or as the members of one vector.</summary>
    public IEnumerable<EdnNode> ReadMaps()
    {
        if (Peek() is '[' or '(')
        {
            var close = Peek() == '[' ? ']' : ')';
            _at++;
            while (Peek() != close)
                yield return ReadNode(0);
            _at++;
            if (Peek() is not null)
                throw Problem("goes on after the end of the history: leave one vector of maps, or maps alone.");
            yield break;
        }
        while (Peek() is not null)
            yield return ReadNode(0);
    }

    private EdnNode ReadNode(int depth)
    {
        if (depth > MaxDepth)
            throw Problem(string.Create(CultureInfo.InvariantCulture, $"is nested deeper than {MaxDepth}: no event of a history is."));
        var first = Peek() ?? throw Problem("ends in the middle of an event: the file is cut.");
        var line = _lines.Number;
        switch (first)
        {
            case '{':
                _at++;
                return Collect(EdnKind.Map, '}', line, depth);
            case '[':
                _at++;
                return Collect(EdnKind.Sequence, ']', line, depth);
            case '(':
                _at++;
                return Collect(EdnKind.Sequence, ')', line, depth);
            case '"':
                return new(EdnKind.Scalar, line, HistoryValue.FromString(ReadText()), "", []);
            case '#':
                return ReadTagged(line, depth);
            default:
                if (Closing.Contains(first, StringComparison.Ordinal))
                    throw Problem($"has a '{first}' that closes nothing: mend the brackets.");
                return ReadToken(line);
        }
    }

    private EdnNode Collect(EdnKind kind, char close, int line, int depth)
    {
        var members = new List<EdnNode>();
        while (Peek() != close)
        {
            members.Add(ReadNode(depth + 1));
            if (members.Count > MaxMembers)
                throw Problem(string.Create(CultureInfo.InvariantCulture, $"belongs to a value of more than {MaxMembers} members: that is the most that is read."));
        }
        _at++;
        return new(kind, line, default, "", members);
    }

    // A set, or a tag before what it is about.
    private EdnNode ReadTagged(int line, int depth)
    {
        _at++;
        if (_at < _line.Length && _line[_at] == '{')
        {
            _at++;
            return Collect(EdnKind.Sequence, '}', line, depth);
        }
        _ = ReadToken(line);
        return ReadNode(depth + 1);
    }

    private EdnNode ReadToken(int line)
    {
        var start = _at;
        while (_at < _line.Length && !char.IsWhiteSpace(_line[_at]) && !"()[]{}\",;".Contains(_line[_at], StringComparison.Ordinal))
            _at++;
        if (_at == start)
            throw Problem($"has an unexpected '{_line[_at]}': mend the event.");
        var token = _line[start.._at];
        if (token == "nil")
            return new(EdnKind.Scalar, line, default, token, []);
        if (token[0] == ':')
            return new(EdnKind.Keyword, line, default, token[1..], []);
        var digits = token.EndsWith('N') ? token.AsSpan(0, token.Length - 1) : token;
        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? new(EdnKind.Scalar, line, number, token, [])
            : new(EdnKind.Other, line, default, token, []);
    }

    private string ReadText()
    {
        var text = new StringBuilder();
        for (_at++; ; _at++)
        {
            if (_at >= _line.Length)
            {
                // A text may go on over the end of a line.
                text.Append('\n');
                if (text.Length > LineSource.MaxLength || !NextLine())
                    throw Problem("ends in the middle of a text: close it with a quotation mark.");
                _at = -1;
                continue;
            }
            if (_line[_at] == '"')
            {
                _at++;
                return text.ToString();
            }
            text.Append(_line[_at] == '\\' ? ReadEscape() : _line[_at]);
        }
    }

    private char ReadEscape()
    {
        _at++;
        var escaped = _at < _line.Length ? _line[_at] : '\n';
        switch (escaped)
        {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case '"' or '\\':
                return escaped;
            case 'u' when _at + 4 < _line.Length && ushort.TryParse(_line.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                _at += 4;
                return (char)unit;
            default:
                throw Problem("has a text with an unknown escape: \\n, \\t, \\r, \\\", \\\\ and \\uXXXX are known.");
        }
    }

    // The next character that means something, over white space, commas, comments, ends of lines and what #_ leaves out; null at the end.
    private char? Peek()
    {
        while (!_isOver)
        {
            while (_at < _line.Length && (char.IsWhiteSpace(_line[_at]) || _line[_at] == ','))
                _at++;
            if (_at + 1 < _line.Length && _line[_at] == '#' && _line[_at + 1] == '_')
                LeaveOut();
            else if (_at < _line.Length && _line[_at] != ';')
                return _line[_at];
            else
                NextLine();
        }
        return null;
    }

    // One may stand inside another, no deeper than anything else.
    private void LeaveOut()
    {
        _at += 2;
        _ = ReadNode(++_leftOut);
        _leftOut--;
    }

    private bool NextLine()
    {
        _at = 0;
        var next = _lines.Read();
        _isOver = next is null;
        _line = next ?? "";
        return !_isOver;
    }

    private HistoryFormatException Problem(string problem) => new(_lines.Number, problem);
}
