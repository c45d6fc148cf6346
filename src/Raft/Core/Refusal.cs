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

    /// <summary>
    /// The session is not there: closed, idle for longer than its timeout, evicted, or never opened. It never runs a command again.
    /// </summary>
    SessionExpired = 20,

    /// <summary>The caller said itself that it has the answer to this sequence: it is not run, and its reply is gone.</summary>
    SessionStale = 21,

    /// <summary>Too many commands of the session, or too many bytes of their replies, are not acknowledged: acknowledge some and send it again.</summary>
    SessionWindowFull = 22,

    /// <summary>The cluster holds as many sessions, or bytes of replies, as it may: try again when some have expired.</summary>
    SessionTableFull = 23,

    /// <summary>The bytes are no session entry, or a field of it is out of range.</summary>
    SessionMalformed = 24,

    /// <summary>With <see cref="Outcome.Applied"/>: it was applied once, by an earlier attempt, and its reply was too large to be kept, or the room for replies was full.</summary>
    ReplyNotKept = 25,
}
