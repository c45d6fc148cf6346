using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Resp;

/// <summary>What a connection has said of itself and asked for. One a connection, used by one thread at a time.</summary>
internal sealed class RespSession(long id, string address, DateTimeOffset since, RespCaller caller)
{
    /// <summary>Its number at this node, from 1.</summary>
    public long Id => id;

    /// <summary>Where it comes from.</summary>
    public string Address => address;

    /// <summary>When it came.</summary>
    public DateTimeOffset Since => since;

    /// <summary>Who it is, and what it may do.</summary>
    public RespCaller Caller => caller;

    /// <summary>Its name, from CLIENT SETNAME.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its library and that one's version, from CLIENT SETINFO.</summary>
    public string Library { get; set; } = "";

    /// <inheritdoc cref="Library"/>
    public string LibraryVersion { get; set; } = "";

    /// <summary>What its reads promise.</summary>
    public RespLevel Level { get; set; }

    /// <summary>What holds its writes before they are answered.</summary>
    public WriteConcern Concern { get; set; }

    /// <summary>Whether it wants to be told where the leader is (MOVED) rather than that its writes are passed on.</summary>
    public bool IsRedirected { get; set; }

    /// <summary>The newest place in the log that one of its answers has told.</summary>
    public ReadToken Seen { get; private set; }

    /// <summary>As it was when it came; who it is goes, too, unless the connection itself tells.</summary>
    public void Reset()
    {
        (Name, Level, Concern, IsRedirected, Seen) = ("", default, WriteConcern.Quorum, false, default);
        caller.Reset();
    }

    /// <summary>An answer told of this place.</summary>
    public void See(uint incarnation, LogIndex index)
    {
        var token = new ReadToken(incarnation, index);
        if (token.CompareTo(Seen) > 0)
            Seen = token;
    }
}

/// <summary>The names of the levels of reads on a connection.</summary>
internal enum RespLevelKind : byte
{
    Linearizable = 0,
    Lease = 1,
    Bounded = 2,
    Session = 3,
    Eventual = 4,
}

/// <summary>A level of reads: its name, how old an answer may be (bounded), and what it must have seen (session; at the least what the connection itself has).</summary>
internal readonly record struct RespLevel(RespLevelKind Kind, TimeSpan MaxAge = default, ReadToken Token = default)
{
    /// <summary>Whether answers are in real-time order, so that a read may as well go into the log with writes.</summary>
    public bool IsStrong => Kind is RespLevelKind.Linearizable or RespLevelKind.Lease;

    /// <summary>The level as RS.CONSISTENCY takes and tells it.</summary>
    public override string ToString() => Kind switch
    {
        RespLevelKind.Bounded => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"bounded {MaxAge.TotalMilliseconds:0}"),
        RespLevelKind.Session when Token != default => $"session {Token}",
        _ => Kind.ToString().ToLowerInvariant(),
    };
}
