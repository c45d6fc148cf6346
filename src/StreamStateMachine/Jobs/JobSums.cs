using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>What is counted of a job, as entries of its state.</summary>
internal sealed class JobSums(JobContext context)
{
    private const byte Late = 1;
    private const byte Commands = 2;
    private const byte SourceRecords = 3;
    private const byte LogRecords = 4;
    private const byte PartitionCount = 5;

    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(16);

    /// <summary>A record came too late for an operator.</summary>
    public void CountLate(TopologyNode node) => Add(Late, (ushort)node.Id, 1);

    /// <summary>How many records came too late for an operator.</summary>
    public long LateAt(TopologyNode node) => Get(Late, (ushort)node.Id);

    /// <summary>A command took in so many records of a source, of which so many are in the log.</summary>
    public void CountCommand(long sourceRecords, long logRecords)
    {
        Add(Commands, 0, 1);
        Add(SourceRecords, 0, sourceRecords);
        Add(LogRecords, 0, logRecords);
    }

    /// <summary>A partition became known.</summary>
    public void CountPartition() => Add(PartitionCount, 0, 1);

    /// <summary>How many partitions are known.</summary>
    public long Partitions => Get(PartitionCount, 0);

    /// <summary>Commands so far, records of sources in them, and records that the log holds for these.</summary>
    public (long Commands, long SourceRecords, long LogRecords) Taken => (Get(Commands, 0), Get(SourceRecords, 0), Get(LogRecords, 0));

    private void Add(byte kind, ushort of, long more)
    {
        if (more == 0)
            return;
        var sum = Get(kind, of) + more;
        _value.ResetWrittenCount();
        Codecs.Int64.Write(_value, sum);
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private long Get(byte kind, ushort of)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Job);
        _key.Write(kind);
        _key.Write(of);
        return context.State.TryGet(_key.Span, out var stored) ? Codecs.Int64.Read(stored) : 0;
    }
}
