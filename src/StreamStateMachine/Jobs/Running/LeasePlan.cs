namespace RaftStream.StreamStateMachine;

/// <summary>
/// Which node is to read which partition. Leases stay where they are while their node lives and is not drained, except where another node would carry much less; those without one go to the node that is
/// loaded least, jobs of high priority first.
/// </summary>
/// <remarks>
/// A node's load is what its partitions cost over what it has declared, of processors or memory, whichever is more. Only one lease moves for balance at a time, and only where that lowers the higher of the two loads: so the plan comes to
/// rest.
/// </remarks>
internal static class LeasePlan
{
    /// <summary>The leases that are to change.</summary>
    /// <param name="partitions">All partitions of all jobs, with the lease that each has now.</param>
    /// <param name="hosts">The nodes that live; a drained one gets nothing.</param>
    public static IReadOnlyList<LeaseMove> Make(IReadOnlyCollection<LeasedPartition> partitions, IReadOnlyCollection<JobHost> hosts)
    {
        var loads = hosts.Where(static host => !host.IsDrained).OrderBy(static host => host.Node).Select(static host => new Load(host)).ToList();
        if (loads.Count == 0)
            return [.. partitions.Where(partition => partition.Holder != 0 && hosts.All(host => host.Node != partition.Holder || host.IsDrained)).Select(static partition => new LeaseMove(partition, 0))];
        var homeless = new List<LeasedPartition>();
        foreach (var partition in partitions)
        {
            if (loads.Find(load => load.Host.Node == partition.Holder) is { } holder)
                holder.Add(partition);
            else
                homeless.Add(partition);
        }

        var moves = new List<LeaseMove>();
        foreach (var partition in homeless.OrderByDescending(static partition => partition.Priority).ThenBy(static partition => partition.Name, StringComparer.Ordinal))
        {
            var least = loads.MinBy(load => load.With(partition))!;
            least.Add(partition);
            moves.Add(new(partition, least.Host.Node));
        }

        if (moves.Count == 0 && Balance(loads) is { } move)
            moves.Add(move);
        return moves;
    }

    private static LeaseMove? Balance(List<Load> loads)
    {
        var most = loads.MaxBy(static load => load.Value)!;
        LeaseMove? best = null;
        var lowest = most.Value;
        foreach (var partition in most.Partitions.OrderBy(static partition => partition.Name, StringComparer.Ordinal))
        {
            foreach (var other in loads.Where(load => load != most))
            {
                var higher = Math.Max(most.Without(partition), other.With(partition));
                if (higher >= lowest)
                    continue;
                lowest = higher;
                best = new(partition, other.Host.Node);
            }
        }

        return best;
    }

    private sealed class Load(JobHost host)
    {
        private long _cpu;
        private long _memory;

        public JobHost Host => host;

        public List<LeasedPartition> Partitions { get; } = [];

        public double Value => Of(_cpu, _memory);

        public void Add(LeasedPartition partition)
        {
            Partitions.Add(partition);
            _cpu += partition.CpuCost;
            _memory += partition.MemoryCost;
        }

        public double With(LeasedPartition partition) => Of(_cpu + partition.CpuCost, _memory + partition.MemoryCost);

        public double Without(LeasedPartition partition) => Of(_cpu - partition.CpuCost, _memory - partition.MemoryCost);

        private double Of(long cpu, long memory) => Math.Max((double)cpu / host.Cpu, (double)memory / host.Memory);
    }
}

/// <summary>A partition as the plan sees it.</summary>
/// <param name="Job">The job.</param>
/// <param name="Source">The number of its source.</param>
/// <param name="Partition">The partition's own name.</param>
/// <param name="Holder">The node that has its lease; 0: none.</param>
/// <param name="Priority">The job's priority.</param>
/// <param name="CpuCost">What it takes of processors.</param>
/// <param name="MemoryCost">What it takes of memory.</param>
internal sealed record LeasedPartition(string Job, int Source, string Partition, int Holder, int Priority, int CpuCost, int MemoryCost)
{
    /// <summary>A name among all jobs, for an order.</summary>
    public string Name => $"{Job}/{Source}/{Partition}";
}

/// <summary>A lease that is to change.</summary>
/// <param name="Partition">Of which partition.</param>
/// <param name="To">The node that gets it; 0: none.</param>
internal sealed record LeaseMove(LeasedPartition Partition, int To);
