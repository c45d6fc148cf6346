namespace RaftStream.Testing;

/// <summary>A node's monotonic clock in a simulation: true time, at a rate of its own, from a start of its own. Survives the node's process, as a machine's clock does.</summary>
internal sealed class SimClock(VirtualTime time, long offset, double rate) : IClock
{
    private long _jumped;

    /// <summary>This moment by the node's clock.</summary>
    public Instant Now => new(offset + _jumped + (long)(time.Nanoseconds * rate));

    /// <summary>The clock jumps, as no monotonic clock should.</summary>
    public void Jump(long nanoseconds) => _jumped += nanoseconds;

    /// <summary>The true time at which this clock will show an instant, not before now.</summary>
    public long TrueTimeOf(Instant instant) =>
        instant == Instant.Never ? long.MaxValue : Math.Max(time.Nanoseconds, (long)Math.Ceiling((instant.Nanoseconds - offset - _jumped) / rate) + 1);
}

/// <summary>True time in a simulation, in nanoseconds from its start.</summary>
internal sealed class VirtualTime
{
    /// <summary>Now.</summary>
    public long Nanoseconds { get; set; }
}
