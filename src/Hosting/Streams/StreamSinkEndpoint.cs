using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Streams;

/// <summary>
/// <c>GET /v1/streams/{job}/sinks/{sink}</c>: what a subscription sink gives out, as server-sent events whose ids are its sequences, from the node that is asked, as far as that has applied it. With <c>from</c>, or the header that a
/// browser's EventSource sends when it comes back, it goes on there; a gap in the ids means that what lies between is not kept any more. An event <c>ended</c> comes last
/// where the client may not read any more (<see cref="EventStreamEnd"/>).
/// </summary>
internal static class StreamSinkEndpoint
{
    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/streams/{job}/sinks/{sink}", SubscribeAsync).Needs(AccessRole.Read);

    private static async Task SubscribeAsync(HttpContext context)
    {
        var handle = context.RequestServices.GetRequiredService<NodeHandle>();
        var name = PathNames.Part(context, "sink");
        JsonHttpResult<ProblemJson>? refused = null;
        if (!StreamPlaces.HasSubscription(handle, PathNames.Job(context), name, out var missing))
            refused = StreamEndpoints.Missing(missing);
        else if (!TryFrom(context.Request, out _))
            refused = Problems.Bad("from is a sequence of the sink, and Last-Event-ID that of the last event: give a whole number from 1.");
        else if (handle.Running is null)
            refused = Problems.Starting();
        if (refused is not null)
        {
            await refused.ExecuteAsync(context);
            return;
        }

        // It counts among the node's watches: each holds a connection and is looked at with every entry.
        var watches = handle.Running!.Counters.Watches;
        if (!watches.TryEnter())
        {
            await Problems.For(Outcome.Rejected, Refusal.Overloaded).ExecuteAsync(context);
            return;
        }

        try
        {
            await ServeAsync(context, handle, name);
        }
        finally
        {
            watches.Leave();
        }
    }

    private static async Task ServeAsync(HttpContext context, NodeHandle handle, string name)
    {
        TryFrom(context.Request, out var from);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, handle.Stopping);
        await using var right = AccessGuard.Follow(context, AccessRole.Read, end);
        try
        {
            await SendAsync(context, context.RequestServices.GetRequiredService<StreamJobs>().SubscribeAsync(PathNames.Job(context), name, from, end.Token), end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client has gone, or the node stops: it goes on behind the last id. Or it is none of the client's any more.
        }
        catch (ArgumentException unknown) when (unknown.ParamName == "sink")
        {
            // There is such a sink, so the job has not begun here. Where the answer has, its end tells the client to come back, as when a node stops.
            if (context.Response.HasStarted)
                return;
            await Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The job has not begun yet: try again.").ExecuteAsync(context);
            return;
        }

        // What is cancelled may end like what is over, without an exception.
        if (right.Lapse is { } lapse)
            await EventStreamEnd.TellAsync(context, lapse);
    }

    private static async Task SendAsync(HttpContext context, IAsyncEnumerable<SinkOutput> outputs, CancellationTokenSource end)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await using var events = outputs.GetAsyncEnumerator(end.Token);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (!next.IsCompleted)
                    await context.Response.BodyWriter.FlushAsync(end.Token);
                if (await Task.WhenAny(next, Task.Delay(WatchEndpoints.Heartbeat, end.Token)) != next)
                {
                    end.Token.ThrowIfCancellationRequested();
                    Write(context.Response, ": nothing new\n\n");
                    continue;
                }

                if (!await next)
                    return;
                Write(context.Response, Text(events.Current));
                next = events.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // Events are not given up in the middle of one.
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string Text(SinkOutput output) =>
        string.Create(CultureInfo.InvariantCulture, $"id: {output.Sequence}\nevent: output\ndata: {output.Text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "\ndata: ", StringComparison.Ordinal)}\n\n");

    private static void Write(HttpResponse response, string text)
    {
        var size = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, response.BodyWriter.GetSpan(size));
        response.BodyWriter.Advance(size);
    }

    private static bool TryFrom(HttpRequest request, out long from)
    {
        from = 1;
        var last = request.Headers["Last-Event-ID"].ToString();
        if (last.Length > 0)
        {
            var read = long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var seen);
            from = seen == long.MaxValue ? seen : seen + 1;
            return read;
        }

        var given = request.Query["from"].ToString();
        return given.Length == 0 || (long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out from) && from >= 1);
    }
}
