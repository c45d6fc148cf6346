using System.Globalization;

namespace RaftStream.StreamStateMachine;

/// <summary>Tells when another node leads, or when a partition is read by another one than before.</summary>
internal sealed class MoveWatch
{
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <summary>What has moved since the last look at a job; null: nothing, or it is the first look.</summary>
    public string? See(Job job, JobStatus status, NodeId leader)
    {
        if (!_seen.TryGetValue(job.Name, out var seen))
            _seen.Add(job.Name, seen = new());
        string? what = null;
        if (leader != NodeId.None && seen.Leader != leader)
        {
            if (seen.Leader != NodeId.None)
                what = string.Create(CultureInfo.InvariantCulture, $"Node {leader} leads instead of node {seen.Leader}.");
            seen.Leader = leader;
        }

        foreach (var (source, partition, at) in status.Partitions)
        {
            if (at.Holder == 0)
                continue;
            if (seen.Holders.TryGetValue((source, partition), out var holder) && holder != at.Holder)
                what ??= string.Create(CultureInfo.InvariantCulture, $"Node {at.Holder} reads {partition} of {source} instead of node {holder}.");
            seen.Holders[(source, partition)] = at.Holder;
        }

        return what;
    }

    private sealed class Seen
    {
        public NodeId Leader { get; set; }

        /// <summary>Bounded by the partitions that a job may have.</summary>
        public Dictionary<(string Source, string Partition), int> Holders { get; } = [];
    }
}
