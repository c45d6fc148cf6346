using System.Net;

namespace RaftStream.Raft.Wire;

/// <summary>How to start a <see cref="TcpTransport"/>.</summary>
internal sealed record TransportOptions
{
    /// <summary>The largest cluster.</summary>
    public const int MaxMembers = 64;

    /// <summary>The longest host name, in characters: what the name service takes.</summary>
    private const int MaxHost = 255;

    /// <summary>This node; one of <see cref="Members"/>.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Which cluster: nodes of another one are refused.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>Which life of the cluster; zero today.</summary>
    public ulong ClusterIncarnation { get; init; }

    /// <summary>A random number of this process start. Also the seed of all random waits.</summary>
    public required ulong ProcessIncarnation { get; init; }

    /// <summary>All members, at most <see cref="MaxMembers"/>, with the address at which each listens for its peers.</summary>
    public required IReadOnlyDictionary<NodeId, DnsEndPoint> Members { get; init; }

    /// <summary>
    /// Where to listen: the own address in <see cref="Members"/> unless given. An address or a name of this machine binds to just
    /// that; <c>0.0.0.0</c> to all of IPv4; <c>*</c> and <c>::</c> to everything.
    /// </summary>
    public DnsEndPoint? Listen { get; init; }

    /// <summary>Where clients reach this node, at most 255 bytes of UTF-8; null if nowhere.</summary>
    public string? ClientAddress { get; init; }

    /// <summary>How long a connection may take to be made, and then its handshake. More than zero.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The endpoint to bind to.</summary>
    public DnsEndPoint ListenAddress => Listen ?? Members[Node];

    /// <summary>What this node says of itself.</summary>
    public HandshakeIdentity Identity => new(ClusterId, ClusterIncarnation, Node, ProcessIncarnation, ClientAddress ?? "");

    /// <summary>What is wrong with the options, in one sentence; null if nothing.</summary>
    public string? Problem()
    {
        if (!Members.ContainsKey(Node))
            return $"Node {Node} is not in its own list of members: add it with the address at which it listens.";
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

        if (ClientAddress is { } client && !Handshake.IsAddress(client))
            return $"The client address of node {Node} has control characters or more than {Handshake.MaxAddress} bytes: give host and port.";
        return HandshakeTimeout > TimeSpan.Zero ? null : $"The handshake timeout of node {Node} is {HandshakeTimeout}: give more than zero.";
    }

    private static bool IsHost(string host) =>
        host.Length is > 0 and <= MaxHost && !host.Any(character => char.IsWhiteSpace(character) || char.IsControl(character));

    /// <summary>An address the way people write it.</summary>
    public static string Text(DnsEndPoint address) =>
        address.Host.Contains(':', StringComparison.Ordinal) ? $"[{address.Host}]:{address.Port}" : $"{address.Host}:{address.Port}";
}
