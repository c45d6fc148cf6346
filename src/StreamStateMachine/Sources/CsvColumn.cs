namespace RaftStream.StreamStateMachine;

/// <summary>What the values of a CSV column are.</summary>
public enum CsvType : byte
{
    /// <summary>Any text, also none.</summary>
    Text = 0,

    /// <summary>A whole number of 64 bits, with a sign or without: <c>-12</c>.</summary>
    Integer = 1,

    /// <summary>A finite number of 64 bits with a decimal point: <c>12.5</c>, <c>1e-3</c>.</summary>
    Number = 2,

    /// <summary><c>true</c>, <c>false</c> in letters of either case, <c>1</c> or <c>0</c>.</summary>
    Boolean = 3,

    /// <summary>A time in the column's format and zone, kept in milliseconds since 1970 in UTC.</summary>
    Timestamp = 4,
}

/// <summary>What a local time means that a clock change makes happen twice.</summary>
public enum CsvRepeatedTime : byte
{
    /// <summary>
    /// The rows are in the order of time: the first pass, until the time goes back within the repeated hour; from there to its end the
    /// second. Rows out of order in the first pass are therefore taken for the second, and where the second pass alone is there, it is taken
    /// for the first.
    /// </summary>
    ByOrder = 0,

    /// <summary>Always the first pass.</summary>
    First = 1,

    /// <summary>Always the second pass.</summary>
    Second = 2,

    /// <summary>Nobody can tell: the row is a problem.</summary>
    Problem = 3,
}

/// <summary>A column of a CSV file, found by its name in the header.</summary>
public sealed class CsvColumn
{
    private CsvColumn(string name, CsvType type)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        (Name, Type) = (name, type);
    }

    /// <summary>Its name in the header, letter by letter.</summary>
    public string Name { get; }

    /// <summary>What its values are.</summary>
    public CsvType Type { get; }

    /// <summary>The format of a timestamp in .NET's custom notation; empty for other types.</summary>
    public string Format { get; private init; } = "";

    /// <summary>The zone of a timestamp; UTC for other types.</summary>
    public TimeZoneInfo Zone { get; private init; } = TimeZoneInfo.Utc;

    /// <summary>What a timestamp means that the zone's clocks show twice.</summary>
    public CsvRepeatedTime RepeatedTime { get; private init; }

    /// <summary>Whether what its values mean depends on the rows before.</summary>
    internal bool HasMemory => Type == CsvType.Timestamp && RepeatedTime == CsvRepeatedTime.ByOrder && !Zone.Equals(TimeZoneInfo.Utc);

    /// <summary>A column of text.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static CsvColumn Text(string name) => new(name, CsvType.Text);

    /// <summary>A column of whole numbers.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static CsvColumn Integer(string name) => new(name, CsvType.Integer);

    /// <summary>A column of numbers.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static CsvColumn Number(string name) => new(name, CsvType.Number);

    /// <summary>A column of truth values.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static CsvColumn Boolean(string name) => new(name, CsvType.Boolean);

    /// <summary>A column of times.</summary>
    /// <param name="name">Its name in the header.</param>
    /// <param name="format">How they are written, in .NET's custom notation, like <c>yyyy-MM-dd HH:mm:ss</c>. One with an offset (<c>z</c>, <c>K</c>) goes with UTC only.</param>
    /// <param name="zone">Whose clocks they were read from; UTC where null.</param>
    /// <param name="repeatedTime">What a time means that those clocks show twice.</param>
    /// <exception cref="ArgumentException">The name or the format is empty, or the format has an offset and there is a zone.</exception>
    public static CsvColumn Timestamp(string name, string format, TimeZoneInfo? zone = null, CsvRepeatedTime repeatedTime = CsvRepeatedTime.ByOrder)
    {
        ArgumentException.ThrowIfNullOrEmpty(format);
        if (!Enum.IsDefined(repeatedTime))
            throw new ArgumentOutOfRangeException(nameof(repeatedTime), repeatedTime, "Give one of the named values.");
        if (zone is not null && !zone.Equals(TimeZoneInfo.Utc) && format.AsSpan().IndexOfAny('z', 'K') >= 0)
            throw new ArgumentException($"The format '{format}' has an offset from UTC, so the times need no zone: leave out '{zone.Id}'.", nameof(zone));
        return new(name, CsvType.Timestamp) { Format = format, Zone = zone ?? TimeZoneInfo.Utc, RepeatedTime = repeatedTime };
    }
}
