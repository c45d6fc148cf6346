using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Brings what the core wants on disk into records and to the disk agent, and into the cache on the way. Owned by the consensus agent.
/// </summary>
internal sealed class LogWriter(RaftCore core, EntryCache cache, ApplyFeed feed, LogClock clock, BoundedQueue<DiskWork> disk)
{
    /// <summary>The entry that opened the term that this node leads; zero while it does not lead.</summary>
    public LogIndex Opening { get; private set; }

    /// <summary>This node leads no more.</summary>
    public void LoseTerm()
    {
        Opening = LogIndex.Zero;
        clock.Stop();
    }

    /// <summary>Hands the output's write to the disk; <paramref name="first"/> is the first entry in <paramref name="records"/>.</summary>
    public void Write(CoreOutput output, LogIndex first, ReadOnlyMemory<byte> records)
    {
        if (output.Install != LogPosition.Zero)
        {
            cache.Reset(output.Install.Index.Next);
            feed.Install(output.Install);
            Enqueue(new() { Kind = DiskWorkKind.Install, Sequence = output.WriteSequence, Chunk = new(output.Install, 0) });
            return;
        }

        var written = ReadOnlyMemory<byte>.Empty;
        if (output.AppendCount > 0)
        {
            written = output.AppendIsOwn ? OwnRecord(output) : Slice(records, first, output.AppendFirst);
            cache.Add(output.AppendFirst, output.AppendCount, written);
            LogRecord.TryReadHeader(cache.RecordAt(cache.Last).Span, out var last);
            clock.Saw(last.Time);
        }

        Enqueue(new()
        {
            Kind = DiskWorkKind.Write,
            Sequence = output.WriteSequence,
            HardState = output.HardState,
            First = output.AppendFirst,
            Count = output.AppendCount,
            Bytes = written,
        });
    }

    /// <summary>The part of the input's records from <paramref name="wanted"/> on: what comes before it the log held already.</summary>
    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> records, LogIndex first, LogIndex wanted)
    {
        for (var index = first; index < wanted; index = index.Next)
        {
            LogRecord.TryReadHeader(records.Span, out var record);
            records = records[record.Size..];
        }

        return records;
    }

    /// <summary>The record of an entry that the leader makes itself. While time stands still, until the opening entry is applied, so does its stamp.</summary>
    private byte[] OwnRecord(CoreOutput output)
    {
        if (Opening == LogIndex.Zero)
        {
            clock.Stop();
            Opening = output.AppendFirst;
        }

        return output.Configuration is { } configuration
            ? Record(output.AppendFirst, EntryKind.Configuration, ConfigurationFormat.ToBytes(configuration))
            : Record(output.AppendFirst, EntryKind.Noop, []);
    }

    private byte[] Record(LogIndex index, EntryKind kind, ReadOnlySpan<byte> payload)
    {
        var record = new LogRecord(new(index, core.Term), clock.Latest, kind, payload.Length);
        var bytes = new byte[record.Size];
        record.Write(bytes, payload);
        return bytes;
    }

    private void Enqueue(in DiskWork item)
    {
        var taken = disk.TryEnqueue(item);
        Invariant.Check(taken, "an input is taken only where the disk queue has room for what it causes");
    }
}
