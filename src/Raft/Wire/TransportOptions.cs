using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace RaftStream.Raft.Wire;

/// <summary>How to start a <see cref="TcpTransport"/>.</summary>
internal sealed record TransportOptions
{
    /// <summary>The largest cluster.</summary>
    public const int MaxMembers = 64;

    /// <summary>The longest host name, in characters: what the name service takes.</summary>
    private const int MaxHost = 255;

    /// <summary>This node.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Which cluster: nodes of another one are refused.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>Which life of the cluster; zero today.</summary>
    public ulong ClusterIncarnation { get; init; }

    /// <summary>A random number of this process start. Also the seed of all random waits.</summary>
    public required ulong ProcessIncarnation { get; init; }

    /// <summary>
    /// The members to begin with, at most <see cref="MaxMembers"/>, with the address at which each listens for its peers. This node need
    /// not be among them, nor anybody else: a node that joins knows nobody yet.
    /// </summary>
    public required IReadOnlyDictionary<NodeId, DnsEndPoint> Members { get; init; }

    /// <summary>
    /// Where to listen: the own address in <see cref="Members"/> unless given. An address or a name of this machine binds to just
    /// that; <c>0.0.0.0</c> to all of IPv4; <c>*</c> and <c>::</c> to everything.
    /// </summary>
    public DnsEndPoint? Listen { get; init; }

    /// <summary>
    /// Where peers dial this node, told to those that do not know it yet: the own address in <see cref="Members"/>, or else the one at
    /// which it listens, unless given.
    /// </summary>
    public DnsEndPoint? Address { get; init; }

    /// <summary>Where clients reach this node, at most 255 bytes of UTF-8; null if nowhere.</summary>
    public string? ClientAddress { get; init; }

    /// <summary>How long a connection may take to be made, and then its handshake. More than zero.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a frame may take from its first byte to its last. More than zero.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a peer may take for the next 256 KiB of what is sent to it. More than zero.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a node that is no member is kept in mind after it was last heard. More than zero.</summary>
    public TimeSpan GuestPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The files for TLS between peers; null for none.</summary>
    public PeerTlsOptions? Tls { get; init; }

    /// <summary>How long a connection with TLS lives at the most before the dialling side makes a new one, with the certificate then in force. More than zero, at most a day.</summary>
    public TimeSpan RenewAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The clock by which certificates expire and their files are looked at.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The endpoint to bind to.</summary>
    public DnsEndPoint ListenAddress => Listen ?? Members[Node];

    /// <summary>What this node says of itself.</summary>
    public HandshakeIdentity Identity => new(ClusterId, ClusterIncarnation, Node, ProcessIncarnation, ClientAddress ?? "", PeerAddress);

    private string PeerAddress =>
        (Address ?? Members.GetValueOrDefault(Node) ?? Listen) is { } address && !IsWildcard(address) ? Text(address) : "";

    /// <summary>What is wrong with the options, in one sentence; null if nothing.</summary>
    public string? Problem()
    {
        if (!Members.ContainsKey(Node) && Listen is null)
            return $"Node {Node} is not in its own list of members, and has no address to listen at: add it with the address at which it listens.";
        if (Members.Count > MaxMembers)
            return $"The list of members has {Members.Count} nodes: {MaxMembers} is the most.";
        if (!IsHost(ListenAddress.Host))
            return $"The address {Text(ListenAddress)} at which node {Node} shall listen has no host name: give a name, an address or *.";
        foreach (var (node, address) in Members)
        {
            if (node.Value is < 1 or > NodeId.MaxValue)
                return $"The list of members has a node {node}: ids go from 1 to {NodeId.MaxValue}.";
            if (address.Port is < 1 or > IPEndPoint.MaxPort)
                return $"The address {Text(address)} of node {node} has no port to dial: give one from 1 to {IPEndPoint.MaxPort}.";
            if (!IsHost(address.Host))
                return $"The address {Text(address)} of node {node} has no host name: give a name or an address, at most {MaxHost} characters and no spaces.";
        }

        if (!Handshake.IsAddress(PeerAddress))
            return $"The address {PeerAddress} of node {Node} has control characters or more than {Handshake.MaxAddress} bytes: give host and port.";

        if (ClientAddress is { } client && !Handshake.IsAddress(client))
            return $"The client address of node {Node} has control characters or more than {Handshake.MaxAddress} bytes: give host and port.";
        foreach (var (name, limit) in new[] { ("handshake timeout", HandshakeTimeout), ("frame timeout", FrameTimeout), ("write timeout", WriteTimeout), ("patience with guests", GuestPatience), ("time until connections are renewed", RenewAfter) })
        {
            if (limit <= TimeSpan.Zero || limit > TimeSpan.FromDays(1))
                return $"The {name} of node {Node} is {limit}: give more than zero and at most a day.";
        }

        return null;
    }

    /// <summary>An address the way people write it.</summary>
    public static string Text(DnsEndPoint address) =>
        address.Host.Contains(':', StringComparison.Ordinal) ? $"[{address.Host}]:{address.Port}" : $"{address.Host}:{address.Port}";

    /// <summary>Reads an address the way people write it. False: it has no host, or no port from 1 to 65,535.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DnsEndPoint? address)
    {
        address = null;
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return false;
        var host = text[..colon];
        if (host is ['[', .., ']'])
            host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal))
            return false;
        if (port is < 1 or > IPEndPoint.MaxPort || !IsHost(host))
            return false;
        address = new(host, port);
        return true;
    }

    /// <summary>Whether a peer can be dialled there at all.</summary>
    public static bool IsDialable(DnsEndPoint address) => address.Port is >= 1 and <= IPEndPoint.MaxPort && IsHost(address.Host);

    /// <summary>Whether that means every address of a machine: good to listen at, and to nobody else.</summary>
    public static bool IsWildcard(DnsEndPoint address) => address.Host is "*" or "::" or "0.0.0.0";

    private static bool IsHost(string host) =>
        host.Length is > 0 and <= MaxHost && !host.Any(character => char.IsWhiteSpace(character) || char.IsControl(character));
}
