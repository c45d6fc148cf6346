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
}

/// <summary>Why a request was not done.</summary>
public enum Refusal : byte
{
    /// <summary>It was not refused.</summary>
    None = 0,

    /// <summary>This node does not lead; <see cref="RaftNode.Status"/> says who does.</summary>
    NotLeader = 1,

    /// <summary>A queue is full: try again later.</summary>
    Overloaded = 2,

    /// <summary>The payload is larger than the log takes.</summary>
    TooLarge = 3,

    /// <summary>The node is stopping or has stopped.</summary>
    Stopped = 4,

    /// <summary>Leadership was lost, or the caller's patience ended, before the answer was known.</summary>
    LostLeadership = 5,

    /// <summary>The caller's deadline passed.</summary>
    TimedOut = 6,
}

/// <summary>How a request ended, and what the state machine replied.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why it was not done, where it was not.</param>
/// <param name="Position">Its place in the log; for a read, the index it saw.</param>
/// <param name="Reply">The state machine's reply; empty unless applied.</param>
public readonly record struct Answer(Outcome Outcome, Refusal Refusal, LogPosition Position, ReadOnlyMemory<byte> Reply);
