using Microsoft.AspNetCore.Http.Features;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Where a node takes what another one passes on: <c>POST /v1/forward</c>, with the whole request in checked frames (<see cref="CheckedFrames"/>), is served as if the
/// request itself had come, and answered in checked frames. Anybody may send one: it gives nothing that the request in it would not give, unless
/// it was made with the secret that only nodes know (<see cref="NodeVouch"/>).
/// </summary>
/// <remarks>
/// [safety] A bit that flips in a plain request that is passed on adds another number, or one in a status makes "unknown" to "certainly not done", which is then sent
/// again. So nothing outside the frames is believed, by either side.
/// </remarks>
internal static class ForwardInlet
{
    /// <summary>The path.</summary>
    public const string Path = "/v1/forward";

    /// <summary>What goes there and comes back.</summary>
    public const string MediaType = "application/vnd.raftstream.frames";

    /// <summary>The middleware, before all that looks at a request.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next) =>
        context.Request.Path == Path && HttpMethods.IsPost(context.Request.Method) ? UnwrapAsync(context, next) : next(context);

    private static async Task UnwrapAsync(HttpContext context, RequestDelegate next)
    {
        // Whoever reads the body in it has a limit of its own, or takes a stream without end.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        var envelope = new AnswerEnvelope(context.Response, context.Response.Body);
        context.Response.Body = envelope;
        var frames = new CheckedReader(context.Request.Body);
        try
        {
            if (await TryOpenAsync(context, frames))
                await next(context);
            else
                await Problems.Spoilt().ExecuteAsync(context);

            // What was buffered for the body goes out before its end does.
            await context.Response.CompleteAsync();
            await envelope.EndAsync(CancellationToken.None);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The other node went away: nobody is left to answer.
        }
    }

    /// <summary>Puts the request in place of the one that brought it; false if it was spoilt.</summary>
    private static async Task<bool> TryOpenAsync(HttpContext context, CheckedReader frames)
    {
        try
        {
            var head = await EnvelopeHead.ReadAsync(frames, context.RequestAborted);
            var blank = head.First.IndexOf(' ', StringComparison.Ordinal);
            var target = blank < 0 ? "" : head.First[(blank + 1)..];
            if (!target.StartsWith('/'))
                return false;
            var query = target.IndexOf('?', StringComparison.Ordinal);
            var request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
            request.Method = head.First[..blank];
            request.RawTarget = target;
            request.Path = PathString.FromUriComponent(query < 0 ? target : target[..query]).Value ?? "/";
            request.QueryString = query < 0 ? "" : target[query..];
            if (head.Headers.Remove(NodeVouch.Header, out var vouch))
                context.Features.Set(new NodeVouch(vouch.ToString(), head.First));
            request.Headers = head.Headers;
            context.Request.Body = frames;
            return true;
        }
        catch (SpoiltException)
        {
            return false;
        }
    }
}
