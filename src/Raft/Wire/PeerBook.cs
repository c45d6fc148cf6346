using System.Net;

namespace RaftStream.Raft.Wire;

/// <summary>
/// Who the peers are, where they listen, and what each told about itself in its last handshake. One a transport. The members are
/// fixed; what they tell may be read and written from any thread.
/// </summary>
internal sealed class PeerBook
{
    private readonly Dictionary<NodeId, Entry> _entries = [];

    /// <summary>A book of all <paramref name="members"/> but <paramref name="own"/>.</summary>
    public PeerBook(NodeId own, IReadOnlyDictionary<NodeId, DnsEndPoint> members)
    {
        foreach (var (node, address) in members)
        {
            if (node != own)
                _entries.Add(node, new(address));
        }
    }

    /// <summary>All peers, smallest id first.</summary>
    public IEnumerable<NodeId> Peers => _entries.Keys.Order();

    /// <summary>Whether that node is a peer.</summary>
    public bool Contains(NodeId node) => _entries.ContainsKey(node);

    /// <summary>Where a peer listens for its peers.</summary>
    public DnsEndPoint AddressOf(NodeId peer) => _entries[peer].Address;

    /// <summary>Keeps what a peer said in an accepted handshake.</summary>
    public void Learn(in Handshake greeting) => _entries[greeting.From].ClientAddress = greeting.ClientAddress;

    /// <summary>Where clients reach a peer; null while unknown or if it has no such address.</summary>
    public string? ClientAddressOf(NodeId peer) =>
        _entries.TryGetValue(peer, out var entry) && entry.ClientAddress is { Length: > 0 } address ? address : null;

    private sealed class Entry(DnsEndPoint address)
    {
        private volatile string? _clientAddress;

        public DnsEndPoint Address => address;

        public string? ClientAddress
        {
            get => _clientAddress;
            set => _clientAddress = value;
        }
    }
}
