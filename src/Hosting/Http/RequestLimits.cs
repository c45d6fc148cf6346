using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>Says of an endpoint that its body is a stream of any length.</summary>
internal sealed class StreamedBody
{
    /// <summary>The mark.</summary>
    public static readonly StreamedBody Mark = new();
}

/// <summary>
/// What is judged of every request for the node before its endpoint runs, so that no endpoint can be without it: how large it is, and how long it says that it may take. The
/// server has limits of its own, twice as high, behind which it answers a bare status without us.
/// </summary>
internal static class RequestLimits
{
    /// <summary>The longest target, path and query, in bytes: a key of 4,096 bytes with every byte percent-encoded, and the rest.</summary>
    public const int MaxTargetBytes = (3 * CounterKeys.MaxBytes) + 1_024;

    /// <summary>The most bytes of headers, names and values. With the longest target they fit into the head that a request is passed on with (<see cref="EnvelopeHead"/>).</summary>
    public const int MaxHeaderBytes = 16 * 1024;

    /// <summary>Puts the judgement in front of an endpoint.</summary>
    public static void Guard(EndpointBuilder endpoint)
    {
        if (endpoint.RequestDelegate is not { } serve)
            return;
        var isStreamed = endpoint.Metadata.Contains(StreamedBody.Mark);
        endpoint.RequestDelegate = context => IsWrong(context, isStreamed, out var problem) ? problem.ExecuteAsync(context) : serve(context);
    }

    private static bool IsWrong(HttpContext context, bool isStreamed, [NotNullWhen(true)] out IResult? problem)
    {
        problem = null;
        var request = context.Request;
        if (context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Length > MaxTargetBytes)
            problem = TooMuch(context, StatusCodes.Status414UriTooLong, $"Path and query have more than {MaxTargetBytes} bytes: ask for less at once.");
        else if (HeaderBytes(request.Headers) > MaxHeaderBytes)
            problem = TooMuch(context, StatusCodes.Status431RequestHeaderFieldsTooLarge, $"The headers have more than {MaxHeaderBytes} bytes: leave out what the node does not need.");
        else if (!isStreamed && request.ContentLength > RequestBodies.MaxBytes)
            problem = BodyTooLarge(context);
        else if (KeyLimits.IsExceeded(context, out var most))
            problem = Problems.Bad($"A key of the request has more than the {most} bytes that this node takes (--max-key-bytes).");
        else if (!RequestTimeout.TryRead(request, out _, out var wrong))
            problem = Problems.Bad(wrong);
        return problem is not null;
    }

    // The body is not read, and behind it the connection is of no use: a client that is not told would send its next request on it.
    private static JsonHttpResult<ProblemJson> BodyTooLarge(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        return TooMuch(context, StatusCodes.Status413PayloadTooLarge, RequestBodies.TooLarge);
    }

    private static JsonHttpResult<ProblemJson> TooMuch(HttpContext context, int status, string detail)
    {
        context.RequestServices.GetRequiredService<ClientMeters>().Refused(ClientFacingPort.Http.Name, RefusalReasons.Size);
        return Problems.Rejected(status, ProblemCodes.BadRequest, detail);
    }

    private static long HeaderBytes(IHeaderDictionary headers)
    {
        var bytes = 0L;
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
                bytes += name.Length + (value?.Length ?? 0);
        }

        return bytes;
    }
}
