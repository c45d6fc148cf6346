using Microsoft.AspNetCore.Http.Features;

namespace RaftStream.Hosting.Streams;

/// <summary>
/// The names in the path of a request for a job: <c>/v1/streams/{job}/{kind}/{name}</c>. A name may have a slash, which stands as <c>%2F</c>; the server leaves that as it is when it undoes all other escapes, so
/// that <c>a%2Fb</c> and <c>a%252Fb</c> would be the same name. Which one is meant only the target says that the client sent.
/// </summary>
internal static class PathNames
{
    private const int JobSegment = 3;
    private const int PartSegment = 5;

    /// <summary>The job.</summary>
    public static string Job(HttpContext context) => Name(context, "job", JobSegment);

    /// <summary>The table, sink or source behind it.</summary>
    public static string Part(HttpContext context, string parameter) => Name(context, parameter, PartSegment);

    private static string Name(HttpContext context, string parameter, int segment)
    {
        var routed = context.Request.RouteValues[parameter] as string ?? "";
        if (!routed.Contains("%2F", StringComparison.OrdinalIgnoreCase))
            return routed;
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var segments = target.Split('?', 2)[0].Split('/');
        var sent = segments.Length > segment ? Uri.UnescapeDataString(segments[segment]) : "";

        // A target that the server has resolved or a host that lives below a path of its own has its names elsewhere: then an escaped slash is one.
        var slashed = routed.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return string.Equals(sent.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), slashed, StringComparison.Ordinal) ? sent : slashed;
    }
}
