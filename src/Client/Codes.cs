namespace RaftStream.Client;

/// <summary>How a request ended. Never anything in between. The numbers are part of the client protocol.</summary>
public enum ClientOutcome : byte
{
    /// <summary>A write is executed and a quorum holds it on disk; a read has its answer.</summary>
    Applied = 0,

    /// <summary>It is certainly not done, now or later.</summary>
    Rejected = 1,

    /// <summary>It may be done, now or later: nobody can tell.</summary>
    Unknown = 2,

    /// <summary>
    /// It is on the disk of the leader alone and was not executed: it may still be lost with that leader. <see cref="RaftStreamClient.ConfirmAsync"/> tells what
    /// became of it.
    /// </summary>
    Provisional = 3,

    /// <summary>
    /// It is in the outbox of the node that answered, on its disk, and was not executed: it is applied at most once, and exactly once if that disk survives. When, and behind which
    /// other writes, nobody knows.
    /// </summary>
    Accepted = 4,

    /// <summary>Of a write that was provisional: another leader's log took its place. It is not done, and never will be.</summary>
    Lost = 5,
}

/// <summary>
/// Why a request was not done. The numbers below 200 are part of the client protocol, and those below 100 mean the same in the node; from 200 on
/// they never travel: the client says them itself.
/// </summary>
public enum ClientRefusal : byte
{
    /// <summary>It was not refused.</summary>
    None = 0,

    /// <summary>The node that was asked does not lead.</summary>
    NotLeader = 1,

    /// <summary>A queue of the node is full: try again later.</summary>
    Overloaded = 2,

    /// <summary>The request is larger than the log takes, or its answer larger than a frame: ask for fewer rows.</summary>
    TooLarge = 3,

    /// <summary>The node is stopping.</summary>
    Stopped = 4,

    /// <summary>Leadership was lost before the answer was known.</summary>
    LostLeadership = 5,

    /// <summary>The request's deadline passed.</summary>
    TimedOut = 6,

    /// <summary>The node leads, but no entry of its term is committed yet.</summary>
    NotReady = 20,

    /// <summary>Leadership is being handed over.</summary>
    Transferring = 21,

    /// <summary>The leader's disk is full: no writes until space returns.</summary>
    StorageFull = 22,

    /// <summary>No lease covers this moment.</summary>
    NoLease = 23,

    /// <summary>The replica cannot prove that its state is as fresh as asked.</summary>
    TooStale = 24,

    /// <summary>No leader is known at the moment.</summary>
    NoLeader = 32,

    /// <summary>With a question about a provisional write: it is so many leaderships ago that what became of it is not kept.</summary>
    TooOld = 33,

    /// <summary>With a question about a provisional write: no leader can have given out that position.</summary>
    NoSuchEntry = 34,

    /// <summary>The session is not there any more. It never runs a command again: open another one and decide anew.</summary>
    SessionExpired = 40,

    /// <summary>The client said itself that it has the answer to this number.</summary>
    SessionStale = 41,

    /// <summary>Too many writes of the session are not acknowledged.</summary>
    SessionWindowFull = 42,

    /// <summary>The cluster holds as many sessions as it may.</summary>
    SessionTableFull = 43,

    /// <summary>The bytes are no entry of a session.</summary>
    SessionMalformed = 44,

    /// <summary>With <see cref="ClientOutcome.Applied"/>: it was applied by an earlier attempt, and its answer was not kept.</summary>
    ReplyNotKept = 45,

    /// <summary>Only adding and raising commute, so only they can be accepted before their place in the log is known: write with another concern.</summary>
    NotCommutative = 50,

    /// <summary>The node's outbox holds as much as it may.</summary>
    OutboxFull = 51,

    /// <summary>A later epoch of that outbox is in the log already.</summary>
    OutboxRetired = 52,

    /// <summary>An earlier command of that outbox is not in the log yet.</summary>
    OutboxGap = 53,

    /// <summary>As many nodes as the cluster keeps count of have used their outboxes.</summary>
    OutboxTableFull = 54,

    /// <summary>Only a single counter can be read with what waits in an outbox laid over it.</summary>
    NoOverlay = 55,

    /// <summary>The bytes are no request, or a field is out of range. The node closes the connection behind such an answer.</summary>
    BadRequest = 100,

    /// <summary>The node is no member of the cluster, not yet or not any more.</summary>
    NotMember = 101,

    /// <summary>The node is starting.</summary>
    Starting = 102,

    /// <summary>The token or position is of another incarnation of the cluster, which was restored or reset since.</summary>
    OtherIncarnation = 103,

    /// <summary>A fault of the node's own, which it writes to its log.</summary>
    Internal = 104,

    /// <summary>The client shows neither a token that the node knows nor a certificate that it accepts; in the answer to a greeting, and later where the token was revoked meanwhile.</summary>
    Unauthenticated = 105,

    /// <summary>Whoever the client is may not do that: it needs another role.</summary>
    Forbidden = 106,

    /// <summary>The client has asked this node as often in a second as it may: certainly not done, try again later.</summary>
    RateLimited = 107,

    /// <summary>The nodes run no such job, or the job has no such source that lines can be handed to, or no such subscription.</summary>
    UnknownStream = 120,

    /// <summary>The lines do not follow those of the producer that count: send those between first. Nothing was taken in.</summary>
    WrongSequence = 121,

    /// <summary>The job has not begun yet: try again in a moment.</summary>
    JobNotBegun = 122,

    /// <summary>Timers of the job that are due go first: try again in a moment.</summary>
    JobBusy = 123,

    /// <summary>As many outputs wait at a sink of the job as may: try again when some were handed on.</summary>
    SinkFull = 124,

    /// <summary>The job has as many bytes of state as it may: nothing was taken in.</summary>
    JobStateFull = 125,

    /// <summary>The job declined the lines for another reason, which the sentence tells: nothing was taken in.</summary>
    JobDeclined = 126,

    /// <summary>In the answer to a greeting: the node belongs to another cluster than the client asked for.</summary>
    OtherCluster = 110,

    /// <summary>In the answer to a greeting: the versions of the protocol differ.</summary>
    UnsupportedVersion = 111,

    /// <summary>In the answer to a greeting: the node has as many client connections as it takes.</summary>
    TooManyConnections = 112,

    /// <summary>In the answer to a greeting: the bytes are no greeting, or a damaged one.</summary>
    BadGreeting = 113,

    /// <summary>The connection ended, or there was none.</summary>
    Disconnected = 200,

    /// <summary>No node could be asked in time.</summary>
    NoNode = 201,

    /// <summary>The client's budget for repetitions is used up: the cluster is in trouble, and more of them would not help it.</summary>
    RetryBudgetExhausted = 202,

    /// <summary>The caller's cancellation token ended the wait.</summary>
    Cancelled = 203,

    /// <summary>The client was disposed.</summary>
    Disposed = 204,
}
