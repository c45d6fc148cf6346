namespace RaftStream.StreamStateMachine;

/// <summary>
/// What the rows so far say about the hour that a zone's clocks show twice: the last local time in it and whether that was the second pass;
/// nothing outside of such an hour. A value, so that a row that fails changes nothing.
/// </summary>
/// <param name="LastMs">The last row's local time, in milliseconds since 1970 on the local clock; null outside of a repeated hour.</param>
/// <param name="IsSecond">Whether the last row was in the second pass.</param>
internal readonly record struct LocalClock(long? LastMs, bool IsSecond)
{
    /// <summary>Turns a local time into milliseconds since 1970 in UTC.</summary>
    /// <param name="column">Whose time it is.</param>
    /// <param name="local">The time.</param>
    /// <param name="unixMs">The result.</param>
    /// <param name="after">What this row says about the next one.</param>
    /// <returns>Null, or what was expected instead.</returns>
    public string? Read(CsvColumn column, DateTime local, out long unixMs, out LocalClock after)
    {
        var localMs = new DateTimeOffset(local, TimeSpan.Zero).ToUnixTimeMilliseconds();
        (unixMs, after) = (0, default);
        if (column.Zone.IsInvalidTime(local))
            return $"a time that the clocks of '{column.Zone.Id}' show";
        if (!column.Zone.IsAmbiguousTime(local))
        {
            unixMs = localMs - (long)column.Zone.GetUtcOffset(local).TotalMilliseconds;
            return null;
        }

        if (column.RepeatedTime == CsvRepeatedTime.Problem)
            return $"a time that the clocks of '{column.Zone.Id}' show once";

        // Clocks that go back show a time first with the greater offset from UTC.
        var offsets = column.Zone.GetAmbiguousTimeOffsets(local);
        var (first, second) = ((long)offsets.Max().TotalMilliseconds, (long)offsets.Min().TotalMilliseconds);
        var isSecond = column.RepeatedTime == CsvRepeatedTime.ByOrder
            ? IsSecondPass(localMs, first - second)
            : column.RepeatedTime == CsvRepeatedTime.Second;
        unixMs = localMs - (isSecond ? second : first);
        after = new(localMs, isSecond);
        return null;
    }

    /// <summary>A last time further away than the hour is long was in another repeated hour.</summary>
    private bool IsSecondPass(long localMs, long hourMs) =>
        LastMs is { } last && Math.Abs(localMs - last) < hourMs && (IsSecond || localMs < last);
}
