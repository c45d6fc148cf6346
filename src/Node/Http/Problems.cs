using Microsoft.AspNetCore.Http.HttpResults;

namespace RaftStream.Node.Http;

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

    /// <summary>This node waits to be added, or was removed: nobody tells it who leads.</summary>
    public static JsonHttpResult<ProblemJson> NoMember(bool isUncertain) => isUncertain
        ? For(Outcome.Unknown, Refusal.NotLeader)
        : Rejected(StatusCodes.Status503ServiceUnavailable, Unavailable, "This node is no member of the cluster, not yet or not any more; nothing was done, ask another one.");

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
        Refusal.TimedOut => (503, "timed-out", "The answer took too long; nothing was done."),
        Refusal.Transferring => (503, Transferring, "Leadership is being handed over; nothing was done, try again in a moment."),
        Refusal.StorageFull => (507, StorageFull, "The leader's disk is full; nothing was done and nothing is lost, make room in its data folder and try again."),
        Refusal.NoLease => (503, "no-lease", "No lease covers this moment; ask for a linearizable read, or try again."),
        Refusal.TooStale => (503, "too-stale", "This node cannot prove that its state is as fresh as asked; ask the leader, or allow more staleness."),
        _ => ExplainMembers(refusal) ?? ExplainSession(refusal) ?? (503, NoLeader, "No leader answered in time; nothing was done, so the request may be sent again."),
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

    private static JsonHttpResult<ProblemJson> Make(int status, string code, string detail, string outcome)
    {
        var title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        return TypedResults.Json(new ProblemJson("about:blank", title, status, detail, code, outcome), NodeJson.Default.ProblemJson, MediaType, status);
    }
}
