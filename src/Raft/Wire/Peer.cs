using System.Diagnostics;
using System.Net;

namespace RaftStream.Raft.Wire;

/// <summary>
/// One other node as this one knows it, from when it is learned of until it is forgotten or its address changes: a member, whose address
/// the configuration gives, or a guest, who gave it itself. What it tells may be read and written from any thread.
/// </summary>
internal sealed class Peer(NodeId node, DnsEndPoint? address, bool isGuest)
{
    private volatile string? _clientAddress;
    private long _heardAt = Stopwatch.GetTimestamp();

    /// <summary>Which node.</summary>
    public NodeId Node => node;

    /// <summary>Where it listens for its peers; null if it cannot be dialled.</summary>
    public DnsEndPoint? Address => address;

    /// <summary>Whether it is no member.</summary>
    public bool IsGuest => isGuest;

    /// <summary>Where clients reach it; null while unknown or if nowhere.</summary>
    public string? ClientAddress => _clientAddress is { Length: > 0 } text ? text : null;

    /// <summary>How long it has said nothing.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>Keeps what it said in an accepted handshake.</summary>
    public void Learn(in Handshake greeting)
    {
        _clientAddress = greeting.ClientAddress;
        Heard();
    }

    /// <summary>It said something just now.</summary>
    public void Heard() => Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());

    /// <summary>The same node elsewhere, or as a member: what it told stays known.</summary>
    public Peer Moved(DnsEndPoint? to, bool asGuest) => new(node, to, asGuest) { _clientAddress = _clientAddress };
}
