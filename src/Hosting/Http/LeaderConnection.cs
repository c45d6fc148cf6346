using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace RaftStream.Hosting.Http;

/// <summary>How an attempt to let the leader answer ended.</summary>
internal enum Forwarded
{
    /// <summary>The leader's answer has gone to the client.</summary>
    Answered = 0,

    /// <summary>The leader certainly did nothing: try again.</summary>
    NothingDone = 1,

    /// <summary>The request went out and no answer came back.</summary>
    Lost = 2,
}

/// <summary>Sends a client's request on to the leader and its answer back, as they are.</summary>
internal sealed class LeaderConnection : IDisposable
{
    private readonly HttpClient _client = HttpClients.Create();

    /// <summary>Sends a request whose body is in memory, so that it can be sent again if nothing was done.</summary>
    /// <remarks>
    /// Even an empty body is given as content: the .NET client silently repeats a request without content when a kept-alive connection
    /// ends before the answer's first byte, and a leader that dies there may have added already.
    /// </remarks>
    public async Task<Forwarded> SendAsync(HttpContext context, string leader, ReadOnlyMemory<byte> body, RequestDeadline deadline, TimeSpan patience)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        limit.CancelAfter(patience);
        using var content = new ReadOnlyMemoryContent(body);
        using var request = Request(context, leader, deadline.Hops, content);
        if (deadline.IsUncertain)
            request.Headers.Add(RequestDeadline.UncertainHeader, "1");
        SessionHeaders.Copy(context.Request.Headers, request.Headers);
        ReadLevel.Copy(context.Request.Headers, request.Headers);
        WriteLevel.Copy(context.Request.Headers, request.Headers);
        request.Headers.Add(RequestDeadline.RemainingHeader, ((int)Math.Max(1, patience.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture));
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token);

            // Every 503 of a node means "certainly not done"; what cannot be known is a 504.
            if (response.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
                return Forwarded.NothingDone;
            await RelayAsync(context, response);
            return Forwarded.Answered;
        }
        catch (HttpRequestException exception)
        {
            return HttpClients.NeverSent(exception) ? Forwarded.NothingDone : Forwarded.Lost;
        }
        catch (OperationCanceledException late) when (HttpClients.NeverSent(late))
        {
            return Forwarded.NothingDone;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Forwarded.Lost;
        }
    }

    /// <summary>Sends a request whose body streams through; once its first byte was taken it cannot be sent again.</summary>
    public async Task<Forwarded> StreamAsync(HttpContext context, string leader, int hops, CancellationToken cancellationToken)
    {
        using var content = new StreamContent(context.Request.Body);
        using var request = Request(context, leader, hops, content);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            await RelayAsync(context, response);
            return Forwarded.Answered;
        }
        catch (HttpRequestException exception)
        {
            return HttpClients.NeverSent(exception) ? Forwarded.NothingDone : Forwarded.Lost;
        }
        catch (OperationCanceledException late) when (HttpClients.NeverSent(late))
        {
            return Forwarded.NothingDone;
        }
    }

    /// <summary>Lets a large answer stream through. A part of it is no answer: where the leader goes away in the middle, so does our connection.</summary>
    public async Task<Forwarded> DownloadAsync(HttpContext context, string leader, int hops, CancellationToken cancellationToken)
    {
        using var nothing = new ReadOnlyMemoryContent(ReadOnlyMemory<byte>.Empty);
        using var request = Request(context, leader, hops, nothing);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
                return Forwarded.NothingDone;
            await RelayAsync(context, response);
            return Forwarded.Answered;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException late && HttpClients.NeverSent(late)))
        {
            if (!context.Response.HasStarted)
                return Forwarded.NothingDone;
            context.Abort();
            return Forwarded.Answered;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static HttpRequestMessage Request(HttpContext context, string leader, int hops, HttpContent content)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/'))
            target = context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), HttpClients.Target(leader, target));
        request.Headers.Add(RequestDeadline.HopsHeader, (hops + 1).ToString(CultureInfo.InvariantCulture));
        if (!HttpMethods.IsGet(context.Request.Method))
            request.Content = content;
        return request;
    }

    private static async Task RelayAsync(HttpContext context, HttpResponseMessage response)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        AnswerHeaders.Relay(response, context.Response);
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        context.Response.ContentLength = response.Content.Headers.ContentLength;
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
