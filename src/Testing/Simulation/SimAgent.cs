namespace RaftStream.Testing;

/// <summary>Which agent of a node is polled.</summary>
internal enum SimAgent
{
    Consensus,
    Disk,
    Apply,

    /// <summary>The disk's agent again, when it looks whether a full disk has room.</summary>
    DiskRetry,

    /// <summary>The agent of the outbox.</summary>
    Outbox,

    /// <summary>The same, when it sends again what is not in the log in time.</summary>
    OutboxRetry,
}
