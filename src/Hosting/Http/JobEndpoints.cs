using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Ingest over HTTP: the body is the whole source from its first byte, of any length. The leader skips what is counted already, after
/// comparing its hash, so posting the same source again is always safe and counts nothing twice.
/// </summary>
internal static class JobEndpoints
{
    /// <summary>The longest name of a job or a partition, in UTF-16 units.</summary>
    public const int MaxName = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/jobs/{name}/ingest", IngestAsync).WithMetadata(StreamedBody.Mark).Needs(AccessRole.Write);
        routes.MapGet("/v1/jobs/{name}", GetAsync).Needs(AccessRole.Read);
    }

    private static async Task GetAsync(HttpContext context)
    {
        var reads = context.RequestServices.GetRequiredService<ReadRouter>();
        var job = RawPath.NameOf(context);
        var partition = Partition(context);
        var result = AreNames(job, partition)
            ? await reads.ReadAsync(context, async (counters, level, token) => From(job, partition, await counters.JobAsync(job, partition, level, token)))
            : BadNames();
        await result.ExecuteAsync(context);
    }

    private static async Task IngestAsync(HttpContext context)
    {
        LiftLimits(context);
        var handle = context.RequestServices.GetRequiredService<NodeHandle>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, handle.Stopping);
        var result = AreNames(RawPath.NameOf(context), Partition(context)) ? await RouteAsync(context, handle, end.Token) : BadNames();
        await result.ExecuteAsync(context);
    }

    private static async Task<IResult> RouteAsync(HttpContext context, NodeHandle handle, CancellationToken cancellationToken)
    {
        if (handle.Running is not { } running)
            return Problems.Starting();
        var leaders = context.RequestServices.GetRequiredService<LeaderConnection>();

        // The patience is for finding the leader only; the stream may take as long as it likes.
        using var patience = RequestDeadline.Of(context, handle.Stopping);
        do
        {
            var status = running.Node.Status;
            AnswerHeaders.Sign(context.Response, status);
            if (status.IsReady)
                return await CountAsync(context, running.Node, cancellationToken);
            if (status.Role == Role.Leader || patience.Hops >= RequestDeadline.MaxHops || running.ClientAddressOf(status.Leader) is not { } leader)
                continue;
            var forwarded = await leaders.StreamAsync(context, leader, patience, cancellationToken);
            if (forwarded == Forwarded.Answered)
                return TypedResults.Empty;
            if (forwarded == Forwarded.Lost)
                return LeaderLost("The leader went away; what it committed stays counted, post the same source again.");
        }
        while (await patience.PauseAsync(Pause));
        return Problems.WithoutLeader();
    }

    private static async Task<IResult> CountAsync(HttpContext context, RaftNode node, CancellationToken cancellationToken)
    {
        var ingest = new WordCountIngest(node, RawPath.NameOf(context), Partition(context));
        IngestReport report;
        try
        {
            report = await ingest.RunAsync(context.Request.Body, cancellationToken);
        }
        catch (SpoiltException spoilt)
        {
            return LeaderLost($"{spoilt.Message} What came whole is counted; post the same source again.");
        }

        return report.Outcome switch
        {
            IngestOutcome.Complete => TypedResults.Json(Json(report), NodeJson.Default.IngestJson),
            IngestOutcome.DifferentSource => Problems.Rejected(StatusCodes.Status409Conflict, ProblemCodes.DifferentSource, report.Message ?? "The source is another one."),
            IngestOutcome.Superseded => Problems.Rejected(StatusCodes.Status409Conflict, ProblemCodes.Superseded, report.Message ?? "Another reader counts this partition."),
            IngestOutcome.Declined => Problems.Rejected(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Declined, report.Message ?? "The store declined."),
            IngestOutcome.StorageFull => Problems.Rejected(StatusCodes.Status507InsufficientStorage, ProblemCodes.StorageFull, report.Message ?? "The leader's disk is full."),
            _ => LeaderLost(report.Message ?? "The leader changed; post the same source again."),
        };
    }

    private static void LiftLimits(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;

        // A source may be slower than any rate, a pipe that somebody types into for instance.
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }

    private static bool AreNames(string job, string partition) => IsName(job) && IsName(partition);

    private static bool IsName(string name) => name.Length is >= 1 and <= MaxName && !name.Any(char.IsControl);

    private static JsonHttpResult<ProblemJson> BadNames() => Problems.Bad($"The names of job and partition have 1 to {MaxName} characters and no control characters.");

    private static string Partition(HttpContext context)
    {
        var given = context.Request.Query["partition"].ToString();
        return given.Length == 0 ? WordCountIngest.DefaultPartition : given;
    }

    private static JsonHttpResult<ProblemJson> LeaderLost(string detail) => Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.LeaderLost, detail);

    /// <summary>An ingest's report as it is told to clients.</summary>
    public static IngestJson Json(IngestReport report) => new(
        report.Position.Job, report.Position.Partition, "complete", report.Position.Offset, Convert.ToHexStringLower(report.Position.PrefixSha256.Span),
        report.Position.Words, report.Position.DeadLetters, report.WordsAdded);

    /// <summary>A job's position as it is told to clients.</summary>
    public static JobJson Json(string job, string partition, JobAnswer answer)
    {
        var at = answer.Job;
        return new JobJson(
            job, partition, at?.Exists ?? false, at?.Offset ?? 0, at is null ? "" : Convert.ToHexStringLower(at.PrefixSha256.Span), at?.Words ?? 0,
            at?.DeadLetters ?? 0, "applied", answer.Position.Index.Value, answer.Position.Term.Value);
    }

    private static LocalAnswer From(string job, string partition, JobAnswer answer) => answer.Outcome == Outcome.Applied
        ? new LocalAnswer(Outcome.Applied, Refusal.None, TypedResults.Json(Json(job, partition, answer), NodeJson.Default.JobJson)) { Position = answer.Position, Age = answer.Age }
        : new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);
}
