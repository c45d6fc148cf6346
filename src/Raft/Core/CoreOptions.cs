namespace RaftStream.Raft.Core;

/// <summary>The core's tunables.</summary>
internal sealed record CoreOptions
{
    /// <summary>
    /// The shortest silence before an election (the longest is twice this), and the time for which voters refuse votes after they
    /// heard from a leader and after their own start.
    /// </summary>
    public required TimeSpan ElectionTimeout { get; init; }

    /// <summary>The time between heartbeats.</summary>
    public required TimeSpan HeartbeatInterval { get; init; }

    /// <summary>Payload bytes in one append at the most; a larger entry goes alone.</summary>
    public int MaxAppendBytes { get; init; } = 512 * 1024;

    /// <summary>Entries in one append at the most.</summary>
    public int MaxAppendEntries { get; init; } = 4096;

    /// <summary>Appends on their way to one peer at the most.</summary>
    public int MaxInflightAppends { get; init; } = 64;

    /// <summary>Payload bytes on their way to one peer at the most.</summary>
    public int MaxInflightBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Proposals not yet committed at the most: entries.</summary>
    public int MaxUncommittedEntries { get; init; } = 65_536;

    /// <summary>Proposals not yet committed at the most: payload bytes.</summary>
    public long MaxUncommittedBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Reads waiting for their round at the most.</summary>
    public int MaxPendingReads { get; init; } = 4096;

    /// <summary>How far the rate of any member's monotonic clock may be off true time, as a fraction: leases and bounded staleness rest on it. 0 to 0.2.</summary>
    public double MaxDrift { get; init; } = 0.01;

    /// <summary>A learner may be promoted when it lacks no more than this many bytes, or than it took in lately within an election timeout.</summary>
    public int CaughtUpBytes { get; init; } = 64 * 1024;

    /// <summary>How long entries may go unanswered before they are sent again.</summary>
    public TimeSpan RetransmitAfter => ElectionTimeout / 2;

    /// <summary>
    /// How long a leader's own disk may leave a write unanswered before it makes way, however well its peers answer: it could commit
    /// through them, but neither apply nor answer. As long as a follower would wait for a silent leader.
    /// </summary>
    public TimeSpan DiskPatience => ElectionTimeout * 2;
}
