using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>What a replica has counted itself in one life of its process, by names.</summary>
internal static class ReplicaCounts
{
    /// <summary>Adds it, at the end of that life.</summary>
    public static void Add(EventCounts counts, Replica replica)
    {
        var sessions = replica.Apply.State.Sessions.Counters;
        counts.Add("session expired on a replica", sessions.Expired.Value);
        counts.Add("session evicted on a replica", sessions.Evicted.Value);
        counts.Add("session command repeated on a replica", sessions.Repeated.Value);
        counts.Add("session window full on a replica", sessions.WindowFull.Value);
        counts.Add("snapshot point passed by", replica.Apply.Counters.CapturesSkipped.Value);

        var chunks = replica.Disk.Snapshots;
        counts.Add("snapshot chunk written", chunks.Written.Value);
        counts.Add("snapshot chunk reused", chunks.Reused.Value - chunks.Spared.Value);
        counts.Add("snapshot chunk spared a receiver", chunks.Spared.Value);
        counts.Add("snapshot chunk damaged and written anew", chunks.Damaged.Value);
    }
}
