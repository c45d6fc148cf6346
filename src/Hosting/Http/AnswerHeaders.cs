using System.Globalization;
using System.Net.Http.Headers;

namespace RaftStream.Hosting.Http;

/// <summary>
/// What the headers of an answer tell beside its body: who served it, what of the log is in it, how old it may be, at which level it was served, and the
/// token with which a later session read sees at least as much.
/// </summary>
internal static class AnswerHeaders
{
    /// <summary>The last entry that is in the answer; for a write its own.</summary>
    public const string Index = Prefix + "Index";

    /// <summary>The term of that entry.</summary>
    public const string Term = Prefix + "Term";

    /// <summary>Who leads, as far as the node that served the request knows; missing where it knows nobody.</summary>
    public const string Leader = Prefix + "Leader";

    /// <summary>The node that served the request.</summary>
    public const string Node = Prefix + "Node";

    /// <summary>
    /// What was acknowledged longer ago than so many milliseconds before the request came is in the answer. Rounded up, so never less than the truth;
    /// missing where nothing is proven.
    /// </summary>
    public const string AgeMs = Prefix + "Age-Ms";

    /// <summary>The level at which it was served, which is the one that was asked for.</summary>
    public const string Effective = Prefix + "Effective-Consistency";

    /// <summary>What a later session read must have seen to come after this answer.</summary>
    public const string Token = Prefix + "Token";

    private const string Prefix = "X-RaftStream-";

    /// <summary>Says who answers, refusals included.</summary>
    public static void Sign(HttpResponse response, RaftStatus status)
    {
        response.Headers[Node] = Text(status.Id.Value);
        if (status.Leader == NodeId.None)
            response.Headers.Remove(Leader);
        else
            response.Headers[Leader] = Text(status.Leader.Value);
    }

    /// <summary>Says what is in an answer that was applied; nothing of one that has no place in the log.</summary>
    /// <param name="response">Where.</param>
    /// <param name="status">This node's.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="level">At which level it was read; null for a write.</param>
    public static void Write(HttpResponse response, RaftStatus status, in LocalAnswer answer, ReadLevel? level)
    {
        Sign(response, status);
        if (answer.Outcome == Outcome.Accepted)
            response.Headers[Effective] = WriteLevel.Available;
        if (answer.Position.Index == LogIndex.Zero && level is null)
            return;
        response.Headers[Index] = Text(answer.Position.Index.Value);
        response.Headers[Term] = Text(answer.Position.Term.Value);
        response.Headers[Effective] = level?.ToString() ?? (answer.Outcome == Outcome.Provisional ? WriteLevel.Leader : WriteLevel.Quorum);

        // [safety] A provisional write may never be: whoever waited for its index would wait for another's, or take it for done.
        if (answer.Outcome != Outcome.Provisional)
            response.Headers[Token] = new ReadToken(status.Incarnation, answer.Position.Index).ToString();

        // What is in real-time order lacks nothing that was acknowledged before it came.
        var age = level is { IsByLeader: true } ? TimeSpan.Zero : answer.Age;
        if (age is { } known)
            response.Headers[AgeMs] = Text((long)Math.Ceiling(known.TotalMilliseconds));
    }

    /// <summary>Takes over what the node says that a request was sent on to: it served it, not this one.</summary>
    public static void Relay(IHeaderDictionary from, HttpResponse to)
    {
        to.Headers.Remove(Leader);
        foreach (var (name, value) in from)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                to.Headers[name] = value;
        }
    }

    /// <summary>Who gave an answer of another node, and who led by its account.</summary>
    public static AnswerSource Source(IHeaderDictionary headers) => new(Id(headers[Node]), Id(headers[Leader]), Read: null, Write: null);

    /// <summary>Reads them as a client.</summary>
    public static AnswerStamp Read(HttpResponseHeaders headers) => new(
        Number(headers, Index) ?? 0,
        Number(headers, Term) ?? 0,
        (int)(Number(headers, Node) ?? 0),
        Number(headers, AgeMs),
        First(headers, Effective),
        ReadToken.TryParse(First(headers, Token) ?? "", out var token) ? token : null);

    private static NodeId Id(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? new(id) : NodeId.None;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? First(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static long? Number(HttpResponseHeaders headers, string name) =>
        long.TryParse(First(headers, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>What the headers of an answer told a client.</summary>
/// <param name="Index">The last entry in it; 0 where it has no place in the log.</param>
/// <param name="Term">The term of that entry.</param>
/// <param name="Node">Who served it; 0 where nobody says.</param>
/// <param name="AgeMs">How old it may be; null where that is not proven.</param>
/// <param name="Level">The level at which it was served.</param>
/// <param name="Token">What a later session read must have seen to come after it.</param>
internal sealed record AnswerStamp(long Index, long Term, int Node, long? AgeMs, string? Level, ReadToken? Token);
