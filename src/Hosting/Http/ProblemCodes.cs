namespace RaftStream.Hosting.Http;

/// <summary>The codes of all errors: a promise to programs. The description of the endpoints lists them (<see cref="OpenApiEndpoint"/>).</summary>
internal static class ProblemCodes
{
    /// <summary>Nobody can tell whether the write is done.</summary>
    public const string OutcomeUnknown = "outcome-unknown";

    /// <summary>No leader answered in time; certainly not done.</summary>
    public const string NoLeader = "no-leader";

    /// <summary>The leader changed while a source was read; what is committed stays, post the same source again.</summary>
    public const string LeaderLost = "leader-lost";

    /// <summary>A queue is full.</summary>
    public const string Overloaded = "overloaded";

    /// <summary>Another reader counts the partition.</summary>
    public const string Superseded = "superseded";

    /// <summary>The source does not start with what is counted.</summary>
    public const string DifferentSource = "different-source";

    /// <summary>The node is starting or stopping.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>Leadership is being handed over; certainly not done.</summary>
    public const string Transferring = "transferring";

    /// <summary>The leader's disk has no room; certainly not done.</summary>
    public const string StorageFull = "storage-full";

    /// <summary>No leader whose lease covers the moment answered in time.</summary>
    public const string NoLease = "no-lease";

    /// <summary>The node cannot prove that its state is as fresh as asked.</summary>
    public const string TooStale = "too-stale";

    /// <summary>The node has not applied what it should have.</summary>
    public const string NotApplied = "behind";

    /// <summary>The request took too long; certainly not done.</summary>
    public const string TimedOut = "timed-out";

    /// <summary>Nobody knows any more what became of a provisional write.</summary>
    public const string PositionGone = "position-expired";

    /// <summary>Nobody gave out the position.</summary>
    public const string NoSuchPosition = "no-such-write";

    /// <summary>Another change of the members is under way.</summary>
    public const string ChangeUnderWay = "change-under-way";

    /// <summary>The learner has not caught up.</summary>
    public const string LearnerBehind = "learner-behind";

    /// <summary>The request is wrong.</summary>
    public const string BadRequest = "bad-request";

    /// <summary>The state machine declined the command; nothing changed.</summary>
    public const string Declined = "declined";

    /// <summary>Records that a producer handed in do not follow those that count.</summary>
    public const string WrongSequence = "wrong-sequence";

    /// <summary>The node failed to answer a read.</summary>
    public const string InternalError = "internal-error";

    /// <summary>Nobody knows who asks.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>Whoever asks may not do that.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>The client has asked as often as it may.</summary>
    public const string RateLimited = "rate-limited";

    /// <summary>There is nothing at the path.</summary>
    public const string NotFound = "not-found";

    /// <summary>The path does not take the method.</summary>
    public const string MethodNotAllowed = "method-not-allowed";

    /// <summary>The replica has a fault.</summary>
    public const string Faulted = "faulted";

    /// <summary>Nobody took over.</summary>
    public const string TransferFailed = "transfer-failed";

    /// <summary>The request is larger than the log takes.</summary>
    public const string TooLarge = "too-large";

    /// <summary>The token is of another incarnation of the cluster.</summary>
    public const string TokenExpired = "token-expired";

    /// <summary>What becomes of a provisional write is not decided in time.</summary>
    public const string Undecided = "undecided";

    /// <summary>A session's write is done, and its answer is gone.</summary>
    public const string ReplyNotKept = "reply-not-kept";

    /// <summary>The members changed since they were looked at.</summary>
    public const string ConfigurationMoved = "configuration-moved";

    /// <summary>Too few voters are heard for the change.</summary>
    public const string WouldLoseQuorum = "would-lose-quorum";

    /// <summary>The change makes no sense for these members.</summary>
    public const string InvalidChange = "invalid-change";

    /// <summary>There is no such member.</summary>
    public const string NoSuchMember = "no-such-member";

    /// <summary>The id is not above every id ever used.</summary>
    public const string IdUsed = "id-used";

    /// <summary>The session is not there any more.</summary>
    public const string SessionExpired = "session-expired";

    /// <summary>The client said that it has the answer.</summary>
    public const string SessionStale = "session-stale";

    /// <summary>Too many writes of the session are not acknowledged.</summary>
    public const string SessionWindowFull = "session-window-full";

    /// <summary>The cluster holds as many sessions as it may.</summary>
    public const string SessionTableFull = "session-table-full";

    /// <summary>An outbox takes only what commutes.</summary>
    public const string NotCommutative = "not-commutative";

    /// <summary>The node's outbox holds as much as it may.</summary>
    public const string OutboxFull = "outbox-full";

    /// <summary>A later epoch of the outbox is in the log.</summary>
    public const string OutboxRetired = "outbox-retired";

    /// <summary>An earlier command of the outbox is not in the log.</summary>
    public const string OutboxGap = "outbox-gap";

    /// <summary>The cluster keeps count of no more outboxes.</summary>
    public const string OutboxTableFull = "outbox-table-full";

    /// <summary>Another write was done under the idempotency key.</summary>
    public const string IdempotencyKeyReused = "idempotency-key-reused";

    /// <summary>The cluster knows as many idempotency keys as it may.</summary>
    public const string IdempotencyTableFull = "idempotency-table-full";

    /// <summary>The query cannot be answered from the log and an outbox together.</summary>
    public const string NoOverlay = "no-overlay";
}
