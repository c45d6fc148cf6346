namespace RaftStream.Raft;

/// <summary>The only source of time for consensus, log and agents: monotonic, running on through suspension (CLOCK_BOOTTIME where there is one).</summary>
public interface IClock
{
    /// <summary>This moment. Never earlier than the one returned before.</summary>
    Instant Now { get; }
}
