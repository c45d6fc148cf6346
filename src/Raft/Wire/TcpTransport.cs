using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// The network of a real cluster: TCP between every two nodes, three connections each way (control, bulk, snapshot), so that a
/// snapshot or a large batch never stands in front of a heartbeat. Owned by the replica; started once, disposed once.
/// </summary>
/// <remarks>
/// Each node dials each peer and sends over what it dialled (<see cref="PeerLink"/>); what dials in is only read
/// (<see cref="PeerAcceptor"/>). It may lose frames at any time (a full lane, a broken connection) and repeats none; frames of one
/// lane and one connection keep their order. Raft needs no more.
/// Nothing here is agent code: connections are ordinary asynchronous code, and <see cref="TrySend"/> is their border to the agents.
/// </remarks>
internal sealed class TcpTransport : INetwork, IAsyncDisposable
{
    private readonly TransportOptions _options;
    private readonly ILogger _logger;
    private readonly PeerBook _peers;
    private readonly TransportCounters _counters = new();
    private readonly Dictionary<NodeId, PeerLink[]> _links = [];
    private readonly PeerAcceptor _acceptor;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private int _disposed;

    /// <summary>A transport that is not started yet. Frames that arrive go to <paramref name="sink"/>.</summary>
    public TcpTransport(TransportOptions options, IFrameSink sink, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _peers = new(options.Node, options.Members);
        _acceptor = new(options, _peers, sink, _counters, logger);
        foreach (var peer in _peers.Peers)
            _links.Add(peer, [Link(peer, Lane.Control), Link(peer, Lane.Bulk), Link(peer, Lane.Snapshot)]);
    }

    /// <summary>What has happened since the start.</summary>
    public TransportCounts Counts => _counters.Read();

    /// <summary>Connections that peers and strangers hold to this node at the moment.</summary>
    public int OpenIncoming => _acceptor.Open;

    /// <summary>Listens, then starts to dial the peers; returns without waiting for any of them.</summary>
    /// <exception cref="ReplicaException">An option is out of range, or the address is invalid, not of this machine, or taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.Problem() is { } problem)
            throw new ReplicaException(problem);
        Invariant.Check(_tasks.Count == 0 && Volatile.Read(ref _disposed) == 0, "a transport is started once, before it is disposed");
        await _acceptor.ListenAsync(cancellationToken);
        _tasks.Add(_acceptor.RunAsync(_stop.Token));
        foreach (var links in _links.Values)
        {
            foreach (var link in links)
                _tasks.Add(link.RunAsync(_stop.Token));
        }
    }

    /// <inheritdoc/>
    public bool TrySend(NodeId peer, Lane lane, ReadOnlySpan<byte> frame)
    {
        Invariant.Check(frame.Length >= Frame.HeadSize && frame.Length <= Frame.Largest(lane), "a frame fits its lane");
        if (_links.TryGetValue(peer, out var links) && links[(int)lane].TrySend(frame))
            return true;
        _counters.SendDropped();
        return false;
    }

    /// <summary>Whether frames for that peer and lane have a connection to go over at this moment.</summary>
    public bool Connected(NodeId peer, Lane lane) => _links.TryGetValue(peer, out var links) && links[(int)lane].IsConnected;

    /// <summary>Bytes that wait to be sent to that peer on that lane, at most the lane's backlog.</summary>
    public int Pending(NodeId peer, Lane lane) => _links.TryGetValue(peer, out var links) ? links[(int)lane].Pending : 0;

    /// <summary>Where clients reach a member, as it said in its last handshake in either direction; null while unknown or if nowhere.</summary>
    public string? ClientAddressOf(NodeId member) => member == _options.Node ? _options.ClientAddress : _peers.ClientAddressOf(member);

    /// <summary>Closes every connection and returns when the last is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        await Task.WhenAll(_tasks);
        _acceptor.Dispose();
        _stop.Dispose();
        _logger.LogDebug("Node {Node} closed its connections to its peers.", _options.Node);
    }

    private PeerLink Link(NodeId peer, Lane lane) => new(_options, _peers, peer, lane, _counters, _logger);
}
