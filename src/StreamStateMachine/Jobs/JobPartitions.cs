using System.Buffers;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The partitions of a job's sources, as entries of the state: where each stands, and in a second order how far behind each is, so that the least watermark is found at once.
/// </summary>
internal sealed class JobPartitions(JobContext context)
{
    private const int NameAt = 2;

    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(256);

    /// <summary>Where a partition stands; null: it is not known.</summary>
    public JobPartition? Find(int source, string name)
    {
        WriteKey(source, name);
        return context.State.TryGet(_key.Span, out var stored) ? JobPartition.Read(stored) : null;
    }

    /// <summary>Makes a partition known, which from here on holds the watermark back.</summary>
    public JobPartition Add(int source, string name)
    {
        var partition = JobPartition.New(context.LogTime);
        Put(source, name, null, partition);
        context.Sums.CountPartition();
        WatchIdleness(source, name, context.LogTime);
        return partition;
    }

    /// <summary>Changes where a partition stands.</summary>
    public void Set(int source, string name, JobPartition before, JobPartition after) => Put(source, name, before, after);

    /// <summary>The least watermark of a source's partitions that are not idle; null: there is none.</summary>
    public long? WatermarkOf(int source, out bool isKnown)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Behind);
        _key.Write((byte)source);
        if (context.State.TryCeiling(_key.Span, out var found, out _) && found.StartsWith(_key.Span))
        {
            isKnown = true;
            return StateKeys.Int64At(found, NameAt);
        }

        _key.Cut(0);
        _key.Write(StateKeys.Partition);
        _key.Write((byte)source);
        isKnown = context.State.TryCeiling(_key.Span, out found, out _) && found.StartsWith(_key.Span);
        return null;
    }

    /// <summary>All partitions of all sources, in the order of sources and names.</summary>
    public List<(int Source, string Name, JobPartition Partition)> ToList()
    {
        var partitions = new List<(int Source, string Name, JobPartition Partition)>();
        byte[] from = [StateKeys.Partition];
        while (context.State.TryCeiling(from, out var found, out var stored) && found[0] == StateKeys.Partition)
        {
            partitions.Add((found[1], Encoding.UTF8.GetString(found[NameAt..]), JobPartition.Read(stored)));
            from = [.. found, 0];
        }

        return partitions;
    }

    /// <summary>A partition may have been silent for as long as is allowed.</summary>
    public void OnTimer(ReadOnlySpan<byte> payload)
    {
        var (source, name) = (payload[0], Encoding.UTF8.GetString(payload[1..]));
        var partition = Find(source, name);
        if (partition is null)
            return;
        var silentSince = partition.LastLogTime + context.Job.Sources[source].IdleAfter;
        if (silentSince > context.LogTime)
        {
            WatchIdleness(source, name, partition.LastLogTime);
            return;
        }

        if (partition.Watermark < long.MaxValue)
            Put(source, name, partition, partition with { IsIdle = true });
    }

    /// <summary>Has a look taken when the partition may have been silent for long enough.</summary>
    public void WatchIdleness(int source, string name, long since)
    {
        var idleAfter = context.Job.Sources[source].IdleAfter;
        if (idleAfter == 0)
            return;
        context.Timers.SetOwn(WindowSpec.After(since, idleAfter), [(byte)source, .. Encoding.UTF8.GetBytes(name)]);
    }

    private void Put(int source, string name, JobPartition? before, JobPartition after)
    {
        if (before is { IsIdle: false } && (after.IsIdle || after.Watermark != before.Watermark))
        {
            WriteBehind(source, name, before.Watermark);
            context.State.Remove(_key.Span);
        }

        if (!after.IsIdle && (before is null or { IsIdle: true } || before.Watermark != after.Watermark))
        {
            WriteBehind(source, name, after.Watermark);
            context.State.Put(_key.Span, []);
        }

        WriteKey(source, name);
        _value.ResetWrittenCount();
        after.Write(_value);
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private void WriteKey(int source, string name)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Partition);
        _key.Write((byte)source);
        _key.WriteRaw(Encoding.UTF8.GetBytes(name));
    }

    private void WriteBehind(int source, string name, long watermark)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Behind);
        _key.Write((byte)source);
        _key.Write(watermark);
        _key.WriteRaw(Encoding.UTF8.GetBytes(name));
    }
}
