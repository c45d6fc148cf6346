using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>
/// The changes of counters as server-sent events: <c>GET /v1/watch</c>. Told by the node that is asked, from what it has applied. The id of an event is where another request, to any node,
/// goes on behind it; a browser's EventSource does that by itself.
/// </summary>
/// <remarks>
/// <c>change</c> and <c>row</c> tell a counter, <c>progress</c> an index up to which everything was told, <c>reset</c> that all rows follow, up to the next progress. A comment
/// comes while nothing happens, so that whoever stands between notices that the connection lives. <c>ended</c> comes last where the client may not watch any more (<see cref="EventStreamEnd"/>).
/// </remarks>
internal static class WatchEndpoints
{
    /// <summary>A comment comes so long after the last event.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    /// <summary>The id from a reset up to the progress that ends it: whoever is cut off there begins anew.</summary>
    public const string Anew = "reset";

    private const int FlushBytes = 64 * 1024;

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/watch", WatchAsync).Needs(AccessRole.Read);

    private static async Task WatchAsync(HttpContext context)
    {
        var handle = context.RequestServices.GetRequiredService<NodeHandle>();
        if (handle.Running is not { } running)
        {
            await Problems.Starting().ExecuteAsync(context);
            return;
        }

        var status = running.Node.Status;
        if (!TryFilter(context.Request.Query, out var filter, out var problem) || !TryFrom(context.Request, status.Incarnation, out var from, out problem))
        {
            await Problems.Bad(problem).ExecuteAsync(context);
            return;
        }

        AnswerHeaders.Sign(context.Response, status);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, handle.Stopping);
        await using var right = AccessGuard.Follow(context, AccessRole.Read, end);
        try
        {
            await using var events = running.Counters.WatchAsync(filter!, from, end.Token).GetAsyncEnumerator(end.Token);
            await SendAsync(context.Response, events, status.Incarnation, end);
        }
        catch (WatchEndedException ended) when (!context.Response.HasStarted)
        {
            await Problems.For(Outcome.Rejected, ended.Refusal).ExecuteAsync(context);
            return;
        }
        catch (WatchEndedException)
        {
            // The client sees its stream end, and goes on behind the last id.
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client has gone or the node stops, which is the same; or it is none of the client's any more.
        }

        // What is cancelled may end like what is over, without an exception.
        if (right.Lapse is { } lapse)
            await EventStreamEnd.TellAsync(context, lapse);
    }

    private static async Task SendAsync(HttpResponse response, IAsyncEnumerator<WatchEvent> events, uint incarnation, CancellationTokenSource end)
    {
        var (unsent, next) = (0, Task.FromResult(true));
        try
        {
            while (true)
            {
                next = events.MoveNextAsync().AsTask();
                if (unsent > FlushBytes || (unsent > 0 && !next.IsCompleted))
                {
                    await response.BodyWriter.FlushAsync(end.Token);
                    unsent = 0;
                }

                while (!await EndsAsync(next))
                {
                    Start(response);
                    Write(response, ": nothing new\n\n");
                    await response.BodyWriter.FlushAsync(end.Token);
                }

                if (!await next)
                    return;
                Start(response);
                unsent += Write(response, events.Current, incarnation);
            }
        }
        finally
        {
            // The next event may be under way, and events are not given up in the middle of one.
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether something ends before it is time for a comment.</summary>
    private static async Task<bool> EndsAsync(Task task)
    {
        try
        {
            await task.WaitAsync(Heartbeat);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>The head goes out with the first event, so that a refusal before it has its own.</summary>
    private static void Start(HttpResponse response)
    {
        if (response.HasStarted)
            return;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    private static int Write(HttpResponse response, in WatchEvent told, uint incarnation)
    {
        var id = told.Kind == WatchEventKind.Reset ? $"id: {Anew}\n" : told.Resume is { } resume ? $"id: {new ReadToken(incarnation, resume)}\n" : "";
        var (name, data) = told.Kind switch
        {
            WatchEventKind.Reset => ("reset", "{}"),
            WatchEventKind.Progress => ("progress", Json(new(told.Index.Value), NodeJson.Default.WatchProgressJson)),
            WatchEventKind.Row => ("row", Json(new(told.Index.Value, told.Key, told.Value), NodeJson.Default.WatchChangeJson)),
            WatchEventKind.Bytes => ("bytes", Json(new(told.Index.Value, told.Key), NodeJson.Default.WatchBytesJson)),
            _ => ("change", Json(new(told.Index.Value, told.Key, told.Kind == WatchEventKind.Deleted ? null : told.Value), NodeJson.Default.WatchChangeJson)),
        };
        return Write(response, $"{id}event: {name}\ndata: {data}\n\n");
    }

    private static string Json<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.Serialize(value, type);

    private static int Write(HttpResponse response, string text)
    {
        var size = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, response.BodyWriter.GetSpan(size));
        response.BodyWriter.Advance(size);
        return size;
    }

    private static bool TryFilter(IQueryCollection query, out WatchFilter? filter, out string problem)
    {
        var (key, prefix) = (query["key"], query["prefix"]);
        (filter, problem) = (WatchFilter.All, "");
        if (key.Count + prefix.Count == 0)
            return true;
        var text = key.Count > 0 ? key[0] : prefix[0];
        if (key.Count + prefix.Count > 1)
            problem = "The query names more than one key or prefix: give one of them, or none for every counter.";
        else if (!CounterKeys.IsKey(text))
            problem = $"The key or prefix in the query is no percent-encoded UTF-8 text of 1 to {CounterKeys.MaxBytes} bytes.";
        else
            filter = key.Count == 1 ? WatchFilter.Key(text) : WatchFilter.Prefix(text);
        return problem.Length == 0;
    }

    /// <summary>
    /// Behind what the client has seen; the header, which a reconnecting EventSource sends, goes before the query, which it repeats. [safety] A token of another incarnation of the
    /// cluster stands for nothing in this log: the rows come.
    /// </summary>
    private static bool TryFrom(HttpRequest request, uint incarnation, out LogIndex? from, out string problem)
    {
        (from, problem) = (null, "");
        var text = request.Headers.TryGetValue("Last-Event-ID", out var last) && last.Count == 1 && !string.IsNullOrEmpty(last[0]) ? last[0] : request.Query["from"].ToString();
        if (string.IsNullOrEmpty(text) || text == Anew)
            return true;
        if (!ReadToken.TryParse(text, out var token))
        {
            problem = $"'{text}' is nothing to go on behind: give the id of an event of a watch, or the {AnswerHeaders.Token} of an answer, such as 0@57, or nothing to begin with all rows.";
            return false;
        }

        from = token.Incarnation == incarnation ? token.Index : null;
        return true;
    }
}
