using System.Net;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// The links to all peers, kept in step with the book: a peer that comes gets three, one for each lane; one that goes or moves loses them.
/// One a transport. Readers get a dictionary that is never changed, only replaced.
/// </summary>
internal sealed class LinkTable(TransportOptions options, PeerBook book, PeerTls tls, TransportCounters counters, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly List<Task> _ending = [];
    private volatile Dictionary<NodeId, PeerLinks> _links = [];
    private bool _isRunning;

    /// <summary>How many links have a connection that takes frames.</summary>
    public int Connected => _links.Values.Sum(static links => links.Lanes.Count(static link => link.IsConnected));

    /// <summary>The link to a peer on a lane, or null if there is none.</summary>
    public PeerLink? Find(NodeId peer, Lane lane) => _links.TryGetValue(peer, out var links) ? links.Lanes[(int)lane] : null;

    /// <summary>Begins to dial.</summary>
    public void Start()
    {
        lock (_gate)
            _isRunning = true;
        Follow();
    }

    /// <summary>Does what the book's newest state asks for. Returns without waiting for any connection to be made or closed.</summary>
    public void Follow()
    {
        lock (_gate)
        {
            if (!_isRunning)
                return;
            var wanted = book.All;
            var links = new Dictionary<NodeId, PeerLinks>(wanted.Count);
            foreach (var (node, old) in _links)
            {
                // The address decides, not the object: a guest that becomes a member goes on with the connections that it has.
                if (wanted.TryGetValue(node, out var peer) && Equals(peer.Address, old.Address))
                    links.Add(node, old.For(peer));
                else
                    _ending.Add(old.DisposeAsync().AsTask());
            }

            foreach (var (node, peer) in wanted)
            {
                if (peer is { Address: null, IsGuest: false })
                    logger.NoAddress(options.Node, node);
                if (peer.Address is not { } address || links.ContainsKey(node))
                    continue;
                if (peer.IsGuest)
                    logger.GuestCame(options.Node, node, TransportOptions.Text(address));
                links.Add(node, PeerLinks.Start(peer, address, lane => new(options, book, peer, address, lane, tls, counters, logger)));
            }

            _links = links;
            _ending.RemoveAll(static task => task.IsCompletedSuccessfully);
        }
    }

    /// <summary>Closes every connection and returns when the last is closed.</summary>
    public async Task StopAsync()
    {
        Task[] ending;
        lock (_gate)
        {
            _isRunning = false;
            ending = [.. _ending, .. _links.Values.Select(static links => links.DisposeAsync().AsTask())];
            _links = [];
        }

        await Task.WhenAll(ending);
    }

    /// <summary>The three links to one address of one peer.</summary>
    private sealed class PeerLinks(DnsEndPoint address, PeerLink[] lanes) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private Task _running = Task.CompletedTask;

        public DnsEndPoint Address => address;

        public PeerLink[] Lanes => lanes;

        public static PeerLinks Start(Peer peer, DnsEndPoint address, Func<Lane, PeerLink> link)
        {
            var links = new PeerLinks(address, [link(Lane.Control), link(Lane.Bulk), link(Lane.Snapshot)]);
            links._running = Task.WhenAll(links.Lanes.Select(lane => lane.RunAsync(links._stop.Token)));
            return links.For(peer);
        }

        public PeerLinks For(Peer peer)
        {
            foreach (var lane in lanes)
                lane.Peer = peer;
            return this;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
