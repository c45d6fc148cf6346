using System.Globalization;

namespace RaftStream.StreamStateMachine;

/// <summary>Reads the text of a field as its column's type. No state but for local times.</summary>
internal static class CsvValues
{
    private const int MaxShown = 64;

    /// <summary>Reads a value.</summary>
    /// <param name="column">What it should be.</param>
    /// <param name="text">What stands there.</param>
    /// <param name="clock">What the rows before say about the column's local times; only looked at for timestamps.</param>
    /// <param name="after">What this row says about them.</param>
    /// <param name="value">The value.</param>
    /// <returns>Null, or what was there and what was expected.</returns>
    public static string? Read(CsvColumn column, string text, LocalClock clock, out LocalClock after, out CsvValue value)
    {
        var bits = 0L;
        after = clock;
        var expected = column.Type switch
        {
            CsvType.Text => null,
            CsvType.Integer => TryReadInteger(text, out bits) ? null : "a whole number of 64 bits",
            CsvType.Number => TryReadNumber(text, out bits) ? null : "a finite number like 12.5",
            CsvType.Boolean => TryReadBoolean(text, out bits) ? null : "true, false, 1 or 0",
            _ => ReadTimestamp(column, text, clock, out after, out bits),
        };
        value = column.Type == CsvType.Text ? new(text, 0) : new(null, bits);
        return expected is null ? null : $"'{Shorten(text)}' is there; expected {expected}";
    }

    private static bool TryReadInteger(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static bool TryReadNumber(string text, out long bits)
    {
        var isNumber = double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value);
        bits = BitConverter.DoubleToInt64Bits(value);
        return isNumber && double.IsFinite(value);
    }

    private static bool TryReadBoolean(string text, out long bits)
    {
        var isTrue = text == "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);
        bits = isTrue ? 1 : 0;
        return isTrue || text == "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    private static string? ReadTimestamp(CsvColumn column, string text, LocalClock clock, out LocalClock after, out long unixMs)
    {
        (unixMs, after) = (0, clock);
        if (column.Zone.Equals(TimeZoneInfo.Utc))
        {
            var isTime = DateTimeOffset.TryParseExact(text, column.Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time);
            unixMs = time.ToUnixTimeMilliseconds();
            return isTime ? null : $"a time in the format '{column.Format}'";
        }

        return DateTime.TryParseExact(text, column.Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)
            ? clock.Read(column, DateTime.SpecifyKind(local, DateTimeKind.Unspecified), out unixMs, out after)
            : $"a time in the format '{column.Format}'";
    }

    private static string Shorten(string text)
    {
        if (text.Length <= MaxShown)
            return text;
        var end = char.IsHighSurrogate(text[MaxShown - 1]) ? MaxShown - 1 : MaxShown;
        return text[..end] + "\u2026";
    }
}
