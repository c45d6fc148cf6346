using System.Net;
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
    private readonly IFrameSink _sink;
    private readonly ReceiveBudget _budget;
    private readonly ILogger _logger;
    private readonly PeerBook _book;
    private readonly TransportCounters _counters = new();
    private readonly CancellationTokenSource _stop = new();
    private Running? _running;
    private int _started;
    private int _disposed;

    /// <summary>
    /// A transport that is not started yet. Frames that arrive go to <paramref name="sink"/>, which returns what it takes to
    /// <paramref name="budget"/> when it has done with it.
    /// </summary>
    public TcpTransport(TransportOptions options, IFrameSink sink, ReceiveBudget budget, ILogger logger)
    {
        (_options, _sink, _budget, _logger) = (options, sink, budget, logger);
        _book = new(options.Node, options.GuestPatience);
        _book.SetMembers(options.Members);
    }

    /// <summary>What has happened since the start.</summary>
    public TransportCounts Counts => _counters.Read();

    /// <summary>Connections that peers and strangers hold to this node at the moment.</summary>
    public int OpenIncoming => Volatile.Read(ref _running)?.Acceptor.Open ?? 0;

    /// <summary>Listens, then starts to dial the peers; returns without waiting for any of them.</summary>
    /// <exception cref="ReplicaException">
    /// An option is out of range, a certificate is missing or of no use, or the address is invalid, not of this machine, or taken.
    /// </exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.Problem() is { } problem)
            throw new ReplicaException(problem);
        Invariant.Check(Interlocked.Exchange(ref _started, 1) == 0 && Volatile.Read(ref _disposed) == 0, "a transport is started once, before it is disposed");
        var certificates = _options.Tls is { } files ? PeerCertificates.Open(_options.Node, files, _counters, _options.Time, _logger) : null;
        var tls = new PeerTls(certificates);
        var acceptor = new PeerAcceptor(_options, _book, tls, _sink, _budget, _counters, _logger);
        await acceptor.ListenAsync(cancellationToken);
        var links = new LinkTable(_options, _book, tls, _counters, _logger);
        _book.OnChange(() =>
        {
            links.Follow();
            acceptor.DropForgotten();
        });
        var meters = new TransportMeters(_options.Node, _counters, _budget, _book, links, acceptor);
        Volatile.Write(ref _running, new(links, acceptor, acceptor.RunAsync(_stop.Token), meters));
        links.Start();
    }

    /// <summary>
    /// The members from here on, at most <see cref="TransportOptions.MaxMembers"/>, with the address at which each is dialled: starts links
    /// to those that are new, ends the connections of those that are gone, dials anew where an address changed. This node may be among
    /// them or not. Any thread, any time; cheap if nothing changed.
    /// </summary>
    /// <remarks>A node that is gone and goes on dialling comes back as a guest: it may not know yet, and somebody has to tell it.</remarks>
    public void SetPeers(IReadOnlyDictionary<NodeId, DnsEndPoint> peers)
    {
        Invariant.Check(peers.Count <= TransportOptions.MaxMembers, "a configuration has at most 64 members");
        _book.SetMembers(peers);
    }

    /// <inheritdoc/>
    public bool TrySend(NodeId peer, Lane lane, ReadOnlySpan<byte> frame)
    {
        Invariant.Check(frame.Length >= Frame.HeadSize && frame.Length <= Frame.Largest(lane), "a frame fits its lane");
        if (Find(peer, lane)?.TrySend(frame) == true)
            return true;
        _counters.SendDropped();
        return false;
    }

    /// <summary>Whether frames for that peer and lane have a connection to go over at this moment.</summary>
    public bool Connected(NodeId peer, Lane lane) => Find(peer, lane)?.IsConnected == true;

    /// <summary>Bytes that wait to be sent to that peer on that lane, at most the lane's backlog.</summary>
    public int Pending(NodeId peer, Lane lane) => Find(peer, lane)?.Pending ?? 0;

    /// <summary>Where clients reach a member or guest, as it said in its last handshake in either direction; null while unknown or if nowhere.</summary>
    public string? ClientAddressOf(NodeId peer) => peer == _options.Node ? _options.ClientAddress : _book.Find(peer)?.ClientAddress;

    /// <summary>Closes every connection and returns when the last is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        if (_running is { } running)
        {
            await Task.WhenAll(running.Accepting, running.Links.StopAsync());
            running.Meters.Dispose();
            running.Acceptor.Dispose();
        }

        _stop.Dispose();
        _logger.LogDebug("Node {Node} closed its connections to its peers.", _options.Node);
    }

    private PeerLink? Find(NodeId peer, Lane lane) => Volatile.Read(ref _running)?.Links.Find(peer, lane);

    /// <summary>What a started transport consists of.</summary>
    private sealed record Running(LinkTable Links, PeerAcceptor Acceptor, Task Accepting, TransportMeters Meters);
}
