using System.Net;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting;

/// <summary>A node's settings, judged and ready to use.</summary>
internal sealed record NodeSettings
{
    /// <summary>The fewest commands that an outbox may be told to hold at the most.</summary>
    public const int MinOutboxCommands = 1;

    /// <summary>The most.</summary>
    public const int MaxOutboxCommands = 1_048_576;

    /// <summary>The fewest bytes of commands that an outbox may be told to hold at the most: one of the largest.</summary>
    public const long MinOutboxBytes = 65_536;

    /// <summary>The most: 1 GiB.</summary>
    public const long MaxOutboxBytes = 1_073_741_824;

    /// <summary>Its id.</summary>
    public required NodeId Id { get; init; }

    /// <summary>All members, with where the others dial each.</summary>
    public required IReadOnlyDictionary<NodeId, DnsEndPoint> Members { get; init; }

    /// <summary>Which cluster it is of.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>The data folder, a full path.</summary>
    public required string Data { get; init; }

    /// <summary>The shortest time without a leader before an election.</summary>
    public required TimeSpan ElectionTimeout { get; init; }

    /// <summary>The time between heartbeats.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>A snapshot is due after so many bytes of log.</summary>
    public required long SnapshotAfterBytes { get; init; }

    /// <summary>The most commands in its outbox.</summary>
    public int OutboxCommands { get; init; } = RaftNodeOptions.DefaultOutboxCommands;

    /// <summary>The most bytes of commands in it.</summary>
    public long OutboxBytes { get; init; } = RaftNodeOptions.DefaultOutboxBytes;

    /// <summary>Whether this node waits until a running cluster adds it; <see cref="Members"/> then holds it alone.</summary>
    public bool Join { get; init; }

    /// <summary>Where this node listens for its peers; they dial it at its address in <see cref="Members"/>.</summary>
    public required DnsEndPoint Listen { get; init; }

    /// <summary>Where clients, and the other nodes for them, find this node: http://host:port; null for where its server listens, if it has one.</summary>
    public string? AdvertiseHttp { get; init; }

    /// <summary>The host by which they find it where <see cref="AdvertiseHttp"/> does not say; null for the one that the server listens at.</summary>
    public string? ClientHost { get; init; }

    /// <summary>Where to listen for clients of the binary protocol; null for nowhere.</summary>
    public DnsEndPoint? Client { get; init; }

    /// <summary>Where those clients find this node; null for where it listens for them.</summary>
    public DnsEndPoint? AdvertiseClient { get; init; }

    /// <summary>Where to listen for clients of the Redis protocol; null for nowhere.</summary>
    public DnsEndPoint? Resp { get; init; }

    /// <summary>Where those clients find this node; null for where it listens for them.</summary>
    public DnsEndPoint? AdvertiseResp { get; init; }

    /// <summary>With <see cref="Join"/>: the incarnation of the cluster.</summary>
    public uint Incarnation { get; init; }

    /// <summary>The files for TLS between the nodes; null for none.</summary>
    public PeerTlsOptions? Tls { get; init; }

    /// <summary>Who may do what on the ports for clients.</summary>
    public ClientSecurity Security { get; init; } = ClientSecurity.None;

    /// <summary>Makes the state machine where there are no jobs.</summary>
    public Func<IStateMachine> Machine { get; init; } = static () => new CountingStore();

    /// <summary>The stream jobs of its machine.</summary>
    public IReadOnlyList<Job> Jobs { get; init; } = [];

    /// <summary>What it can carry of their reading.</summary>
    public JobHost? Host { get; init; }
}
