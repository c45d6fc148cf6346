using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;

namespace RaftStream.Hosting.Http;

/// <summary>What must hold a write before it is answered, as clients say it: in the query of the request or in one header of it.</summary>
internal static class WriteLevel
{
    /// <summary>The header that says what the query may say.</summary>
    public const string Header = "X-RaftStream-Concern";

    /// <summary>In the query.</summary>
    public const string Query = "concern";

    /// <summary>A quorum's disks; the default.</summary>
    public const string Quorum = "quorum";

    /// <summary>The leader's disk alone.</summary>
    public const string Leader = "leader";

    /// <summary>The disk of the node that is asked.</summary>
    public const string Available = "available";

    /// <summary>What a request asks for. False: it is wrong, <paramref name="problem"/> says how.</summary>
    public static bool TryRead(HttpRequest request, out WriteConcern concern, [NotNullWhen(false)] out string? problem)
    {
        (concern, problem) = (WriteConcern.Quorum, null);
        var (query, header) = (request.Query[Query], request.Headers[Header]);
        if (query.Count + header.Count == 0)
            return true;
        var given = query.Concat(header).Distinct(StringComparer.Ordinal).ToArray();
        if (given.Length > 1)
            problem = $"The query and the header {Header} ask for {string.Join(" and ", given.Select(static one => $"'{one}'"))}: give one concern.";
        else if (given[0] is not (Quorum or Leader or Available))
            problem = $"There is no concern '{given[0]}': give {Quorum}, {Leader} or {Available}.";
        else if (given[0] != Quorum && request.Headers.ContainsKey(SessionHeaders.Session))
            problem = $"A write of a session takes the concern {Quorum} only: what is sent again must find what became of it, and of a provisional or accepted write nobody knows yet.";
        else if (given[0] != Quorum && request.Headers.ContainsKey(IdempotencyHeader.Name))
            problem = $"A write with the header {IdempotencyHeader.Name} takes the concern {Quorum} only: what is sent again must find what became of it, and of a provisional or accepted write nobody knows yet.";
        else
            concern = given[0] switch
            {
                Leader => WriteConcern.Leader,
                Available => WriteConcern.Available,
                _ => WriteConcern.Quorum,
            };
        return problem is null;
    }

    /// <summary>Hands it on to the leader; what the query says goes with the path.</summary>
    public static void Copy(IHeaderDictionary from, IHeaderDictionary to)
    {
        if (from.TryGetValue(Header, out var value))
            to[Header] = value;
    }
}
