namespace RaftStream.StreamStateMachine;

/// <summary>
/// How many records go into a batch, by how long the replicas take for one: applying a command must not keep a node from its heartbeats. Halved where one takes long, and raised little by little where it does not.
/// Owned by one reading of a partition, run after run.
/// </summary>
internal sealed class BatchSize
{
    private const int Least = 16;
    private const int First = 512;
    private static readonly TimeSpan TooLong = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(5);

    /// <summary>How many records the next batch may have.</summary>
    public int Records { get; private set; } = First;

    /// <summary>A batch was applied that long after the one before it, which it waited for.</summary>
    public void Took(TimeSpan time)
    {
        if (time > TooLong)
            Records = Math.Max(Math.Min(Least, Records), Records / 2);
        else if (time < Short)
            Records = Math.Min(JobLimits.BatchRecords, Records + Math.Max(1, Records / 8));
    }

    /// <summary>A batch of so many records became too large for a command. False: it was one record, and there is no smaller batch.</summary>
    public bool WasTooLarge(long records)
    {
        Records = (int)Math.Max(1, Math.Min(Records, records) / 2);
        return records > 1;
    }
}
