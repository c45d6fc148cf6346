namespace RaftStream.StreamStateMachine;

/// <summary>A row of a CSV file that fits its schema. Immutable.</summary>
public sealed class CsvRow
{
    private readonly CsvSchema _schema;
    private readonly CsvValue[] _values;

    /// <summary>A row of values in the schema's order.</summary>
    internal CsvRow(CsvSchema schema, CsvValue[] values, long line) => (_schema, _values, Line) = (schema, values, line);

    /// <summary>The line of the file that it starts in, from 1; the header is line 1.</summary>
    public long Line { get; }

    /// <summary>The text in a column of texts, empty where nothing stands there.</summary>
    /// <exception cref="ArgumentException">The schema has no such column of that type.</exception>
    public string GetText(string name) => _values[_schema.IndexOf(name, CsvType.Text)].Text!;

    /// <summary>The number in a column of whole numbers.</summary>
    /// <exception cref="ArgumentException">The schema has no such column of that type.</exception>
    public long GetInteger(string name) => _values[_schema.IndexOf(name, CsvType.Integer)].Bits;

    /// <summary>The number in a column of numbers: finite.</summary>
    /// <exception cref="ArgumentException">The schema has no such column of that type.</exception>
    public double GetNumber(string name) => BitConverter.Int64BitsToDouble(_values[_schema.IndexOf(name, CsvType.Number)].Bits);

    /// <summary>The truth value in a column of these.</summary>
    /// <exception cref="ArgumentException">The schema has no such column of that type.</exception>
    public bool GetBoolean(string name) => _values[_schema.IndexOf(name, CsvType.Boolean)].Bits != 0;

    /// <summary>The time in a column of timestamps: milliseconds since 1970-01-01 in UTC, negative before it.</summary>
    /// <exception cref="ArgumentException">The schema has no such column of that type.</exception>
    public long GetTimestamp(string name) => _values[_schema.IndexOf(name, CsvType.Timestamp)].Bits;
}

/// <summary>A value of a row: a text, or the 64 bits of anything else.</summary>
internal readonly record struct CsvValue(string? Text, long Bits);
