namespace RaftStream.StreamStateMachine;

/// <summary>The kinds of windows. Sizes are whole milliseconds, 1 ms to 10,000 days.</summary>
public static class Window
{
    /// <summary>Windows side by side: each instant lies in one.</summary>
    /// <param name="size">How long each is.</param>
    /// <param name="offset">By how much they are moved from multiples of the size since 1970-01-01 UTC; of either sign.</param>
    public static WindowAssigner Tumbling(TimeSpan size, TimeSpan offset = default) => new HoppingWindows(Whole(size), Whole(size), offset.Ticks / TimeSpan.TicksPerMillisecond);

    /// <summary>
    /// Windows side by side by the clocks of a zone: each day begins at its midnight. A day is as long as it is where the clocks change, and an hour that comes twice is two windows.
    /// All nodes must know the same rules of the zone.
    /// </summary>
    /// <param name="size">A day or some days, or a part of a day that divides it.</param>
    /// <param name="zone">The zone.</param>
    public static WindowAssigner Tumbling(TimeSpan size, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        if (size.Ticks % TimeSpan.TicksPerDay != 0 && TimeSpan.TicksPerDay % Math.Max(1, size.Ticks) != 0)
            throw new ArgumentOutOfRangeException(nameof(size), size, "Windows by the clocks of a zone last some days, or a part that divides a day: give such a size.");
        return new ZonedWindows(Whole(size), zone);
    }

    /// <summary>Windows of one size that begin in a rhythm of their own: an instant lies in size / slide of them.</summary>
    /// <param name="size">How long each is.</param>
    /// <param name="slide">How long after one the next begins: up to the size, and not less than a 1,000th of it.</param>
    /// <param name="offset">By how much they are moved from multiples of the slide since 1970-01-01 UTC; of either sign.</param>
    public static WindowAssigner Hopping(TimeSpan size, TimeSpan slide, TimeSpan offset = default)
    {
        if (slide > size || slide.Ticks < size.Ticks / 1000)
            throw new ArgumentOutOfRangeException(nameof(slide), slide, "A window begins before the last one ends, and not in more than 1,000 of them lies an instant: give a slide from a 1,000th of the size to the size.");
        return new HoppingWindows(Whole(size), Whole(slide), offset.Ticks / TimeSpan.TicksPerMillisecond);
    }

    /// <summary>
    /// For each time at which a key has records, the window that ends with it and began <paramref name="size"/> before, both included (the left windows of Kafka Streams'
    /// sliding windows; RANGE BETWEEN ... PRECEDING AND CURRENT ROW in SQL).
    /// </summary>
    public static WindowAssigner Sliding(TimeSpan size) => new SlidingWindows(Whole(size));

    /// <summary>Windows that end where a key has no record for that long, and grow together where a record comes between two.</summary>
    public static WindowAssigner Session(TimeSpan gap) => new SessionWindows(Whole(gap));

    /// <summary>One window for all time, which closes when all sources have ended. It needs a trigger.</summary>
    public static WindowAssigner Global { get; } = new GlobalWindow();

    private static long Whole(TimeSpan time)
    {
        if (time.Ticks % TimeSpan.TicksPerMillisecond != 0 || time < TimeSpan.FromMilliseconds(1) || time > TimeSpan.FromDays(10_000))
            throw new ArgumentOutOfRangeException(nameof(time), time, "Windows are measured in whole milliseconds, 1 ms to 10,000 days.");
        return time.Ticks / TimeSpan.TicksPerMillisecond;
    }
}
