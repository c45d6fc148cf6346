namespace RaftStream.Raft;

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
