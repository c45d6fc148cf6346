using System.Globalization;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>
/// <c>GET /v1/admin/backup</c>: a snapshot that holds everything acknowledged before the request, as the file that the replicas hold. Any node
/// takes the request; the leader takes the snapshot and sends it.
/// </summary>
internal static class BackupEndpoints
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan TakingPatience = TimeSpan.FromMinutes(10);

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/admin/backup", BackupAsync).Needs(AccessRole.Admin);

    private static async Task BackupAsync(HttpContext context)
    {
        var handle = context.RequestServices.GetRequiredService<NodeHandle>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, handle.Stopping);
        var result = await RouteAsync(context, handle, end.Token);
        await result.ExecuteAsync(context);
    }

    private static async Task<IResult> RouteAsync(HttpContext context, NodeHandle handle, CancellationToken cancellationToken)
    {
        if (handle.Running is not { } running)
            return Problems.Starting();
        var leaders = context.RequestServices.GetRequiredService<LeaderConnection>();

        // The patience is for finding the leader only; a large snapshot takes its time.
        using var patience = RequestDeadline.Of(context, handle.Ending);
        do
        {
            var status = running.Node.Status;
            if (status.Role == Role.Leader)
            {
                if (await TryAnswerAsync(context, running.Node, cancellationToken) is { } answered)
                    return answered;
            }
            else if (patience.Hops < RequestDeadline.MaxHops && running.ClientAddressOf(status.Leader) is { } leader
                && await leaders.DownloadAsync(context, leader, patience, cancellationToken) == Forwarded.Answered)
            {
                return TypedResults.Empty;
            }
        }
        while (await patience.PauseAsync(Pause));
        return Problems.WithoutLeader();
    }

    /// <summary>Takes and sends the snapshot; null where another leader must be found.</summary>
    private static async Task<IResult?> TryAnswerAsync(HttpContext context, RaftNode node, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TakingPatience);
        var answer = await node.TakeSnapshotAsync(limit.Token);
        cancellationToken.ThrowIfCancellationRequested();
        if (answer.Outcome != Outcome.Applied)
        {
            // Nothing of the state changes: what is unknown may be tried again like what was refused.
            return answer.Refusal is Refusal.NotLeader or Refusal.NotReady or Refusal.Transferring or Refusal.LostLeadership
                ? null
                : Problems.For(Outcome.Rejected, answer.Refusal);
        }

        await using var snapshot = node.OpenSnapshot(answer.Position.Index);
        if (snapshot is null)
            return Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The snapshot is not there any more; try again.");
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = snapshot.Length;
        context.Response.Headers[AnswerHeaders.Index] = answer.Position.Index.Value.ToString(CultureInfo.InvariantCulture);
        await snapshot.CopyToAsync(context.Response.Body, cancellationToken);
        return TypedResults.Empty;
    }
}
