using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>How a replica is put together.</summary>
internal sealed record ReplicaOptions
{
    public required LogIdentity Identity { get; init; }

    public required Configuration Configuration { get; init; }

    public required CoreOptions Core { get; init; }

    public LogOptions Log { get; init; } = new();

    /// <summary>Bytes of log between two snapshots.</summary>
    public required long SnapshotAfterBytes { get; init; }

    /// <summary>Entries between two snapshots.</summary>
    public long SnapshotAfterEntries { get; init; } = RaftNodeOptions.DefaultSnapshotAfterEntries;

    /// <summary>What the cluster remembers for its clients: the same on every replica.</summary>
    public SessionLimits Sessions { get; init; } = SessionLimits.Default;

    /// <summary>How much this node's outbox takes.</summary>
    public OutboxOptions Outbox { get; init; } = new();

    /// <summary>Bytes of records kept in memory.</summary>
    public long CacheBytes { get; init; } = 16L * 1024 * 1024;

    /// <summary>How fast a peer's snapshot is fetched at the most.</summary>
    public long SnapshotBytesPerSecond { get; init; } = RaftNodeOptions.DefaultSnapshotBytesPerSecond;

    /// <summary>For timers and salts; differs from start to start.</summary>
    public required ulong Seed { get; init; }

    /// <summary>For a folder that is new: the incarnation of the cluster that the replica joins.</summary>
    public uint Incarnation { get; init; }
}

/// <summary>
/// One replica without threads: core, log, state machine and the agents between them, over any clock, disk and network. The node
/// polls it with threads; the simulator polls the same agents itself.
/// </summary>
internal sealed class Replica : IDisposable
{
    private Replica(ReplicaOptions options, Storage storage, RecoveryFacts facts, IDisk disk, IStateMachine machine, INetwork network, IClock clock, ReplicaQueues queues)
    {
        (Queues, Facts) = (queues, facts);
        var snapshot = storage.Snapshots.Newest;
        var log = storage.Log;
        var placed = RecoveredMembers.At(snapshot, options.Configuration);
        var recovery = new CoreRecovery(log.HardState, log.Base, snapshot?.Position ?? LogPosition.Zero, Shapes(log))
        {
            ConfigurationIndex = placed.Index,
            Configurations = RecoveredMembers.Behind(LogIndex.Max(placed.Index, snapshot?.Position.Index ?? LogIndex.Zero), log),
            Disk = log.Birth.Disk,
            Life = options.Seed | 1,
        };
        var core = new RaftCore(options.Core, placed.Configuration, options.Identity.Node, recovery, options.Seed, clock.Now);
        Policy = new(options.SnapshotAfterBytes, options.SnapshotAfterEntries);
        Consensus = new(core, options.Core, queues, network, Policy, options.CacheBytes, options.SnapshotBytesPerSecond, Math.Max(log.LastTime, snapshot?.Description.Time ?? 0), log.Birth.Incarnation);
        Disk = new(storage, queues.Disk, queues.DiskDone);
        var board = queues.BoardOf(options.Identity.Node);
        Apply = new(new(machine, options.Sessions), queues.Apply, queues.ApplyDone, queues.SpareRuns, board);
        if (snapshot is not null)
            Apply.Recover(storage.Snapshots.OpenReader(snapshot.Position));
        Consensus.Recovered(Apply.Applied, Apply.State.Hash);
        Outbox = new(disk, options.Identity, options.Outbox, machine, queues, board, options.Seed, clock.Now);
    }

    public ConsensusAgent Consensus { get; }

    public DiskAgent Disk { get; }

    public ApplyAgent Apply { get; }

    /// <summary>What this node accepts without asking anybody.</summary>
    public OutboxAgent Outbox { get; }

    public SnapshotPolicy Policy { get; }

    public ReplicaQueues Queues { get; }

    /// <summary>Which life of the cluster the data folder belongs to.</summary>
    public uint Incarnation => Disk.Log.Birth.Incarnation;

    /// <summary>What the log's recovery found.</summary>
    public RecoveryFacts Facts { get; }

    /// <summary>Recovers what the disk holds and puts the agents together.</summary>
    /// <exception cref="ReplicaException">The folder is another cluster's or node's, or damaged, or a file of it cannot be opened.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public static Replica Open(ReplicaOptions options, IDisk disk, IStateMachine machine, INetwork network, IClock clock, ReplicaQueues queues)
    {
        var opening = Storage.Open(disk, options.Identity, options.Log, options.Seed, options.Incarnation);
        if (opening.Storage is not { } storage)
            throw new ReplicaException(opening.Problem!.Sentence);
        var isOpen = false;
        try
        {
            var replica = new Replica(options, storage, opening.Facts, disk, machine, network, clock, queues);
            isOpen = true;
            return replica;
        }
        catch (InvalidDataException damage)
        {
            throw new ReplicaException($"The newest snapshot cannot be restored: {damage.Message} Replace this replica.", damage);
        }
        finally
        {
            if (!isOpen)
                storage.Dispose();
        }
    }

    /// <summary>Why the replica fell silent, in one sentence, or null while it is well.</summary>
    public string? Fault => Consensus.Core.Output.Fault switch
    {
        CoreFault.None => null,
        CoreFault.LogFailed => $"The log can no longer be written ({Consensus.DiskProblem}): mend the disk and start the node again; nothing acknowledged is lost.",
        CoreFault.AcknowledgedEntriesLost => "The log of this node ends before entries that it acknowledged, so its disk lost data or was put back to an older copy, and a vote may be lost with them: it must not vote again under its id, replace it by a new member with an empty folder.",
        CoreFault.Removed => "This node was removed from the cluster: its data folder can go; to bring the machine back, add it under an id never used before.",
        CoreFault.OtherDisk => $"The cluster knows node {Consensus.Core.Self} with another data folder, so what this node had promised is lost: bring it back with 'raftstream members replace' under an id never used before.",
        _ => "The leader's log contradicts entries that are committed here, so this folder holds another history under the same cluster's name: find out which one is right before you start the node again.",
    };

    /// <summary>Ends the work: answers every caller, closes the disk. The agents must not be polled any more.</summary>
    public void Dispose()
    {
        Consensus.Stop();
        Apply.Stop();
        Outbox.Dispose();
        Disk.Dispose();
    }

    private static IEnumerable<EntryShape> Shapes(SegmentedLog log)
    {
        for (var index = log.Base.Index.Next; index <= log.Last.Index; index = index.Next)
            yield return log.ShapeOf(index);
    }
}
