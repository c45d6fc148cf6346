using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Streams;

/// <summary><c>GET /v1/streams/{job}/figures?seconds=N</c>: how a job does, as the node that is asked has seen it since its start. Every node has its own: it knows the latency of what came in by it.</summary>
internal static class StreamFiguresEndpoint
{
    private const int DefaultSeconds = 60;
    private const int MaxSeconds = 600;

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/streams/{job}/figures", FiguresAsync).Needs(AccessRole.Read);

    private static async Task FiguresAsync(HttpContext context)
    {
        IResult result = StreamEndpoints.JobOf(context) is not { } job ? StreamEndpoints.NoJob(context)
            : !RowQuery.TryNumber(context.Request.Query, "seconds", 1, MaxSeconds, DefaultSeconds, out var seconds) ? Problems.Bad($"seconds is how far back the figures go: give a whole number from 1 to {MaxSeconds}.")
            : context.RequestServices.GetRequiredService<JobHostedService>().FiguresOf(job) is not { } figures ? Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The node has not started yet: try again.")
            : TypedResults.Json(StreamFiguresJson.Of(job, context.RequestServices.GetRequiredService<NodeHandle>().Settings.Id.Value, figures.Report(TimeSpan.FromSeconds(seconds))), NodeJson.Default.StreamFiguresJson);
        await result.ExecuteAsync(context);
    }
}

/// <summary>Durations in milliseconds, and how many were measured.</summary>
internal sealed record StreamLatencyJson(int Count, double P50, double P99, double Max)
{
    public static StreamLatencyJson? Of(LatencyFigures? figures) => figures is null ? null : new(figures.Count, Math.Round(figures.P50, 3), Math.Round(figures.P99, 3), Math.Round(figures.Max, 3));
}

/// <summary>What the last change of the leader or of a reader did: the longest time without progress around it, and records a second in the ten seconds before and after.</summary>
internal sealed record StreamFailureJson(string What, double SecondsAgo, double StallSeconds, double Before, double? After, double? AfterOverBefore)
{
    public static StreamFailureJson? Of(FailureFigures? figures) => figures is null
        ? null
        : new(figures.What, Math.Round(figures.Ago.TotalSeconds, 1), Math.Round(figures.Stall.TotalSeconds, 1), Math.Round(figures.Before, 1), Rounded(figures.After, 1), Rounded(figures.AfterOverBefore, 3));

    private static double? Rounded(double? value, int digits) => value is { } number ? Math.Round(number, digits) : null;
}

/// <summary>
/// A job's figures at a node: <c>GET /v1/streams/{job}/figures</c>. <c>recordsPerSecond</c> are those of sources, as the node applied them; <c>availability</c> the share of the time in which records came in or waited to, without stalls of more than a second;
/// a figure that is not known is null.
/// </summary>
internal sealed record StreamFiguresJson(
    string Job,
    int Node,
    double Seconds,
    double? RecordsPerSecond,
    double? Availability,
    double? WatermarkLagSeconds,
    StreamLatencyJson? ReadToCommittedMs,
    StreamLatencyJson? SourceToCommittedMs,
    StreamLatencyJson? SourceToSinksMs,
    StreamLatencyJson? SourceToReceiversMs,
    StreamFailureJson? LastFailure)
{
    public static StreamFiguresJson Of(Job job, int node, FiguresReport report) => new(
        job.Name,
        node,
        Math.Round(report.Window.TotalSeconds, 1),
        report.Throughput is { } throughput ? Math.Round(throughput, 1) : null,
        report.Availability is { } availability ? Math.Round(availability, 4) : null,
        report.WatermarkLag is { } lag ? Math.Round(lag.TotalSeconds, 3) : null,
        StreamLatencyJson.Of(report.ReadToCommitted),
        StreamLatencyJson.Of(report.SourceToCommitted),
        StreamLatencyJson.Of(report.SourceToSinks),
        StreamLatencyJson.Of(report.SourceToReceivers),
        StreamFailureJson.Of(report.LastFailure));
}
