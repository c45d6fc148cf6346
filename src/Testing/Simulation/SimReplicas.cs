using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>How replicas are put together in a simulation: as in a real node, with the sizes that the seed has drawn.</summary>
internal static class SimReplicas
{
    /// <summary>The options of a process that starts; <paramref name="outbox"/> is the source of its node's outbox.</summary>
    public static ReplicaOptions Options(Simulation simulation, Swarm swarm, NodeId id, ulong seed, SimRandom outbox) => new()
    {
        Identity = new(Simulation.ClusterId, id),
        Configuration = id.Value <= simulation.Options.Nodes ? simulation.Configuration : Configuration.Empty,
        Core = new()
        {
            ElectionTimeout = Simulation.ElectionTimeout,
            HeartbeatInterval = TimeSpan.FromMilliseconds(50),
            MaxAppendBytes = swarm.MaxAppendBytes,
            MaxAppendEntries = swarm.MaxAppendEntries,
            MaxInflightAppends = swarm.Window,
            CaughtUpBytes = swarm.CaughtUpBytes,
            MaxDrift = simulation.Drift,
        },
        Log = new() { FirstSegmentSize = swarm.SegmentBytes, MaxSegmentSize = swarm.SegmentBytes * 4, Chunks = swarm.Chunks },
        SnapshotAfterBytes = swarm.SnapshotAfterBytes,
        SnapshotAfterEntries = swarm.SnapshotAfterEntries,
        Sessions = swarm.Sessions,
        CacheBytes = swarm.CacheBytes,
        Outbox = new() { MaxCommands = outbox.Between(4, 64), EpochBytes = outbox.Between(100, 2000), Epoch = new(outbox.NextBits(), outbox.NextBits()) },
        Seed = seed,
    };
}
