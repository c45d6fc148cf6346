using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>Divides a record of RFC 4180 into its fields. Owned by one parser, which reuses it.</summary>
internal sealed class CsvFields(char separator)
{
    /// <summary>The most fields of a record.</summary>
    public const int MaxFields = 4_096;

    private readonly List<string> _fields = [];
    private readonly StringBuilder _quoted = new();

    /// <summary>The fields of the last record that could be divided.</summary>
    public IReadOnlyList<string> Fields => _fields;

    /// <summary>Divides a record.</summary>
    /// <returns>Null, or what is wrong with which field.</returns>
    public string? Divide(string record)
    {
        _fields.Clear();
        for (var at = 0; ; at++)
        {
            if (_fields.Count == MaxFields)
                return $"more than {MaxFields} fields";
            var problem = at < record.Length && record[at] == '"' ? ReadQuoted(record, ref at) : ReadPlain(record, ref at);
            if (problem is not null)
                return $"field {_fields.Count + 1}: {problem}";
            if (at == record.Length)
                return null;
        }
    }

    private string? ReadPlain(string record, ref int at)
    {
        var rest = record.AsSpan(at);
        var end = rest.IndexOf(separator);
        var field = end < 0 ? rest : rest[..end];
        if (field.Contains('"'))
            return "a quote inside a field without quotes; expected the field in quotes and the quote twice";
        _fields.Add(field.ToString());
        at += field.Length;
        return null;
    }

    private string? ReadQuoted(string record, ref int at)
    {
        _quoted.Clear();
        for (var start = at + 1; ; start++)
        {
            var end = record.IndexOf('"', start);
            if (end < 0)
                return "the quotes are not closed";
            _quoted.Append(record, start, end - start);
            start = end + 1;
            if (start == record.Length || record[start] == separator)
            {
                _fields.Add(_quoted.ToString());
                at = start;
                return null;
            }

            if (record[start] != '"')
                return "text behind the closing quote; expected a separator or the line's end";
            _quoted.Append('"');
        }
    }
}
