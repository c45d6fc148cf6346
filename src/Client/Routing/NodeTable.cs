using System.Net;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Routing;

/// <summary>
/// What the client knows of the cluster: its nodes, who leads, and what it has seen itself. One a client; any thread. The lock guards a few fields and is held for
/// no longer than it takes to set them.
/// </summary>
/// <remarks>
/// Who leads is told by that node's own status, or supposed because another node said so in a refusal; a supposition that proves wrong is dropped and the nodes are
/// asked. While nobody leads, the nodes are probed for all callers together, who wait for <see cref="Changed"/>: a hundred callers without a leader cost no more
/// than one.
/// </remarks>
internal sealed class NodeTable : IAsyncDisposable
{
    /// <summary>The most addresses, those learned from nodes included.</summary>
    public const int MaxNodes = 32;

    private readonly Lock _gate = new();
    private readonly RaftStreamClientOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _work = [];
    private volatile NodeLink[] _links = [];
    private volatile NodeLink? _leader;
    private volatile NodeLink? _home;
    private long _leaderTerm;
    private ReadToken? _seen;
    private uint _incarnation;
    private ulong _seed = BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Puts TLS on connections; null for none.</summary>
    public TlsDialler? Tls { get; }

    /// <summary>Starts to connect to the configured nodes.</summary>
    public NodeTable(RaftStreamClientOptions options)
    {
        _options = options;
        Tls = options.Tls is { } tls ? new(tls, options.TimeProvider) : null;
        foreach (var address in options.Nodes)
            Add(Addresses.TryParse(address)!);
    }

    /// <summary>Fires when a connection comes up or the leader changes.</summary>
    public Pulse Changed { get; } = new();

    /// <summary>Fires when the nodes should be asked at once who leads.</summary>
    public Pulse ProbeWanted { get; } = new();

    /// <summary>All nodes.</summary>
    public IReadOnlyList<NodeLink> Links => _links;

    /// <summary>Where requests for the leader go; null while nobody is known to lead.</summary>
    public NodeLink? Leader => _leader;

    /// <summary>The node whose outbox took this client's last accepted write; null before the first.</summary>
    public NodeLink? Home
    {
        get => _home;
        set => _home = value;
    }

    /// <summary>What all answers so far have seen; of index 0 before the first.</summary>
    public ReadToken Seen
    {
        get
        {
            lock (_gate)
                return _seen ?? new(_incarnation, 0);
        }
    }

    /// <summary>
    /// The connected node with the shortest round trip that was not tried; one that lately refused the level comes last. What concerns one node's outbox goes to the same
    /// node, while that can be reached: elsewhere a tentative read would not see what the client wrote.
    /// </summary>
    public NodeLink? Nearest(ConsistencyLevel level, uint tried)
    {
        var home = level is ConsistencyLevel.Available or ConsistencyLevel.Tentative ? _home : null;
        var (best, bestRank) = (default(NodeLink), (false, false, TimeSpan.MaxValue));
        var links = _links;
        for (var i = 0; i < links.Length; i++)
        {
            var link = links[i];
            if (link.Connection is null || (tried & (1u << i)) != 0)
                continue;
            var rank = (link.IsShunned(level), home is not null && link != home, link.RoundTrip);
            if (best is null || rank.CompareTo(bestRank) < 0)
                (best, bestRank) = (link, rank);
        }

        return best;
    }

    /// <summary>The node's bit in what was tried. Nodes are added, never taken away.</summary>
    public uint MaskOf(NodeLink link) => 1u << Array.IndexOf(_links, link);

    /// <summary>
    /// Why no node lets this client in: each was dialled in vain since it was last connected, if it ever was, and one of them answered that it knows no right of this client. Null where one is connected, or may be
    /// after the next attempt.
    /// </summary>
    public DialFailure? ShutOut
    {
        get
        {
            DialFailure? shut = null;
            foreach (var link in _links)
            {
                if (link.Connection is not null || link.LastFailure is not { } failure)
                    return null;
                if (failure.Refusal is ClientRefusal.Unauthenticated or ClientRefusal.Forbidden)
                    shut = failure;
            }

            return shut;
        }
    }

    /// <summary>A seed for one random sequence of its own.</summary>
    public ulong NextSeed() => Interlocked.Add(ref _seed, 0x9E37_79B9_7F4A_7C15);

    /// <summary>An answer was seen: later reads of this client's own session come after it.</summary>
    public void See(ReadToken token)
    {
        lock (_gate)
        {
            if (_seen is not { } seen || seen < token)
                _seen = token;
        }
    }

    /// <summary>A connection came up.</summary>
    public void Connected(ClientWelcome welcome)
    {
        lock (_gate)
        {
            // A restored or reset cluster may have lower terms than the one that it was.
            if (welcome.Incarnation > _incarnation)
                (_incarnation, _leaderTerm) = (welcome.Incarnation, 0);
        }

        Changed.Fire();
    }

    /// <summary>A node could not be reached.</summary>
    public void Failed() => Changed.Fire();

    /// <summary>A node told its status.</summary>
    public void Learn(NodeLink link, in AnswerMessage status)
    {
        var isNews = false;
        lock (_gate)
        {
            if (status.Leads && status.NodeTerm >= _leaderTerm)
            {
                isNews = _leader != link;
                (_leader, _leaderTerm) = (link, status.NodeTerm);
            }
            else if (_leader == link && status.Kind == AnswerKind.Status)
            {
                _leader = null;
            }
        }

        if (status.LeaderAddress is { } address)
            Find(status.Leader, address);
        if (isNews)
            Changed.Fire();
    }

    /// <summary>A node did not answer as the leader: if it was taken for it, the nodes are asked anew.</summary>
    public void Doubt(NodeLink link)
    {
        lock (_gate)
        {
            if (_leader == link)
                _leader = null;
        }

        ProbeWanted.Fire();
    }

    /// <summary>A node said who leads: supposed to be true if that node is connected. Null where it is not, or is the one that said so.</summary>
    public NodeLink? Suppose(NodeLink by, int leader, string? address)
    {
        if (leader == 0 || leader == by.Id || Find(leader, address) is not { Connection: not null } link)
            return null;
        lock (_gate)
            _leader = link;
        return link;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task[] work;
        lock (_gate)
            work = [.. _work];
        await Task.WhenAll(work).ConfigureAwait(false);
        Changed.Fire();
        _stop.Dispose();
    }

    /// <summary>Why no node can be reached.</summary>
    public RaftStreamClientException Unreachable()
    {
        // A node that answered and refused tells more than one that is not there.
        var failure = Links.Select(static link => link.LastFailure).OfType<DialFailure>().OrderBy(static one => one.Refusal == ClientRefusal.Disconnected).FirstOrDefault();
        return failure is null ? new(ClientRefusal.NoNode, ClientSentences.Of(ClientRefusal.NoNode)) : new(failure.Refusal, failure.Sentence);
    }

    /// <summary>The link to a node by its id or address; a new one for an address that nobody knew.</summary>
    private NodeLink? Find(int id, string? address)
    {
        foreach (var link in _links)
        {
            if ((id != 0 && link.Id == id) || string.Equals(link.Address, address, StringComparison.OrdinalIgnoreCase))
                return link;
        }

        return address is not null && Addresses.TryParse(address) is { } endPoint ? Add(endPoint) : null;
    }

    private NodeLink? Add(DnsEndPoint endPoint)
    {
        lock (_gate)
        {
            if (_links.Length == MaxNodes || _stop.IsCancellationRequested)
                return null;
            if (Array.Find(_links, known => known.Address == NodeLink.Format(endPoint)) is { } there)
                return there;
            var link = new NodeLink(endPoint, this, _options, NextSeed());
            _links = [.. _links, link];
            var stop = _stop.Token;
            _work.Add(Task.Run(() => link.RunAsync(stop), CancellationToken.None));
            return link;
        }
    }
}
