namespace RaftStream.Raft;

/// <summary>How a write or a read ended. Never anything in between.</summary>
public enum Outcome : byte
{
    /// <summary>It is done and a quorum holds it on disk.</summary>
    Applied = 0,

    /// <summary>It is certainly not done, now or later.</summary>
    Rejected = 1,

    /// <summary>It may be done, now or later: nobody can tell.</summary>
    Unknown = 2,

    /// <summary>
    /// It is on the disk of the leader alone and was not executed: it may still be lost with that leader. <see cref="RaftNode.ConfirmAsync"/> tells what became of it.
    /// </summary>
    Provisional = 3,

    /// <summary>
    /// It is in this node's outbox, on disk, and was not executed: it is applied at most once, and exactly once if that disk survives.
    /// </summary>
    Accepted = 4,

    /// <summary>Of a write that was provisional: another leader's log took its place. It is not done, and never will be.</summary>
    Lost = 5,
}

/// <summary>How a request ended, and what the state machine replied.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why it was not done, where it was not.</param>
/// <param name="Position">Its place in the log; for a read, the index it saw.</param>
/// <param name="Reply">The state machine's reply; empty unless applied.</param>
public readonly record struct Answer(Outcome Outcome, Refusal Refusal, LogPosition Position, ReadOnlyMemory<byte> Reply)
{
    /// <summary>
    /// For a read of bounded staleness or an eventual one: what was acknowledged longer ago than this, before the read was taken up, is in the answer. Null where
    /// the replica cannot tell, and for everything else.
    /// </summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Of an accepted write: its place in this node's outbox; else null.</summary>
    public OutboxPlace? Accepted { get; init; }

    /// <summary>Of a tentative read: whether there is something in the answer that waits in this node's outbox, and may not be in the log yet.</summary>
    public bool IsTentative { get; init; }
}
