using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Where a job stands at one place in the log.</summary>
/// <param name="Entries">Entries of its state.</param>
/// <param name="Bytes">Bytes of its state, as <see cref="JobOptions.MaxStateBytes"/> counts them.</param>
/// <param name="Commands">Batches taken in.</param>
/// <param name="SourceRecords">Records of sources in these.</param>
/// <param name="LogRecords">Records in the log for them: fewer where partial aggregates stand for many.</param>
/// <param name="DeadLetters">Records that were set aside.</param>
/// <param name="NextLogTimer">The log time in nanoseconds at which the next timer is due; -1: none is set.</param>
/// <param name="IsBehind">Whether timers are due that the commands so far have not fired.</param>
/// <param name="Partitions">Where its partitions stand.</param>
/// <param name="Watermarks">How far event time has come, for each set of sources that operators depend on: milliseconds since 1970-01-01 UTC.</param>
/// <param name="Sinks">What its sinks were given.</param>
/// <param name="Late">How many records came too late, by operator; those without one are left out.</param>
/// <param name="Hosts">What nodes have declared that they can carry.</param>
/// <param name="Files">How far its file sinks have come.</param>
internal sealed record JobStatus(
    long Entries,
    long Bytes,
    long Commands,
    long SourceRecords,
    long LogRecords,
    long DeadLetters,
    long NextLogTimer,
    bool IsBehind,
    IReadOnlyList<PartitionStatus> Partitions,
    IReadOnlyList<long> Watermarks,
    IReadOnlyList<SinkStatus> Sinks,
    IReadOnlyList<(string Operator, long Records)> Late,
    IReadOnlyList<JobHost> Hosts,
    IReadOnlyList<FileSinkStatus> Files)
{
    /// <summary>Reads what <see cref="JobAnswers.WriteStatus"/> wrote; null where the query was declined.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such answer.</exception>
    public static JobStatus? Read(ReadOnlySpan<byte> reply)
    {
        var reader = new MessagePackReader(reply);
        var numbers = new long[7];
        var isRead = reader.TryReadArrayHeader(out var parts) & reader.TryReadUInt64(out var problem);
        if (isRead && problem != (ulong)JobProblem.None)
            return null;
        for (var i = 0; i < numbers.Length; i++)
            isRead &= reader.TryReadInt64(out numbers[i]);
        isRead &= reader.TryReadBoolean(out var isBehind);
        if (!isRead || parts != 15)
            throw Broken();
        var partitions = ReadList(ref reader, PartitionStatus.Read);
        var watermarks = ReadList(ref reader, static (ref MessagePackReader item) => item.TryReadInt64(out var watermark) ? watermark : throw Broken());
        var sinks = ReadList(ref reader, SinkStatus.Read);
        var late = ReadList(ref reader, static (ref MessagePackReader item) =>
            item.TryReadArrayHeader(out _) && item.TryReadString(StoreLimits.MaxNameBytes, out var name) && item.TryReadInt64(out var records) ? (name, records) : throw Broken());
        var hosts = ReadList(ref reader, static (ref MessagePackReader item) => item.TryReadArrayHeader(out _) && JobHost.TryRead(ref item, out var host) ? host : throw Broken());
        var files = ReadList(ref reader, FileSinkStatus.Read);
        return new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], isBehind, partitions, watermarks, sinks, late, hosts, files);
    }

    internal static InvalidDataException Broken() => new("The answer about a job cannot be read: ask a node of the same release.");

    private static List<T> ReadList<T>(ref MessagePackReader reader, ReadItem<T> read)
    {
        if (!reader.TryReadArrayHeader(out var count))
            throw Broken();
        var items = new List<T>(Math.Min(count, 1024));
        for (var i = 0; i < count; i++)
            items.Add(read(ref reader));
        return items;
    }

    private delegate T ReadItem<out T>(ref MessagePackReader reader);
}

/// <summary>Where a partition of a source stands.</summary>
/// <param name="Source">The source, by name.</param>
/// <param name="Partition">The partition.</param>
/// <param name="At">Where it stands.</param>
internal sealed record PartitionStatus(string Source, string Partition, JobPartition At)
{
    public static PartitionStatus Read(ref MessagePackReader reader)
    {
        if (!reader.TryReadArrayHeader(out var fields) || fields != 9 || !reader.TryReadString(StoreLimits.MaxNameBytes, out var source) || !reader.TryReadString(StoreLimits.MaxNameBytes, out var name)
            || !reader.TryReadInt64(out var epoch) || !reader.TryReadBinary(out var position) || position.Length > SourcePosition.MaxBytes)
            throw JobStatus.Broken();
        var stands = new SourcePosition(position);
        if (!reader.TryReadInt64(out var watermark) || !reader.TryReadBoolean(out var isIdle) || !reader.TryReadInt64(out var last) || !reader.TryReadInt64(out var records) || !reader.TryReadInt64(out var holder))
            throw JobStatus.Broken();
        return new(source, name, new(epoch, stands, watermark, isIdle, last, records, (int)holder));
    }
}

/// <summary>What a sink was given.</summary>
/// <param name="Sink">The sink, by name.</param>
/// <param name="Next">The sequence of its next output.</param>
/// <param name="First">The sequence of the oldest that is kept.</param>
internal sealed record SinkStatus(string Sink, long Next, long First)
{
    public static SinkStatus Read(ref MessagePackReader reader) =>
        reader.TryReadArrayHeader(out var fields) && fields == 3 && reader.TryReadString(StoreLimits.MaxNameBytes, out var name) && reader.TryReadInt64(out var next) && reader.TryReadInt64(out var first)
            ? new(name, next, first)
            : throw JobStatus.Broken();
}

/// <summary>How far a file sink has come.</summary>
/// <param name="Sink">The sink, by name.</param>
/// <param name="Next">The sequence of its next line.</param>
/// <param name="Generation">The number of the file that is written.</param>
/// <param name="Length">The bytes of that file.</param>
/// <param name="Crc">CRC-32C of these.</param>
internal sealed record FileSinkStatus(string Sink, long Next, long Generation, long Length, uint Crc)
{
    public static FileSinkStatus Read(ref MessagePackReader reader) =>
        reader.TryReadArrayHeader(out var fields) && fields == 5 && reader.TryReadString(StoreLimits.MaxNameBytes, out var name) && reader.TryReadInt64(out var next)
        && reader.TryReadInt64(out var generation) && reader.TryReadInt64(out var length) && reader.TryReadInt64(out var crc)
            ? new(name, next, generation, length, (uint)crc)
            : throw JobStatus.Broken();
}
