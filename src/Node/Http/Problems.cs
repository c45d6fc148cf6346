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

    /// <summary>No leader in time.</summary>
    public static JsonHttpResult<ProblemJson> WithoutLeader() =>
        Rejected(StatusCodes.Status503ServiceUnavailable, NoLeader, "No leader answered in time; nothing was done, so the request may be sent again.");

    /// <summary>The error for an answer that is not <see cref="Outcome.Applied"/>.</summary>
    public static JsonHttpResult<ProblemJson> For(Outcome outcome, Refusal refusal) => (outcome, refusal) switch
    {
        (Outcome.Unknown, _) => Unknown("The answer was lost: the write may be done or not, now or later; read before you repeat it."),
        (_, Refusal.Overloaded) => Rejected(StatusCodes.Status429TooManyRequests, Overloaded, "A queue of the leader is full; nothing was done, try again later."),
        (_, Refusal.TooLarge) => Rejected(StatusCodes.Status413PayloadTooLarge, "too-large", "The request is larger than the log takes."),
        (_, Refusal.Stopped) => Rejected(StatusCodes.Status503ServiceUnavailable, Unavailable, "The node is stopping; nothing was done, ask another one."),
        (_, Refusal.TimedOut) => Rejected(StatusCodes.Status503ServiceUnavailable, "timed-out", "The answer took too long; nothing was done."),
        _ => WithoutLeader(),
    };

    private static JsonHttpResult<ProblemJson> Make(int status, string code, string detail, string outcome)
    {
        var title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        return TypedResults.Json(new ProblemJson("about:blank", title, status, detail, code, outcome), NodeJson.Default.ProblemJson, MediaType, status);
    }
}
