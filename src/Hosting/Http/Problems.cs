using Microsoft.AspNetCore.Http.HttpResults;

namespace RaftStream.Hosting.Http;

/// <summary>All the errors that a node answers with. The codes are a promise to programs; the sentences are for people.</summary>
internal static class Problems
{
    /// <summary>The media type of RFC 9457.</summary>
    public const string MediaType = "application/problem+json";

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

    /// <summary>An error that is certainly without effect.</summary>
    public static JsonHttpResult<ProblemJson> Rejected(int status, string code, string detail) => Make(status, code, detail, "rejected");

    /// <summary>A write whose effect nobody knows.</summary>
    public static JsonHttpResult<ProblemJson> Unknown(string detail) => Make(StatusCodes.Status504GatewayTimeout, OutcomeUnknown, detail, "unknown");

    /// <summary>Bad input.</summary>
    public static JsonHttpResult<ProblemJson> Bad(string detail) => Rejected(StatusCodes.Status400BadRequest, BadRequest, detail);

    /// <summary>A session's write that is done, and whose answer is gone.</summary>
    public static JsonHttpResult<ProblemJson> ReplyNotKept() =>
        Make(StatusCodes.Status409Conflict, "reply-not-kept", "The write was done once, by an earlier attempt, and its answer was not kept; read to see the state.", "applied");

    /// <summary>The replica has not started yet.</summary>
    public static JsonHttpResult<ProblemJson> Starting() =>
        Rejected(StatusCodes.Status503ServiceUnavailable, Unavailable, "The node is starting; nothing was done, try again.");

    /// <summary>A token of another incarnation of the cluster: what it stands for may not be there any more.</summary>
    public static JsonHttpResult<ProblemJson> TokenExpired(ReadToken token, uint incarnation) => Rejected(
        StatusCodes.Status410Gone,
        "token-expired",
        $"The token {token} is of incarnation {token.Incarnation} of the cluster, and this is incarnation {incarnation}: it was restored or reset, and what the token stands for may be gone; read without a token and go on with the one of that answer.");

    /// <summary>A session read that would have had to go back behind what its client has seen.</summary>
    public static JsonHttpResult<ProblemJson> Behind(ReadToken token, LogIndex applied) => Rejected(
        StatusCodes.Status503ServiceUnavailable, NotApplied, $"This node has applied {applied} and did not come to the {token.Index} of the token in time: ask another one, or try again.");

    /// <summary>A position of another incarnation of the cluster.</summary>
    public static JsonHttpResult<ProblemJson> PositionExpired(WritePosition write, uint incarnation) => Make(
        StatusCodes.Status410Gone,
        PositionGone,
        $"The position {write} is of incarnation {write.Incarnation} of the cluster, and this is incarnation {incarnation}: it was restored or reset, and nobody knows what became of the write; read what it should have changed.",
        "unknown");

    /// <summary>Too many terms have come and gone since the write.</summary>
    public static JsonHttpResult<ProblemJson> WriteTooOld(WritePosition write) => Make(
        StatusCodes.Status410Gone, PositionGone, $"The write at {write} is so many leaderships ago that what became of it is not kept; read what it should have changed.", "unknown");

    /// <summary>Nobody gave out that position.</summary>
    public static JsonHttpResult<ProblemJson> NoSuchWrite(WritePosition write) => Rejected(
        StatusCodes.Status404NotFound, NoSuchPosition, $"No leader can have given out the position {write}: give the one of a provisional answer, as it is.");

    /// <summary>It is not decided in time.</summary>
    public static JsonHttpResult<ProblemJson> Undecided(WritePosition write) => Make(
        StatusCodes.Status503ServiceUnavailable, "undecided", $"What becomes of the write at {write} is not decided yet, or no leader could be asked in time: ask again.", "unknown");

    /// <summary>Whether an error says that a level of reads cannot be had at the moment.</summary>
    public static bool IsOfLevel(string code) => code is NoLeader or NoLease or TooStale or NotApplied or TimedOut or Transferring;

    /// <summary>An error with more in it.</summary>
    public static JsonHttpResult<ProblemJson> Again(ProblemJson problem) => TypedResults.Json(problem, NodeJson.Default.ProblemJson, MediaType, problem.Status);

    /// <summary>This node waits to be added, or was removed: nobody tells it who leads.</summary>
    public static JsonHttpResult<ProblemJson> NoMember(bool isUncertain) => isUncertain
        ? For(Outcome.Unknown, Refusal.NotLeader)
        : Rejected(StatusCodes.Status503ServiceUnavailable, Unavailable, "This node is no member of the cluster, not yet or not any more; nothing was done, ask another one.");

    /// <summary>A request that another node passed on is not as it was sent: that node sends it again.</summary>
    public static JsonHttpResult<ProblemJson> Spoilt() =>
        Rejected(StatusCodes.Status503ServiceUnavailable, Unavailable, "The request was spoilt on its way between two nodes; nothing was done, try again.");

    /// <summary>No leader in time.</summary>
    public static JsonHttpResult<ProblemJson> WithoutLeader() => For(Outcome.Rejected, Refusal.NoLeader);

    /// <summary>The error for an answer that is not <see cref="Outcome.Applied"/>.</summary>
    public static JsonHttpResult<ProblemJson> For(Outcome outcome, Refusal refusal)
    {
        if (outcome == Outcome.Unknown)
            return Unknown("The answer was lost: the write may be done or not, now or later; read before you repeat it, or repeat it in its session.");
        var (status, code, detail) = Explain(refusal);
        return Rejected(status, code, detail);
    }

    /// <summary>Every refusal with what to do next. Those of 503 and 429, and 507, may be sent again as they are.</summary>
    private static (int Status, string Code, string Detail) Explain(Refusal refusal) => refusal switch
    {
        Refusal.Overloaded => (429, Overloaded, "A queue of the leader is full; nothing was done, try again later."),
        Refusal.TooLarge => (413, "too-large", "The request is larger than the log takes; nothing was done."),
        Refusal.Stopped => (503, Unavailable, "The node is stopping; nothing was done, ask another one."),
        Refusal.TimedOut => (503, TimedOut, "The answer took too long; nothing was done."),
        Refusal.Transferring => (503, Transferring, "Leadership is being handed over; nothing was done, try again in a moment."),
        Refusal.StorageFull => (507, StorageFull, "The leader's disk is full; nothing was done and nothing is lost, make room in its data folder and try again."),
        Refusal.NoLease => (503, NoLease, "No leader whose lease covers the moment answered in time; nothing was done, so the request may be sent again."),
        Refusal.TooStale => (503, TooStale, "This node could not prove in time that its state is as fresh as asked: ask another one, or allow a greater age."),
        Refusal.TooOld => (410, PositionGone, "The write is so many leaderships ago that what became of it is not kept; read what it should have changed."),
        Refusal.NoSuchEntry => (404, NoSuchPosition, "No leader can have given out that position; give the one of a provisional answer, as it is."),
        _ => ExplainMembers(refusal) ?? ExplainSession(refusal) ?? ExplainOutbox(refusal) ?? (503, NoLeader, "No leader answered in time; nothing was done, so the request may be sent again."),
    };

    private static (int Status, string Code, string Detail)? ExplainMembers(Refusal refusal) => refusal switch
    {
        Refusal.ChangeUnderWay => (409, ChangeUnderWay, "Another change of the members is under way; nothing was done, try again when it is through."),
        Refusal.ConfigurationMoved => (409, "configuration-moved", "The members changed since the index that was expected; nothing was done, look at them again and decide anew."),
        Refusal.LearnerBehind => (409, LearnerBehind, "The learner has not been heard or is too far behind to vote; nothing was done, wait until it has caught up (--wait does)."),
        Refusal.WouldLoseQuorum => (409, "would-lose-quorum", "Too few of the voters are heard for that: the cluster could stop; nothing was done, bring the others back first."),
        Refusal.InvalidChange => (422, "invalid-change", "The change makes no sense for these members (a learner is promoted, a voter is replaced by a learner, the last voter stays, at most 9 vote); nothing was done, look at the members first."),
        Refusal.NoSuchMember => (404, "no-such-member", "There is no such member, or it does not vote; nothing was done, look at the members first."),
        Refusal.IdUsed => (422, "id-used", "The id is not above every id ever used here: ids are never used again; nothing was done, take a higher one."),
        _ => null,
    };

    private static (int Status, string Code, string Detail)? ExplainSession(Refusal refusal) => refusal switch
    {
        Refusal.SessionExpired => (410, "session-expired", "The session is not there any more; this write was not done, open another session and decide anew what of the old one to send."),
        Refusal.SessionStale => (409, "session-stale", "The client said itself that it has the answer to this number; nothing was done, give a new write a new number."),
        Refusal.SessionWindowFull => (429, "session-window-full", "Too many writes of the session are not acknowledged; nothing was done, acknowledge some and send it again."),
        Refusal.SessionTableFull => (429, "session-table-full", "The cluster holds as many sessions as it may; nothing was done, try again when some have expired."),
        Refusal.SessionMalformed => (400, BadRequest, "The bytes are no entry of a session; nothing was done."),
        _ => null,
    };

    private static (int Status, string Code, string Detail)? ExplainOutbox(Refusal refusal) => refusal switch
    {
        Refusal.NotCommutative => (422, "not-commutative", "Only writes that commute (add and max) can be accepted before their place in the log is known; nothing was done, write with the concern quorum."),
        Refusal.OutboxFull => (429, "outbox-full", "The outbox of this node holds as much as it may; nothing was done, write with the concern quorum, or again when the node has reached a leader."),
        Refusal.OutboxRetired => (409, "outbox-retired", "A later epoch of that outbox is in the log; nothing was done."),
        Refusal.OutboxGap => (409, "outbox-gap", "An earlier command of that outbox is not in the log yet; nothing was done."),
        Refusal.OutboxTableFull => (429, "outbox-table-full", "More nodes have used their outboxes than the cluster keeps count of; nothing was done, write with the concern quorum."),
        Refusal.NoOverlay => (422, "no-overlay", "Only a single counter can be read with what waits in the outbox laid over it; read this at another level."),
        _ => null,
    };

    private static JsonHttpResult<ProblemJson> Make(int status, string code, string detail, string outcome)
    {
        var title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        return TypedResults.Json(new ProblemJson("about:blank", title, status, detail, code, outcome), NodeJson.Default.ProblemJson, MediaType, status);
    }
}
