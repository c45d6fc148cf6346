namespace RaftStream.Testing;

/// <summary>Which agent of a node is polled.</summary>
internal enum SimAgent
{
    Consensus,
    Disk,
    Apply,

    /// <summary>The disk's agent again, when it looks whether a full disk has room.</summary>
    DiskRetry,
}
