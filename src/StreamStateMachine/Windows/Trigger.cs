namespace RaftStream.StreamStateMachine;

/// <summary>
/// When a window gives out what it holds. Several can be combined: whichever says so first. What fires does so with everything that came up to then
/// (accumulating), unless it purges.
/// </summary>
/// <remarks>The meanings are those of Flink's triggers, except that <see cref="Every"/> does not fire again where nothing came since.</remarks>
public sealed record Trigger
{
    private Trigger()
    {
    }

    internal bool OnCloseFires { get; private init; }

    internal bool OnUpdateFires { get; private init; }

    internal long CountFires { get; private init; }

    internal long EveryNanoseconds { get; private init; }

    internal bool IsPurging { get; private init; }

    internal string Detail => string.Join(" or ", Parts()) + (IsPurging ? ", purging" : "");

    /// <summary>When the watermark passes the window's end, and then at once for each record that comes within the allowed lateness. (EMIT ON WINDOW CLOSE.)</summary>
    public static Trigger OnClose { get; } = new() { OnCloseFires = true };

    /// <summary>With each record. (EMIT ON UPDATE.)</summary>
    public static Trigger OnUpdate { get; } = new() { OnUpdateFires = true };

    /// <summary>With each so-many-th record since it fired for that reason: 1 or more.</summary>
    public static Trigger Count(long records)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(records, 1);
        return new() { CountFires = records };
    }

    /// <summary>After so much log time, in multiples of it, where a record came since: 1 ms or more.</summary>
    public static Trigger Every(TimeSpan logTime)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(logTime, TimeSpan.FromMilliseconds(1));
        return new() { EveryNanoseconds = logTime.Ticks * 100 };
    }

    /// <summary>This one or another, whichever says so first.</summary>
    public Trigger Or(Trigger other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if ((CountFires > 0 && other.CountFires > 0) || (EveryNanoseconds > 0 && other.EveryNanoseconds > 0))
            throw new ArgumentException("Both triggers count records, or both go by log time: give one of each kind.", nameof(other));
        return new()
        {
            OnCloseFires = OnCloseFires || other.OnCloseFires,
            OnUpdateFires = OnUpdateFires || other.OnUpdateFires,
            CountFires = Math.Max(CountFires, other.CountFires),
            EveryNanoseconds = Math.Max(EveryNanoseconds, other.EveryNanoseconds),
            IsPurging = IsPurging || other.IsPurging,
        };
    }

    /// <summary>The same, and the window is empty again after it fired.</summary>
    public Trigger Purging() => this with { IsPurging = true };

    private IEnumerable<string> Parts()
    {
        if (OnCloseFires)
            yield return "on close";
        if (OnUpdateFires)
            yield return "on update";
        if (CountFires > 0)
            yield return $"every {CountFires} records";
        if (EveryNanoseconds > 0)
            yield return $"every {EveryNanoseconds / 1_000_000} ms of log time";
    }
}
