using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>A node's monotonic clock in a simulation: true time, at a rate of its own, from a start of its own. Survives the node's process, as a machine's clock does.</summary>
internal sealed class SimClock(VirtualTime time, long offset, double rate) : IClock
{
    private long _jumped;
    private Instant _sleptSince;
    private ReplicaQueues? _queues;
    private int _waiting;

    /// <summary>This moment by the node's clock.</summary>
    public Instant Now => IsAsleep ? _sleptSince : new(offset + _jumped + (long)(time.Nanoseconds * rate));

    /// <summary>
    /// Whether the thread that is polled stands where it slept, and reads the clock as it was then. Only up to the first input that it takes: that one may have
    /// come while it slept, and whoever reads the clock behind it reads it awake.
    /// </summary>
    public bool IsAsleep
    {
        get
        {
            if (_queues is not null && Waiting(_queues) != _waiting)
                _queues = null;
            return _queues is not null;
        }
    }

    /// <summary>The clock jumps, as no monotonic clock should.</summary>
    public void Jump(long nanoseconds) => _jumped += nanoseconds;

    /// <summary>A thread is polled that was stopped in the middle of this very turn, before it looked at any of its queues.</summary>
    public void FallAsleep(Instant since, ReplicaQueues queues) => (_sleptSince, _queues, _waiting) = (since, queues, Waiting(queues));

    /// <summary>The turn is over.</summary>
    public void WakeUp() => _queues = null;

    /// <summary>The true time at which this clock will show an instant, not before now.</summary>
    public long TrueTimeOf(Instant instant) =>
        instant == Instant.Never ? long.MaxValue : Math.Max(time.Nanoseconds, (long)Math.Ceiling((instant.Nanoseconds - offset - _jumped) / rate) + 1);

    private static int Waiting(ReplicaQueues queues) => queues.Frames.Count + queues.Requests.Count + queues.DiskDone.Count + queues.ApplyDone.Count;
}

/// <summary>True time in a simulation, in nanoseconds from its start.</summary>
internal sealed class VirtualTime
{
    /// <summary>Now.</summary>
    public long Nanoseconds { get; set; }
}
