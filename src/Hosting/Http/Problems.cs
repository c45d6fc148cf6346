using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>All the errors that a node answers with. The codes (<see cref="ProblemCodes"/>) are a promise to programs; the sentences are for people.</summary>
internal static class Problems
{
    /// <summary>The media type of RFC 9457.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>An error that is certainly without effect.</summary>
    public static JsonHttpResult<ProblemJson> Rejected(int status, string code, string detail) => Make(status, code, detail, "rejected");

    /// <summary>A write whose effect nobody knows.</summary>
    public static JsonHttpResult<ProblemJson> Unknown(string detail) => Make(StatusCodes.Status504GatewayTimeout, ProblemCodes.OutcomeUnknown, detail, "unknown");

    /// <summary>Bad input.</summary>
    public static JsonHttpResult<ProblemJson> Bad(string detail) => Rejected(StatusCodes.Status400BadRequest, ProblemCodes.BadRequest, detail);

    /// <summary>A write of a session or under a key that is done, and whose answer is gone.</summary>
    public static JsonHttpResult<ProblemJson> ReplyNotKept() =>
        Make(StatusCodes.Status409Conflict, ProblemCodes.ReplyNotKept, "The write was done once, by an earlier attempt, and its answer was not kept; read to see the state.", "applied");

    /// <summary>The replica has not started yet.</summary>
    public static JsonHttpResult<ProblemJson> Starting() =>
        Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The node is starting; nothing was done, try again.");

    /// <summary>A token of another incarnation of the cluster: what it stands for may not be there any more.</summary>
    public static JsonHttpResult<ProblemJson> TokenExpired(ReadToken token, uint incarnation) => Rejected(
        StatusCodes.Status410Gone,
        ProblemCodes.TokenExpired,
        $"The token {token} is of incarnation {token.Incarnation} of the cluster, and this is incarnation {incarnation}: it was restored or reset, and what the token stands for may be gone; read without a token and go on with the one of that answer.");

    /// <summary>A session read that would have had to go back behind what its client has seen.</summary>
    public static JsonHttpResult<ProblemJson> Behind(ReadToken token, LogIndex applied) => Rejected(
        StatusCodes.Status503ServiceUnavailable, ProblemCodes.NotApplied, $"This node has applied {applied} and did not come to the {token.Index} of the token in time: ask another one, or try again.");

    /// <summary>A position of another incarnation of the cluster.</summary>
    public static JsonHttpResult<ProblemJson> PositionExpired(WritePosition write, uint incarnation) => Make(
        StatusCodes.Status410Gone,
        ProblemCodes.PositionGone,
        $"The position {write} is of incarnation {write.Incarnation} of the cluster, and this is incarnation {incarnation}: it was restored or reset, and nobody knows what became of the write; read what it should have changed.",
        "unknown");

    /// <summary>Too many terms have come and gone since the write.</summary>
    public static JsonHttpResult<ProblemJson> WriteTooOld(WritePosition write) => Make(
        StatusCodes.Status410Gone, ProblemCodes.PositionGone, $"The write at {write} is so many leaderships ago that what became of it is not kept; read what it should have changed.", "unknown");

    /// <summary>Nobody gave out that position.</summary>
    public static JsonHttpResult<ProblemJson> NoSuchWrite(WritePosition write) => Rejected(
        StatusCodes.Status404NotFound, ProblemCodes.NoSuchPosition, $"No leader can have given out the position {write}: give the one of a provisional answer, as it is.");

    /// <summary>It is not decided in time.</summary>
    public static JsonHttpResult<ProblemJson> Undecided(WritePosition write) => Make(
        StatusCodes.Status503ServiceUnavailable, ProblemCodes.Undecided, $"What becomes of the write at {write} is not decided yet, or no leader could be asked in time: ask again.", "unknown");

    /// <summary>Whether an error says that a level of reads cannot be had at the moment.</summary>
    public static bool IsOfLevel(string code) => code is ProblemCodes.NoLeader or ProblemCodes.NoLease or ProblemCodes.TooStale or ProblemCodes.NotApplied or ProblemCodes.TimedOut or ProblemCodes.Transferring;

    /// <summary>An error with more in it.</summary>
    public static JsonHttpResult<ProblemJson> Again(ProblemJson problem) => TypedResults.Json(problem, NodeJson.Default.ProblemJson, MediaType, problem.Status);

    /// <summary>This node waits to be added, or was removed: nobody tells it who leads.</summary>
    public static JsonHttpResult<ProblemJson> NoMember(bool isUncertain) => isUncertain
        ? For(Outcome.Unknown, Refusal.NotLeader)
        : Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "This node is no member of the cluster, not yet or not any more; nothing was done, ask another one.");

    /// <summary>A request that another node passed on is not as it was sent: that node sends it again.</summary>
    public static JsonHttpResult<ProblemJson> Spoilt() =>
        Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The request was spoilt on its way between two nodes; nothing was done, try again.");

    /// <summary>No token or certificate, or none that is good. It does not say which: that would help whoever guesses.</summary>
    public static JsonHttpResult<ProblemJson> Unauthenticated() => Rejected(
        StatusCodes.Status401Unauthorized,
        ProblemCodes.Unauthenticated,
        "The request shows no token that this node knows, and no certificate of a client; nothing was done, give 'Authorization: Bearer TOKEN'.");

    /// <summary>The role does not reach.</summary>
    public static JsonHttpResult<ProblemJson> Forbidden(Principal principal, AccessRole needed) => Rejected(
        StatusCodes.Status403Forbidden,
        ProblemCodes.Forbidden,
        $"This needs the role {needed.NameOf()}, and '{principal.Name}' has the role {principal.Role.NameOf()}; nothing was done, ask with another token or certificate.");

    /// <summary>Whoever opened something that goes on may not have it any more.</summary>
    public static JsonHttpResult<ProblemJson> Lapsed(Principal? principal, AccessRole needed) => principal is null
        ? Rejected(StatusCodes.Status401Unauthorized, ProblemCodes.Unauthenticated, "The token or certificate by which this was opened is not good any more, so it ends here: open it again with another one.")
        : Rejected(
            StatusCodes.Status403Forbidden,
            ProblemCodes.Forbidden,
            $"This needs the role {needed.NameOf()}, and '{principal.Name}' has the role {principal.Role.NameOf()} by now, so it ends here: open it again with another token or certificate.");

    /// <summary>More requests than the client may ask in a second.</summary>
    public static JsonHttpResult<ProblemJson> RateLimited() =>
        Rejected(StatusCodes.Status429TooManyRequests, ProblemCodes.RateLimited, "The client has asked this node as often in a second as it may; nothing was done, try again after the time in Retry-After.");

    /// <summary>No leader in time.</summary>
    public static JsonHttpResult<ProblemJson> WithoutLeader() => For(Outcome.Rejected, Refusal.NoLeader);

    /// <summary>The error for an answer that is not <see cref="Outcome.Applied"/>.</summary>
    public static JsonHttpResult<ProblemJson> For(Outcome outcome, Refusal refusal)
    {
        if (outcome == Outcome.Unknown)
            return Unknown("The answer was lost: the write may be done or not, now or later; read before you repeat it, or repeat it in its session or under its key.");
        var (status, code, detail) = Explain(refusal);
        return Rejected(status, code, detail);
    }

    /// <summary>The refusal that a code stands for; of those that share one the first.</summary>
    public static Refusal RefusalOf(string code) => Array.Find(Enum.GetValues<Refusal>(), refusal => refusal != Refusal.None && Explain(refusal).Code == code);

    /// <summary>A refusal in words, with what to do next.</summary>
    public static string Sentence(Refusal refusal) => Explain(refusal).Detail;

    /// <summary>Every refusal with what to do next. Those of 503 and 429, and 507, may be sent again as they are.</summary>
    private static (int Status, string Code, string Detail) Explain(Refusal refusal) => refusal switch
    {
        Refusal.Overloaded => (429, ProblemCodes.Overloaded, "A queue of the leader is full; nothing was done, try again later."),
        Refusal.TooLarge => (413, ProblemCodes.TooLarge, "The request is larger than the log takes; nothing was done."),
        Refusal.Stopped => (503, ProblemCodes.Unavailable, "The node is stopping; nothing was done, ask another one."),
        Refusal.TimedOut => (503, ProblemCodes.TimedOut, "The answer took too long; nothing was done."),
        Refusal.Transferring => (503, ProblemCodes.Transferring, "Leadership is being handed over; nothing was done, try again in a moment."),
        Refusal.StorageFull => (507, ProblemCodes.StorageFull, "The leader's disk is full; nothing was done and nothing is lost, make room in its data folder and try again."),
        Refusal.NoLease => (503, ProblemCodes.NoLease, "No leader whose lease covers the moment answered in time; nothing was done, so the request may be sent again."),
        Refusal.TooStale => (503, ProblemCodes.TooStale, "This node could not prove in time that its state is as fresh as asked: ask another one, or allow a greater age."),
        Refusal.TooOld => (410, ProblemCodes.PositionGone, "The write is so many leaderships ago that what became of it is not kept; read what it should have changed."),
        Refusal.NoSuchEntry => (404, ProblemCodes.NoSuchPosition, "No leader can have given out that position; give the one of a provisional answer, as it is."),
        _ => ExplainMembers(refusal) ?? ExplainSession(refusal) ?? ExplainOutbox(refusal) ?? (503, ProblemCodes.NoLeader, "No leader answered in time; nothing was done, so the request may be sent again."),
    };

    private static (int Status, string Code, string Detail)? ExplainMembers(Refusal refusal) => refusal switch
    {
        Refusal.ChangeUnderWay => (409, ProblemCodes.ChangeUnderWay, "Another change of the members is under way; nothing was done, try again when it is through."),
        Refusal.ConfigurationMoved => (409, ProblemCodes.ConfigurationMoved, "The members changed since the index that was expected; nothing was done, look at them again and decide anew."),
        Refusal.LearnerBehind => (409, ProblemCodes.LearnerBehind, "The learner has not been heard or is too far behind to vote; nothing was done, wait until it has caught up (--wait does)."),
        Refusal.WouldLoseQuorum => (409, ProblemCodes.WouldLoseQuorum, "Too few of the voters are heard for that: the cluster could stop; nothing was done, bring the others back first."),
        Refusal.InvalidChange => (422, ProblemCodes.InvalidChange, "The change makes no sense for these members (a learner is promoted, a voter is replaced by a learner, the last voter stays, at most 9 vote); nothing was done, look at the members first."),
        Refusal.NoSuchMember => (404, ProblemCodes.NoSuchMember, "There is no such member, or it does not vote; nothing was done, look at the members first."),
        Refusal.IdUsed => (422, ProblemCodes.IdUsed, "The id is not above every id ever used here: ids are never used again; nothing was done, take a higher one."),
        _ => null,
    };

    private static (int Status, string Code, string Detail)? ExplainSession(Refusal refusal) => refusal switch
    {
        Refusal.SessionExpired => (410, ProblemCodes.SessionExpired, "The session is not there any more; this write was not done, open another session and decide anew what of the old one to send."),
        Refusal.SessionStale => (409, ProblemCodes.SessionStale, "The client said itself that it has the answer to this number; nothing was done, give a new write a new number."),
        Refusal.SessionWindowFull => (429, ProblemCodes.SessionWindowFull, "Too many writes of the session are not acknowledged; nothing was done, acknowledge some and send it again."),
        Refusal.SessionTableFull => (429, ProblemCodes.SessionTableFull, "The cluster holds as many sessions as it may; nothing was done, try again when some have expired."),
        Refusal.SessionMalformed => (400, ProblemCodes.BadRequest, "The bytes are no entry of a session; nothing was done."),
        Refusal.IdempotencyKeyReused => (422, ProblemCodes.IdempotencyKeyReused, "Another write was done under this Idempotency-Key; this one was not done, give it a key of its own."),
        Refusal.IdempotencyTableFull => (429, ProblemCodes.IdempotencyTableFull, "The cluster knows as many idempotency keys as it may; nothing was done, write without one or in a session, or again when some are past their 24 hours."),
        _ => null,
    };

    private static (int Status, string Code, string Detail)? ExplainOutbox(Refusal refusal) => refusal switch
    {
        Refusal.NotCommutative => (422, ProblemCodes.NotCommutative, "Only writes that commute (add and max) can be accepted before their place in the log is known; nothing was done, write with the concern quorum."),
        Refusal.OutboxFull => (429, ProblemCodes.OutboxFull, "The outbox of this node holds as much as it may; nothing was done, write with the concern quorum, or again when the node has reached a leader."),
        Refusal.OutboxRetired => (409, ProblemCodes.OutboxRetired, "A later epoch of that outbox is in the log; nothing was done."),
        Refusal.OutboxGap => (409, ProblemCodes.OutboxGap, "An earlier command of that outbox is not in the log yet; nothing was done."),
        Refusal.OutboxTableFull => (429, ProblemCodes.OutboxTableFull, "More nodes have used their outboxes than the cluster keeps count of; nothing was done, write with the concern quorum."),
        Refusal.NoOverlay => (422, ProblemCodes.NoOverlay, "Only a single counter can be read with what waits in the outbox laid over it; read this at another level."),
        _ => null,
    };

    private static JsonHttpResult<ProblemJson> Make(int status, string code, string detail, string outcome)
    {
        var title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        return TypedResults.Json(new ProblemJson("about:blank", title, status, detail, code, outcome), NodeJson.Default.ProblemJson, MediaType, status);
    }
}
