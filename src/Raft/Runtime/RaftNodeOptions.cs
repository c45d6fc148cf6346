using System.Net;
using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;

namespace RaftStream.Raft;

/// <summary>How to start a <see cref="RaftNode"/>.</summary>
public sealed record RaftNodeOptions
{
    /// <summary>16 MiB: a restart has at most twice that to read and apply, which takes about a second.</summary>
    public const long DefaultSnapshotAfterBytes = 16L * 1024 * 1024;

    /// <summary>One million: a restart applies at most twice as many.</summary>
    public const long DefaultSnapshotAfterEntries = 1_000_000;

    /// <summary>64 MiB a second: a gibibyte in about 16 s.</summary>
    public const long DefaultSnapshotBytesPerSecond = 64L * 1024 * 1024;

    /// <summary>16,384: a tentative read looks at each of them, which takes about a millisecond.</summary>
    public const int DefaultOutboxCommands = 16_384;

    /// <summary>16 MiB: that much memory, and a little more on disk.</summary>
    public const long DefaultOutboxBytes = 16L * 1024 * 1024;

    /// <summary>This node's id; one of <see cref="Members"/>.</summary>
    public required NodeId Id { get; init; }

    /// <summary>All members with the address (host and port) at which the others dial each.</summary>
    public required IReadOnlyDictionary<NodeId, DnsEndPoint> Members { get; init; }

    /// <summary>
    /// Where this node listens for its peers; null for its address in <see cref="Members"/>. Another one where what peers dial is passed on to it, as to a
    /// container; <c>0.0.0.0</c> or <c>*</c> for every address of the machine.
    /// </summary>
    public DnsEndPoint? Listen { get; init; }

    /// <summary>Which cluster: nodes and folders of another one are refused.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>The folder for log and snapshots; made if missing.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The address at which clients reach this node, told to the peers; null if there is none.</summary>
    public string? ClientAddress { get; init; }

    /// <summary>
    /// Whether this node waits to be added to a cluster that runs: <see cref="Members"/> then needs to hold this node only, and who the
    /// members are is learned from their leader. Means nothing once the data folder holds a log.
    /// </summary>
    public bool Join { get; init; }

    /// <summary>
    /// With <see cref="Join"/>: the incarnation of the cluster that this node joins, as <see cref="RaftStatus.Incarnation"/> of its members says: above
    /// zero once it was restored or reset. Means nothing once the data folder holds a log.
    /// </summary>
    public uint Incarnation { get; init; }

    /// <summary>Certificates for TLS between the nodes; null for connections without.</summary>
    public PeerTlsOptions? PeerTls { get; init; }

    /// <summary>The shortest time without a leader before an election; the longest is twice this. Between 50 ms and 60 s.</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The time between heartbeats; at most a third of <see cref="ElectionTimeout"/>.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>While this node leads, all nodes take a snapshot after this many bytes of log since the last one, at least 64 KiB.</summary>
    public long SnapshotAfterBytes { get; init; } = DefaultSnapshotAfterBytes;

    /// <summary>While this node leads, all nodes take a snapshot after this many entries since the last one, too; at least 1,000.</summary>
    public long SnapshotAfterEntries { get; init; } = DefaultSnapshotAfterEntries;

    /// <summary>How fast this node fetches a snapshot from its peers at the most, in bytes a second, so that their writes do not wait for it; at least 1 MiB.</summary>
    public long SnapshotBytesPerSecond { get; init; } = DefaultSnapshotBytesPerSecond;

    /// <summary>Commands that may wait in this node's outbox (<see cref="WriteConcern.Available"/>); 1 to 1,048,576.</summary>
    public int OutboxCommands { get; init; } = DefaultOutboxCommands;

    /// <summary>Bytes of commands that may wait in this node's outbox; 64 KiB to 1 GiB.</summary>
    public long OutboxBytes { get; init; } = DefaultOutboxBytes;

    /// <exception cref="ReplicaException">An option is out of range.</exception>
    internal void Check()
    {
        if (!Members.ContainsKey(Id))
            throw new ReplicaException($"Node {Id} is not in its own list of members: add it with the address at which it listens.");
        if (Members.Count > Core.Configuration.MaxVoters)
            throw new ReplicaException($"The cluster has {Members.Count} members: {Core.Configuration.MaxVoters} is the most.");
        foreach (var member in Members.Keys)
        {
            if (member.Value is < 1 or > NodeId.MaxValue)
                throw new ReplicaException($"Member id {member} is out of range: ids go from 1 to {NodeId.MaxValue}.");
        }

        if (ElectionTimeout < TimeSpan.FromMilliseconds(50) || ElectionTimeout > TimeSpan.FromSeconds(60))
            throw new ReplicaException($"The election timeout is {ElectionTimeout.TotalMilliseconds} ms: give 50 to 60000 ms.");
        if (HeartbeatInterval <= TimeSpan.Zero || HeartbeatInterval > ElectionTimeout / 3)
            throw new ReplicaException($"The heartbeat interval is {HeartbeatInterval.TotalMilliseconds} ms: give more than zero and at most a third of the election timeout.");
        if (SnapshotBytesPerSecond < 1024 * 1024)
            throw new ReplicaException($"Snapshots at {SnapshotBytesPerSecond} bytes a second would take too long: give at least 1048576.");
        if (SnapshotAfterBytes < 64 * 1024)
            throw new ReplicaException($"A snapshot after {SnapshotAfterBytes} bytes is too often: give at least 65536.");
        if (SnapshotAfterEntries < 1000)
            throw new ReplicaException($"A snapshot after {SnapshotAfterEntries} entries is too often: give at least 1000.");
        if (OutboxCommands is < 1 or > 1_048_576)
            throw new ReplicaException($"An outbox of {OutboxCommands} commands is out of range: give 1 to 1048576.");
        if (OutboxBytes is < 64 * 1024 or > 1024L * 1024 * 1024)
            throw new ReplicaException($"An outbox of {OutboxBytes} bytes is out of range: give 65536 to 1073741824.");
        if (string.IsNullOrWhiteSpace(DataFolder))
            throw new ReplicaException("The data folder is missing: name one.");
    }

    /// <summary>The parts of a replica as these options want them; both numbers are random ones of this start.</summary>
    internal ReplicaOptions ToReplica(ulong seed, UInt128 epoch = default) => new()
    {
        Identity = new(ClusterId, Id),
        Configuration = Join
            ? Core.Configuration.Empty
            : new(Members.Select(static member => new Core.Member { Id = member.Key, Address = Wire.TransportOptions.Text(member.Value), IsVoter = true })),
        Core = new() { ElectionTimeout = ElectionTimeout, HeartbeatInterval = HeartbeatInterval },
        SnapshotAfterBytes = SnapshotAfterBytes,
        SnapshotBytesPerSecond = SnapshotBytesPerSecond,
        SnapshotAfterEntries = SnapshotAfterEntries,
        Seed = seed,
        Incarnation = Incarnation,
        Outbox = new() { MaxCommands = OutboxCommands, MaxBytes = OutboxBytes, Epoch = epoch },
    };
}
