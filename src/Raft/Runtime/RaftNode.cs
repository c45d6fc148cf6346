using Microsoft.Extensions.Logging;

namespace RaftStream.Raft;

/// <summary>What a replica is doing for the cluster at a moment.</summary>
public enum Role : byte
{
    /// <summary>Follows a leader, or waits for one.</summary>
    Follower = 0,

    /// <summary>Asks whether it could win an election, without disturbing anyone (dissertation 9.6).</summary>
    PreCandidate = 1,

    /// <summary>Stands for election.</summary>
    Candidate = 2,

    /// <summary>Leads its term.</summary>
    Leader = 3,
}

/// <summary>Where a replica stands, as of its last turn.</summary>
public sealed record RaftStatus
{
    /// <summary>This node.</summary>
    public required NodeId Id { get; init; }

    /// <summary>What it does.</summary>
    public required Role Role { get; init; }

    /// <summary>Its term.</summary>
    public required Term Term { get; init; }

    /// <summary>Who leads, as far as this node knows, or <see cref="NodeId.None"/>.</summary>
    public required NodeId Leader { get; init; }

    /// <summary>Whether this node leads and has applied the entry that opened its term: only then may a source reader start.</summary>
    public required bool IsReady { get; init; }

    /// <summary>The last entry in its log.</summary>
    public required LogPosition Last { get; init; }

    /// <summary>Up to where the log is known to be committed.</summary>
    public required LogIndex Commit { get; init; }

    /// <summary>Up to where the state machine has applied it.</summary>
    public required LogIndex Applied { get; init; }

    /// <summary>The state machine's hash at <see cref="Applied"/>.</summary>
    public required ulong StateHash { get; init; }

    /// <summary>The newest snapshot on disk.</summary>
    public required LogIndex Snapshot { get; init; }

    /// <summary>Syncs of the log since the start.</summary>
    public required long Syncs { get; init; }

    /// <summary>What stopped this replica, in one sentence, or null while it is healthy.</summary>
    public required string? Fault { get; init; }
}

/// <summary>How to start a <see cref="RaftNode"/>.</summary>
public sealed record RaftNodeOptions
{
    /// <summary>This node's id; one of <see cref="Members"/>.</summary>
    public required NodeId Id { get; init; }

    /// <summary>All members with the address (host and port) at which each listens for its peers.</summary>
    public required IReadOnlyDictionary<NodeId, System.Net.DnsEndPoint> Members { get; init; }

    /// <summary>Which cluster: nodes and folders of another one are refused.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>The folder for log and snapshots; made if missing.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The address at which clients reach this node, told to the peers; null if there is none.</summary>
    public string? ClientAddress { get; init; }

    /// <summary>The shortest time without a leader before an election; the longest is twice this. Between 50 ms and 60 s.</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The time between heartbeats; at most a third of <see cref="ElectionTimeout"/>.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A snapshot is taken after this many bytes of log since the last one, at least 64 KiB.</summary>
    public long SnapshotAfterBytes { get; init; } = 64L * 1024 * 1024;
}

/// <summary>A replica could not start or go on: the message is one sentence that says where and how to mend it.</summary>
public sealed class ReplicaException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// One replica of a cluster: the public face of consensus. Safe to call from any thread.
/// </summary>
public sealed class RaftNode : IAsyncDisposable
{
    private RaftNode()
    {
    }

    /// <summary>
    /// Opens the data folder, recovers, listens for peers and starts to take part.
    /// </summary>
    /// <exception cref="ReplicaException">The folder belongs to another cluster or node, the log is damaged, or the port is taken.</exception>
    public static Task<RaftNode> StartAsync(RaftNodeOptions options, IStateMachine machine, ILoggerFactory loggers, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Where the replica stands.</summary>
    public RaftStatus Status => throw new NotSupportedException();

    /// <summary>Ends when the replica has stopped: with null after a clean stop, else with the sentence that says why.</summary>
    public Task<string?> Stopped => throw new NotSupportedException();

    /// <summary>The address at which clients reach a member, as it told this node; null while unknown.</summary>
    public string? ClientAddressOf(NodeId member) => throw new NotSupportedException();

    /// <summary>
    /// Proposes a command and waits until it is committed and applied here. Only the leader can. Cancelling gives
    /// <see cref="Outcome.Unknown"/>, not an exception: the command may still be applied.
    /// </summary>
    public ValueTask<Answer> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Answers a query linearizably: leadership is confirmed by a round that starts after this call (dissertation 6.4). Only the leader can.</summary>
    public ValueTask<Answer> ReadAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Answers a query from this replica's state as it is: some prefix of the log, perhaps an old one.</summary>
    public ValueTask<Answer> ReadLocalAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Stops taking part, syncs what was written and closes everything.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
