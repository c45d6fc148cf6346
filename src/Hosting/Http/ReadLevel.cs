using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;

namespace RaftStream.Hosting.Http;

/// <summary>How consistent a read must be, as clients say it: in the query of the request or in one header of it.</summary>
/// <param name="Name">The level.</param>
/// <param name="MaxAgeMs">For a bounded read: how old it may be.</param>
/// <param name="Token">For a session read: what the client has seen.</param>
internal sealed record ReadLevel(string Name, long MaxAgeMs = 0, ReadToken Token = default)
{
    /// <summary>The header that says what the query may say, such as <c>bounded; max-age-ms=500</c>.</summary>
    public const string Header = "X-RaftStream-Consistency";

    /// <summary>In the query: which level.</summary>
    public const string Query = "consistency";

    /// <summary>In the query and in the header: how old a bounded read may be.</summary>
    public const string MaxAge = "max-age-ms";

    /// <summary>In the query and in the header: what a session read must have seen.</summary>
    public const string Seen = "token";

    /// <summary>The longest age that may be asked for: a day.</summary>
    public const long MostAgeMs = 86_400_000;

    private const string LeaseName = "lease";
    private const string BoundedName = "bounded";
    private const string SessionName = "session";
    private const string EventualName = "eventual";
    private const string TentativeName = "tentative";

    /// <summary>Real-time order; the default.</summary>
    public static readonly ReadLevel Linearizable = new("linearizable");

    /// <summary>Real-time order from the leader, without a round, while clocks keep their rates.</summary>
    public static readonly ReadLevel Lease = new(LeaseName);

    /// <summary>Some prefix of the log.</summary>
    public static readonly ReadLevel Eventual = new(EventualName);

    /// <summary>Some prefix of the log, and what waits in the outbox of the node that is asked.</summary>
    public static readonly ReadLevel Tentative = new(TentativeName);

    /// <summary>The levels that any replica may serve by itself, cut off from all others, too.</summary>
    public static readonly IReadOnlyList<string> ByAnyReplica = [BoundedName, SessionName, EventualName];

    /// <summary>At most that old.</summary>
    public static ReadLevel Bounded(long maxAgeMs) => new(BoundedName, MaxAgeMs: maxAgeMs);

    /// <summary>Not before what the token stands for.</summary>
    public static ReadLevel Session(ReadToken token) => new(SessionName, Token: token);

    /// <summary>Whether the leader answers, wherever the request came in; else it is the node that was asked.</summary>
    public bool IsByLeader => Name == LeaseName || Name == Linearizable.Name;

    /// <summary>Whether it is a session's, so that the node must have applied what its token stands for.</summary>
    public bool IsSession => Name == SessionName;

    /// <summary>Whether it is a bounded one.</summary>
    public bool IsBounded => Name == BoundedName;

    /// <summary>Whether it needs the leader's lease.</summary>
    public bool IsLease => Name == LeaseName;

    /// <summary>The same for the replica.</summary>
    public ReadConsistency Consistency => Name switch
    {
        LeaseName => ReadConsistency.Lease,
        BoundedName => ReadConsistency.BoundedStaleness(TimeSpan.FromMilliseconds(MaxAgeMs)),
        SessionName => ReadConsistency.Session(Token.Index),
        EventualName => ReadConsistency.Eventual,
        TentativeName => ReadConsistency.Tentative,
        _ => ReadConsistency.Linearizable,
    };

    /// <summary>What a request asks for; linearizable where it says nothing. False: it is wrong, <paramref name="problem"/> says how.</summary>
    public static bool TryRead(HttpRequest request, [NotNullWhen(true)] out ReadLevel? level, [NotNullWhen(false)] out string? problem)
    {
        level = null;
        if (!TryReadQuery(request.Query, out var query, out problem) || !TryReadHeader(request.Headers, out var header, out problem))
            return false;
        if (query is not null && header is not null && query != header)
        {
            problem = $"The query asks for '{query}' and the header {Header} for '{header}': give one of them, or the same in both.";
            return false;
        }

        level = query ?? header ?? Linearizable;
        return true;
    }

    /// <summary>Reads a level from its parts, null for one that is missing. False: they do not go together, <paramref name="problem"/> says how.</summary>
    public static bool TryMake(string? name, string? maxAge, string? token, [NotNullWhen(true)] out ReadLevel? level, [NotNullWhen(false)] out string? problem)
    {
        (level, problem) = (null, null);
        if (name is not (LeaseName or BoundedName or SessionName or EventualName or TentativeName) && name != Linearizable.Name)
            problem = name is null
                ? $"There is a {(maxAge is null ? Seen : MaxAge)} and no consistency that it belongs to: give consistency {BoundedName} with {MaxAge}, or {SessionName} with {Seen}."
                : $"There is no consistency '{name}': give {Linearizable.Name}, {LeaseName}, {BoundedName}, {SessionName}, {EventualName} or {TentativeName}.";
        else if (maxAge is not null && name != BoundedName)
            problem = $"A {name} read takes no {MaxAge}: give it with consistency {BoundedName} only.";
        else if (token is not null && name != SessionName)
            problem = $"A {name} read takes no {Seen}: give it with consistency {SessionName} only.";
        else if (name == BoundedName)
            level = TryAge(maxAge, out var age) ? Bounded(age) : null;
        else if (name == SessionName)
            level = ReadToken.TryParse(token ?? "", out var seen) ? Session(seen) : null;
        else
            level = new(name);
        if (level is null)
        {
            problem ??= name == BoundedName
                ? $"A bounded read lacks its bound: give {MaxAge} from 1 to {MostAgeMs}."
                : $"A session read lacks what it must have seen: give the {Seen} that an earlier answer carries in {AnswerHeaders.Token}, such as 0@57.";
        }

        return level is not null;
    }

    /// <summary>Says it in a request.</summary>
    public void Write(HttpRequestHeaders request) => request.Add(Header, ToString());

    /// <summary>Hands it on to the leader; what the query says goes with the path.</summary>
    public static void Copy(IHeaderDictionary from, IHeaderDictionary to)
    {
        if (from.TryGetValue(Header, out var value))
            to[Header] = value;
    }

    /// <summary>As the header says it.</summary>
    public override string ToString() => Name switch
    {
        BoundedName => string.Create(CultureInfo.InvariantCulture, $"{Name}; {MaxAge}={MaxAgeMs}"),
        SessionName => $"{Name}; {Seen}={Token}",
        _ => Name,
    };

    private static bool TryReadQuery(IQueryCollection query, out ReadLevel? level, [NotNullWhen(false)] out string? problem)
    {
        (level, problem) = (null, null);
        foreach (var name in (ReadOnlySpan<string>)[Query, MaxAge, Seen])
        {
            if (query[name].Count > 1)
                problem = $"The query gives {name} more than once: give it once.";
        }

        if (problem is not null)
            return false;
        var (consistency, age, token) = (query[Query], query[MaxAge], query[Seen]);
        if (consistency.Count + age.Count + token.Count == 0)
            return true;
        var isLevel = TryMake(Only(consistency), Only(age), Only(token), out level, out var wrong);
        problem = isLevel ? null : $"In the query: {wrong}";
        return isLevel;

        static string? Only(Microsoft.Extensions.Primitives.StringValues given) => given.Count == 0 ? null : given[0] ?? "";
    }

    private static bool TryReadHeader(IHeaderDictionary headers, out ReadLevel? level, [NotNullWhen(false)] out string? problem)
    {
        (level, problem) = (null, null);
        if (!headers.TryGetValue(Header, out var given))
            return true;
        var parts = given.ToString().Split(';', StringSplitOptions.TrimEntries);
        string? age = null, token = null, wrong = null;
        foreach (var part in parts.AsSpan(1))
        {
            var (name, value) = part.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? (part[..at], part[(at + 1)..]) : (part, "");
            if (name == MaxAge && age is null)
                age = value;
            else if (name == Seen && token is null)
                token = value;
            else
                wrong = $"'{part}' is nothing that belongs behind a level: give {MaxAge} or {Seen}, once.";
        }

        if (wrong is null && TryMake(parts[0], age, token, out level, out wrong))
            return true;
        problem = $"In the header {Header}: {wrong}";
        return false;
    }

    private static bool TryAge(string? text, out long age) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out age) && age is >= 1 and <= MostAgeMs;
}
