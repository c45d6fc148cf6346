using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using RaftStream.Hosting.Security;
using RaftStream.Raft.Wire;

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

/// <summary>What a node answered to a request that was passed on to it.</summary>
internal sealed record ForwardAnswer(int Status, IHeaderDictionary Headers, MemoryStream Body);

/// <summary>Sends a client's request on to the leader and its answer back, as they are.</summary>
/// <remarks>
/// Who asks is judged again over there: by its token, which goes along, or by this node's word, where it is known by a certificate (<see cref="NodeVouch"/>).
/// </remarks>
internal sealed class LeaderConnection(ClientCertificates certificates, NodeSecret secret) : IDisposable
{
    private readonly HttpClient _client = HttpClients.Create(new()
    {
        RemoteCertificateValidationCallback = new ServerTrust(() => certificates.Current?.Authorities, () => certificates.Current?.Certificate).Accepts,
    });

    private long _passedOn;

    /// <summary>Requests that were passed on since the process started.</summary>
    public long PassedOn => Interlocked.Read(ref _passedOn);

    /// <summary>Sends a request whose body is in memory, so that it can be sent again if nothing was done, and the answer back to who asked.</summary>
    public async Task<Forwarded> SendAsync(HttpContext context, string leader, ReadOnlyMemory<byte> body, RequestDeadline deadline, TimeSpan patience)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        limit.CancelAfter(patience);
        var head = Head(context, deadline.Hops, patience);
        if (deadline.IsUncertain)
            head.Headers[RequestDeadline.UncertainHeader] = "1";
        var (end, answer) = await AskAsync(leader, head, body, limit.Token);
        if (answer is not null)
            await RelayAsync(context, answer.Status, answer.Headers, answer.Body);
        return end;
    }

    /// <summary>The same on behalf of somebody whom this node knows, or of the program that it is a part of.</summary>
    public Task<(Forwarded End, ForwardAnswer? Answer)> AskForAsync(Principal principal, string node, EnvelopeHead head, ReadOnlyMemory<byte> body, CancellationToken limit) =>
        AskAsync(node, NodeVouch.Add(head, secret, principal), body, limit);

    /// <summary>Asks another node; its answer is there, whole, unless nothing was done or nobody knows.</summary>
    public async Task<(Forwarded End, ForwardAnswer? Answer)> AskAsync(string node, EnvelopeHead head, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        using var request = Request(node, head, new MemoryStream(body.ToArray(), writable: false));
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, limit);
            var (status, headers, frames) = await OpenAsync(response, limit);
            var answer = new ForwardAnswer(status, headers, await WholeAsync(frames, limit));

            // Every 503 of a node means "certainly not done"; what cannot be known is a 504.
            return status == StatusCodes.Status503ServiceUnavailable ? (Forwarded.NothingDone, null) : (Forwarded.Answered, answer);
        }
        catch (HttpRequestException exception)
        {
            return (HttpClients.NeverSent(exception) ? Forwarded.NothingDone : Forwarded.Lost, null);
        }
        catch (SpoiltException)
        {
            return (Forwarded.Lost, null);
        }
        catch (OperationCanceledException late) when (HttpClients.NeverSent(late))
        {
            return (Forwarded.NothingDone, null);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return (Forwarded.Lost, null);
        }
    }

    /// <summary>Sends a request whose body streams through; once its first byte was taken it cannot be sent again.</summary>
    public async Task<Forwarded> StreamAsync(HttpContext context, string leader, RequestDeadline deadline, CancellationToken cancellationToken)
    {
        using var request = Request(leader, Head(context, deadline.Hops, deadline.Remaining), context.Request.Body);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            var (status, headers, frames) = await OpenAsync(response, cancellationToken);
            using var answer = await WholeAsync(frames, cancellationToken);
            await RelayAsync(context, status, headers, answer);
            return Forwarded.Answered;
        }
        catch (HttpRequestException exception)
        {
            return HttpClients.NeverSent(exception) ? Forwarded.NothingDone : Forwarded.Lost;
        }
        catch (SpoiltException)
        {
            return Forwarded.Lost;
        }
        catch (OperationCanceledException late) when (HttpClients.NeverSent(late))
        {
            return Forwarded.NothingDone;
        }
    }

    /// <summary>Lets a large answer stream through. A part of it is no answer: where the leader goes away in the middle, so does our connection.</summary>
    public async Task<Forwarded> DownloadAsync(HttpContext context, string leader, RequestDeadline deadline, CancellationToken cancellationToken)
    {
        using var request = Request(leader, Head(context, deadline.Hops, deadline.Remaining), Stream.Null);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var (status, headers, frames) = await OpenAsync(response, cancellationToken);
            if (status == StatusCodes.Status503ServiceUnavailable)
                return Forwarded.NothingDone;
            await RelayAsync(context, status, headers, frames);
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

    /// <summary>What is passed on of a request beside its body.</summary>
    private EnvelopeHead Head(HttpContext context, int hops, TimeSpan left)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/'))
            target = context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        var headers = RequestDeadline.Headers(hops + 1, left);
        SessionHeaders.Copy(context.Request.Headers, headers);
        IdempotencyHeader.Copy(context.Request.Headers, headers);
        ReadLevel.Copy(context.Request.Headers, headers);
        WriteLevel.Copy(context.Request.Headers, headers);
        var head = new EnvelopeHead(context.Request.Method + " " + target, headers);
        if (context.Request.Headers.Authorization is { Count: 1 } token)
            headers[nameof(context.Request.Headers.Authorization)] = token;
        return AccessGuard.PrincipalOf(context) is { } principal ? NodeVouch.Add(head, secret, principal) : head;
    }

    /// <remarks>
    /// It always has content: the .NET client silently repeats a request without content when a kept-alive connection ends before the answer's first byte, and a
    /// leader that dies there may have added already.
    /// </remarks>
    private HttpRequestMessage Request(string leader, EnvelopeHead head, Stream body)
    {
        Interlocked.Increment(ref _passedOn);

        // Owned by the request, which is disposed with its content.
        var content = new RequestEnvelope(head, body);
        content.Headers.ContentType = new(ForwardInlet.MediaType);
        return new(HttpMethod.Post, HttpClients.Target(leader, ForwardInlet.Path)) { Content = content };
    }

    /// <exception cref="SpoiltException">It is no answer of a node, or not as that sent it.</exception>
    private static async Task<(int Status, IHeaderDictionary Headers, CheckedReader Body)> OpenAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var frames = new CheckedReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        var head = await EnvelopeHead.ReadAsync(frames, cancellationToken);
        return int.TryParse(head.First, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 200 and <= 599
            ? (status, head.Headers, frames)
            : throw new SpoiltException();
    }

    /// <summary>All of an answer, before any of it goes on: a part is none.</summary>
    private static async Task<MemoryStream> WholeAsync(CheckedReader frames, CancellationToken cancellationToken)
    {
        var answer = new MemoryStream();
        await frames.CopyToAsync(answer, cancellationToken);
        answer.Position = 0;
        return answer;
    }

    private static async Task RelayAsync(HttpContext context, int status, IHeaderDictionary headers, Stream body)
    {
        context.Response.StatusCode = status;
        AnswerHeaders.Relay(headers, context.Response);
        context.Response.ContentType = headers.ContentType;
        context.Response.ContentLength = headers.ContentLength;
        await body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
