using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace RaftStream.Raft.Wire;

/// <summary>
/// Who the peers are: the members, as the configuration gives them, and guests, who dialled this node without being members. One a
/// transport; any thread. Readers get a dictionary that is never changed, only replaced.
/// </summary>
/// <remarks>
/// Guests exist because a configuration travels through the log, and a connection is needed before the log: a node that joins knows
/// nobody, and a voter may be asked for its vote by a member of whom it has not heard. What a guest says of its address is believed for
/// itself only: for a member the configuration decides. At most <see cref="MaxGuests"/>; one that has been silent for long makes way for
/// another, and nobody makes way for a member.
/// </remarks>
internal sealed class PeerBook(NodeId own, TimeSpan guestPatience)
{
    /// <summary>The most guests.</summary>
    public const int MaxGuests = 16;

    private readonly Lock _gate = new();
    private Dictionary<NodeId, DnsEndPoint> _members = [];
    private volatile Dictionary<NodeId, Peer> _peers = [];
    private volatile Action? _changed;

    /// <summary>All peers as they are now.</summary>
    public IReadOnlyDictionary<NodeId, Peer> All => _peers;

    /// <summary>How many of them are guests.</summary>
    public int Guests => _peers.Values.Count(static peer => peer.IsGuest);

    /// <summary>Calls this whenever peers have come, gone or moved, after the change. Set once.</summary>
    public void OnChange(Action changed) => _changed = changed;

    /// <summary>A peer, or null for a node that is neither member nor guest.</summary>
    public Peer? Find(NodeId node) => _peers.GetValueOrDefault(node);

    /// <summary>The members from here on; this node may be among them or not. Whoever was a member and is none any more is gone, guests stay.</summary>
    public void SetMembers(IReadOnlyDictionary<NodeId, DnsEndPoint> members)
    {
        lock (_gate)
        {
            if (IsSame(members))
                return;
            _members = new(members);
            var peers = new Dictionary<NodeId, Peer>(members.Count);
            foreach (var (node, address) in members)
            {
                if (node != own)
                    peers.Add(node, Member(node, address));
            }

            foreach (var guest in _peers.Values)
            {
                if (guest.IsGuest && !members.ContainsKey(guest.Node))
                    peers.Add(guest.Node, guest);
            }

            _peers = peers;
        }

        _changed?.Invoke();
    }

    /// <summary>A greeting was judged good: takes note of what it says, and of its sender if it is new. The refusal, if there is no room for it.</summary>
    public HandshakeRefusal Admit(in Handshake greeting)
    {
        DnsEndPoint? address = TransportOptions.TryParse(greeting.PeerAddress, out var told) && !TransportOptions.IsWildcard(told) ? told : null;
        lock (_gate)
        {
            var known = _peers.GetValueOrDefault(greeting.From);
            if (known is not null && (!known.IsGuest || Equals(known.Address, address)))
            {
                known.Learn(greeting);
                return HandshakeRefusal.None;
            }

            var peers = new Dictionary<NodeId, Peer>(_peers);
            if (known is null && Guests == MaxGuests)
            {
                if (!TryFindIdle(out var idle))
                    return HandshakeRefusal.TooManyGuests;
                peers.Remove(idle.Node);
            }

            var guest = known?.Moved(address, asGuest: true) ?? new(greeting.From, address, isGuest: true);
            guest.Learn(greeting);
            peers[greeting.From] = guest;
            _peers = peers;
        }

        _changed?.Invoke();
        return HandshakeRefusal.None;
    }

    /// <summary>Forgets a guest that has been silent for long: it cannot be reached, and nobody needs it. False: it stays.</summary>
    public bool Dismiss(Peer guest)
    {
        lock (_gate)
        {
            if (!guest.IsGuest || guest.Silence < guestPatience || !ReferenceEquals(Find(guest.Node), guest))
                return false;
            var peers = new Dictionary<NodeId, Peer>(_peers);
            peers.Remove(guest.Node);
            _peers = peers;
        }

        _changed?.Invoke();
        return true;
    }

    private bool IsSame(IReadOnlyDictionary<NodeId, DnsEndPoint> members)
    {
        if (members.Count != _members.Count)
            return false;
        foreach (var (node, address) in _members)
        {
            if (!members.TryGetValue(node, out var other) || !other.Equals(address))
                return false;
        }

        return true;
    }

    /// <summary>A member, the same object as before where nothing changed, so that its links are left alone.</summary>
    private Peer Member(NodeId node, DnsEndPoint address)
    {
        DnsEndPoint? dialled = TransportOptions.IsDialable(address) ? address : null;
        if (!_peers.TryGetValue(node, out var known))
            return new(node, dialled, isGuest: false);
        return !known.IsGuest && Equals(known.Address, dialled) ? known : known.Moved(dialled, asGuest: false);
    }

    private bool TryFindIdle([NotNullWhen(true)] out Peer? idle)
    {
        idle = _peers.Values.Where(static peer => peer.IsGuest).MaxBy(static guest => guest.Silence);
        return idle is not null && idle.Silence >= guestPatience;
    }
}
