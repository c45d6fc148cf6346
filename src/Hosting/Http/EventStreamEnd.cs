using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RaftStream.Hosting.Http;

/// <summary>The last word of server-sent events that the node ends since the client may not have them any more.</summary>
internal static class EventStreamEnd
{
    /// <summary>
    /// Answers with the problem or, where the answer has begun, with an event <c>ended</c> that tells it. Whoever comes back is refused with a status, at which a browser's EventSource stops.
    /// </summary>
    public static async Task TellAsync(HttpContext context, JsonHttpResult<ProblemJson> problem)
    {
        if (!context.Response.HasStarted)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        // Who takes nothing any more must not hold the end up.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(WatchEndpoints.Heartbeat);
        try
        {
            await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes($"event: ended\ndata: {JsonSerializer.Serialize(problem.Value!, NodeJson.Default.ProblemJson)}\n\n"), patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            // The client has gone, or does not read: the end of the connection tells it.
        }
    }
}
