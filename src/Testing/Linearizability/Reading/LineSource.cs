using System.Globalization;
using System.Text;

namespace RaftStream.Testing.Linearizability;

/// <summary>Lines of a text with their numbers, none longer than a bound, however long the text makes them.</summary>
internal sealed class LineSource(TextReader reader)
{
    /// <summary>Characters in a line.</summary>
    public const int MaxLength = 1 << 24;

    private readonly char[] _buffer = new char[1 << 14];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _end;

    /// <summary>The number of the line read last, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line, without its end; null at the end of the text.</summary>
    public string? Read()
    {
        _line.Clear();
        Number++;
        while (true)
        {
            if (_at == _end)
            {
                (_at, _end) = (0, reader.Read(_buffer, 0, _buffer.Length));
                if (_end == 0)
                    return _line.Length == 0 ? null : _line.ToString();
            }
            var rest = _buffer.AsSpan(_at, _end - _at);
            var length = rest.IndexOf('\n');
            _line.Append(length < 0 ? rest : rest[..length]);
            _at += length < 0 ? rest.Length : length + 1;
            if (_line.Length > MaxLength)
                throw new HistoryFormatException(Number, string.Create(CultureInfo.InvariantCulture, $"is longer than {MaxLength} characters: write one event a line."));
            if (length >= 0)
                return _line.ToString();
        }
    }
}
