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

    /// <summary>This node leads, but no entry of its term is committed yet: try again in a moment.</summary>
    NotReady = 20,

    /// <summary>Leadership is being handed over: ask the next leader in a moment.</summary>
    Transferring = 21,

    /// <summary>The leader's disk is full: nothing more can be written until space returns. Nothing acknowledged is lost.</summary>
    StorageFull = 22,

    /// <summary>No lease covers this moment: the leader has not heard a quorum lately, or is handing leadership over. Ask for a linearizable read.</summary>
    NoLease = 23,

    /// <summary>This replica cannot prove that its state is as fresh as asked. Ask the leader, or allow more staleness.</summary>
    TooStale = 24,

    /// <summary>Another change of the members is under way: one at a time.</summary>
    ChangeUnderWay = 25,

    /// <summary>The members changed since the caller looked: look again.</summary>
    ConfigurationMoved = 26,

    /// <summary>The learner is too far behind to vote: wait until it has caught up.</summary>
    LearnerBehind = 27,

    /// <summary>Without that member the leader would not hear a quorum now: bring the others back first.</summary>
    WouldLoseQuorum = 28,

    /// <summary>The change makes no sense for these members.</summary>
    InvalidChange = 29,

    /// <summary>There is no such member.</summary>
    NoSuchMember = 30,

    /// <summary>The id is not above every id ever used: ids are never used again.</summary>
    IdUsed = 31,

    /// <summary>No leader is known at the moment.</summary>
    NoLeader = 32,

    /// <summary>With a question about a provisional write: it is so long ago, counted in terms, that what became of it is not kept.</summary>
    TooOld = 33,

    /// <summary>With a question about a provisional write: no leader can have given out that position.</summary>
    NoSuchEntry = 34,

    /// <summary>
    /// The session is not there: closed, idle for longer than its timeout, evicted, or never opened. It never runs a command again.
    /// </summary>
    SessionExpired = 40,

    /// <summary>The caller said itself that it has the answer to this sequence: it is not run, and its reply is gone.</summary>
    SessionStale = 41,

    /// <summary>Too many commands of the session, or too many bytes of their replies, are not acknowledged: acknowledge some and send it again.</summary>
    SessionWindowFull = 42,

    /// <summary>The cluster holds as many sessions, or bytes of replies, as it may: try again when some have expired.</summary>
    SessionTableFull = 43,

    /// <summary>The bytes are no session entry, or a field of it is out of range.</summary>
    SessionMalformed = 44,

    /// <summary>With <see cref="Outcome.Applied"/>: it was applied once, by an earlier attempt, and its reply was too large to be kept, or the room for replies was full.</summary>
    ReplyNotKept = 45,

    /// <summary>The command does not commute, so it cannot be accepted before its place in the log is known: write it with another concern.</summary>
    NotCommutative = 50,

    /// <summary>This node's outbox holds as many commands, or bytes, as it may: write with another concern, or again once some have reached the log.</summary>
    OutboxFull = 51,

    /// <summary>A later epoch of that node's outbox is in the log already, or another one under its number: the command is not run.</summary>
    OutboxRetired = 52,

    /// <summary>A command of that outbox before this one is not in the log yet: this one is not run.</summary>
    OutboxGap = 53,

    /// <summary>As many nodes as the cluster keeps count of have used their outboxes.</summary>
    OutboxTableFull = 54,

    /// <summary>Such a query cannot be answered from the log and an outbox together.</summary>
    NoOverlay = 55,

    /// <summary>Another command was applied under that idempotency key: this one is not run.</summary>
    IdempotencyKeyReused = 60,

    /// <summary>The cluster knows as many idempotency keys, or bytes of their replies, as it may: try again when some are past their time.</summary>
    IdempotencyTableFull = 61,
}
