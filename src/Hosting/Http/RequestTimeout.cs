using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RaftStream.Hosting.Http;

/// <summary>How long a request may wait, as clients say it: in the query of the request or in one header of it.</summary>
internal static class RequestTimeout
{
    /// <summary>The header that says what the query may say.</summary>
    public const string Header = "X-RaftStream-Timeout-Ms";

    /// <summary>In the query: milliseconds.</summary>
    public const string Query = "timeout-ms";

    /// <summary>The shortest time, in milliseconds.</summary>
    public const int Least = 1;

    /// <summary>The longest time, in milliseconds: who waits longer than for several elections had better ask again.</summary>
    public const int Most = 60_000;

    /// <summary>Where a request says nothing.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(5);

    /// <summary>What a request asks for; <see cref="Usual"/> where it says nothing. False: it is wrong, <paramref name="problem"/> says how.</summary>
    public static bool TryRead(HttpRequest request, out TimeSpan timeout, [NotNullWhen(false)] out string? problem)
    {
        (timeout, problem) = (Usual, null);
        var (query, header) = (request.Query[Query], request.Headers[Header]);
        if (query.Count + header.Count == 0)
            return true;
        var given = query.Concat(header).Distinct(StringComparer.Ordinal).ToArray();
        if (given.Length > 1)
            problem = $"The query and the header {Header} give {string.Join(" and ", given.Select(static one => $"'{one}'"))} ms for the request: give one time.";
        else if (!int.TryParse(given[0], NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || milliseconds is < Least or > Most)
            problem = $"The request may take '{given[0]}' ms, which is no number from {Least} to {Most}: give {Query} in the query, or the header {Header}, in that range.";
        else
            timeout = TimeSpan.FromMilliseconds(milliseconds);
        return problem is null;
    }
}
