using RaftStream.Raft.Wire;

namespace RaftStream.Client;

/// <summary>How a client finds its cluster and how long it tries.</summary>
public sealed record RaftStreamClientOptions
{
    private const int MaxName = ClientHandshake.MaxName;

    /// <summary>
    /// Where nodes listen for this protocol (their setting <c>--client</c>), each <c>host:port</c>: one to 32. Not all of the cluster's are needed: the leader's address is
    /// learned from any of them.
    /// </summary>
    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>The id of the cluster that is wanted; null for any. With it a client that is led to another cluster by a wrong address is refused.</summary>
    public Guid? ClusterId { get; init; }

    /// <summary>What the client calls itself to the nodes, for people: up to 64 bytes of UTF-8.</summary>
    public string Name { get; init; } = "";

    /// <summary>By which the nodes know who the client is (<c>raftstream token create</c>): up to 128 bytes of UTF-8; null for none. Never told in a text of these options.</summary>
    public string? Token { get; init; }

    /// <summary>TLS to the nodes; null for connections without.</summary>
    public RaftStreamClientTls? Tls { get; init; }

    /// <summary>How long <see cref="RaftStreamClient.ConnectAsync"/> may take to find one node: 1 ms to 10 minutes.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one node may take to be connected to and to answer a greeting, before it is dialled again: 1 ms to a minute.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a request may take in all, unless the call says otherwise: 1 ms to 10 minutes.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one attempt may take, of what may be sent again: a node that is paused takes a request and never answers. Writes without a session have one attempt,
    /// which may take all of their time. 1 ms to 10 minutes.
    /// </summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often each node is asked how it is: 10 ms to 30 s. A connection on which two of these questions in a row stay unanswered is given up.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Calls under way at a time: 1 to 1,024. Further ones wait, within their time.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>How many repetitions a call earns: 0 to 1. With 0.1, a tenth of the calls may be repeated in the long run.</summary>
    public double RetryRatio { get; init; } = 0.1;

    /// <summary>Repetitions that are there beyond those that calls earned, for a sudden trouble such as a change of the leader: 0 to 100,000.</summary>
    public int RetryReserve { get; init; } = 1_024;

    /// <summary>The clock of all deadlines and pauses.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where the nodes are and what the client calls itself; not its token.</summary>
    public override string ToString() => $"{nameof(RaftStreamClientOptions)} {{ {nameof(Nodes)} = {string.Join(", ", Nodes)}, {nameof(Name)} = {Name} }}";

    /// <exception cref="ArgumentException">An option is out of range: one sentence.</exception>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Nodes);
        ArgumentNullException.ThrowIfNull(Name);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        if (Nodes.Count is < 1 or > Routing.NodeTable.MaxNodes)
            throw new ArgumentException($"{Nodes.Count} nodes are given: give 1 to {Routing.NodeTable.MaxNodes} addresses.");
        foreach (var address in Nodes)
        {
            if (Addresses.TryParse(address) is null)
                throw new ArgumentException($"'{address}' is no address of a node: write host:port, such as 127.0.0.1:9001.");
        }

        if (System.Text.Encoding.UTF8.GetByteCount(Name) > MaxName)
            throw new ArgumentException($"The name of the client is too long: give up to {MaxName} bytes of UTF-8.");
        if (Token is not null && System.Text.Encoding.UTF8.GetByteCount(Token) is 0 or > ClientHandshake.MaxToken)
            throw new ArgumentException($"The token of the client is empty or too long: give the one that 'raftstream token create' printed, up to {ClientHandshake.MaxToken} bytes.");
        CheckTime(ConnectTimeout, nameof(ConnectTimeout), TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        CheckTime(DialTimeout, nameof(DialTimeout), TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        CheckTime(RequestTimeout, nameof(RequestTimeout), TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        CheckTime(AttemptTimeout, nameof(AttemptTimeout), TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        CheckTime(ProbeInterval, nameof(ProbeInterval), TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(30));
        if (MaxInFlight is < 1 or > 1_024)
            throw new ArgumentException($"{nameof(MaxInFlight)} is {MaxInFlight}: give 1 to 1024.");
        if (!(RetryRatio is >= 0 and <= 1))
            throw new ArgumentException($"{nameof(RetryRatio)} is {RetryRatio}: give 0 to 1.");
        if (RetryReserve is < 0 or > 100_000)
            throw new ArgumentException($"{nameof(RetryReserve)} is {RetryReserve}: give 0 to 100000.");
    }

    /// <exception cref="ArgumentException">The time is out of range.</exception>
    internal static void CheckTime(TimeSpan time, string name, TimeSpan least, TimeSpan most)
    {
        if (time < least || time > most)
            throw new ArgumentException($"{name} is {time}: give {least} to {most}.", name);
    }
}
