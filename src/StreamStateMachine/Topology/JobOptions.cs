namespace RaftStream.StreamStateMachine;

/// <summary>
/// Limits of a job. Unless said otherwise they are part of its topology: equal on all nodes, and a job that has begun keeps those that it began with.
/// </summary>
public sealed record JobOptions
{
    /// <summary>
    /// How many bytes of state it may have, counted as the bytes of keys and values and 32 for each entry: 64 KiB to 1 TiB, 1 GiB unless said otherwise. Records that would need more are declined, with
    /// their batch, until there is room; what is there goes on being changed and read.
    /// </summary>
    public long MaxStateBytes { get; init; } = 1L << 30;

    /// <summary>How many outputs may wait at a sink before the job takes no more records: 1 to 1,000,000.</summary>
    public long MaxWaitingOutputs { get; init; } = 100_000;

    /// <summary>How many timers fire in one command: 1 to 1,000,000. More are fired by the commands behind it.</summary>
    public int MaxTimersPerCommand { get; init; } = 4096;

    /// <summary>Which job's partitions are dealt out to nodes first: 0 to 100, the highest first. Not part of the topology.</summary>
    public int Priority { get; init; } = 50;

    /// <summary>What reading a partition takes of a node's processors, in the unit that nodes declare what they have: 1 to 1,000. Not part of the topology.</summary>
    public int CpuCost { get; init; } = 1;

    /// <summary>The same of a node's memory.</summary>
    public int MemoryCost { get; init; } = 1;

    internal void Check()
    {
        if (MaxStateBytes is < 1 << 16 or > 1L << 40)
            throw new ArgumentException($"A job has 64 KiB to 1 TiB of state, not {MaxStateBytes} bytes: set {nameof(MaxStateBytes)} between these.");
        if (MaxWaitingOutputs is < 1 or > 1_000_000)
            throw new ArgumentException($"1 to 1,000,000 outputs wait at a sink, not {MaxWaitingOutputs}: set {nameof(MaxWaitingOutputs)} between these.");
        if (MaxTimersPerCommand is < 1 or > 1_000_000)
            throw new ArgumentException($"1 to 1,000,000 timers fire in a command, not {MaxTimersPerCommand}: set {nameof(MaxTimersPerCommand)} between these.");
        if (Priority is < 0 or > 100 || CpuCost is < 1 or > 1000 || MemoryCost is < 1 or > 1000)
            throw new ArgumentException($"A job's priority is 0 to 100 and what a partition costs 1 to 1,000: set {nameof(Priority)}, {nameof(CpuCost)} and {nameof(MemoryCost)} between these.");
    }
}
