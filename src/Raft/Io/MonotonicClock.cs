namespace RaftStream.Raft;

/// <summary>
/// The machine's clock that never goes back and runs on through suspension: a lease must not outlive a lid that was closed. Safe to
/// use from any thread.
/// </summary>
internal sealed class MonotonicClock : IClock
{
    /// <inheritdoc/>
    public Instant Now => new(Posix.BootTimeNanoseconds());
}
