namespace RaftStream.Raft;

/// <summary>
/// How much a cluster remembers for its clients. [safety] What a replica answers follows from these, so they must be the same on every
/// replica of a cluster: they are no option of a node, and a release that changes one must write the old value into its entries.
/// </summary>
internal sealed record SessionLimits
{
    /// <summary>What a kept reply is charged beyond its bytes: about what its place in memory takes.</summary>
    public const int ReplyOverhead = 64;

    /// <summary>What a session is charged beyond its replies.</summary>
    public const int SessionOverhead = 256;

    /// <summary>What an idempotency key is charged beyond the bytes of its reply: about what its place in memory takes.</summary>
    public const int KeyOverhead = 192;

    /// <summary>The limits of every real cluster.</summary>
    public static SessionLimits Default { get; } = new();

    /// <summary>Sessions at a time. One more evicts the one that was idle for longest, if it was idle for <see cref="EvictAfterIdle"/>.</summary>
    public int MaxSessions { get; init; } = 65_536;

    /// <summary>Sequences beyond the acknowledged ones that a session may use.</summary>
    public int Window { get; init; } = 1024;

    /// <summary>Charged bytes of replies at which a session must acknowledge some before it may go on, except with its next sequence.</summary>
    public int MaxSessionBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// Charged bytes of all sessions and replies at which only those may go on that hold up their own acknowledgement, and nothing more
    /// is kept than that a command was applied. More than all sessions are charged without a reply, or they would wait for each other. 64 MiB.
    /// </summary>
    public long MaxTotalBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>The largest reply that is kept, in bytes. Of a larger one only the fact that its command was applied.</summary>
    public int MaxReplyBytes { get; init; } = 64 * 1024;

    /// <summary>Log time in nanoseconds that a session must have been idle before another may take its place: one minute.</summary>
    public long EvictAfterIdle { get; init; } = 60_000_000_000;

    /// <summary>Log time in nanoseconds for which an idempotency key is known after its command was applied: 24 hours.</summary>
    public long KeyRetention { get; init; } = 24L * 3600 * 1_000_000_000;

    /// <summary>Idempotency keys at a time. None is forgotten early to make room: a command under one more is refused.</summary>
    public int MaxKeys { get; init; } = 262_144;

    /// <summary>Charged bytes of all idempotency keys and their replies at which a command under one more is refused. 64 MiB.</summary>
    public long MaxKeyBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>The largest reply to a command under an idempotency key that is kept, in bytes. Of a larger one only the fact that its command was applied.</summary>
    public int MaxKeyReplyBytes { get; init; } = 4 * 1024;

    /// <summary>The most that one reply is charged.</summary>
    public int MaxCharge => ReplyOverhead + MaxReplyBytes;
}
