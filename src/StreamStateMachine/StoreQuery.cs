using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The first value of a query: what is asked, and in which layout.</summary>
internal enum QueryOpcode : byte
{
    /// <summary>[1, key]</summary>
    Get = 1,

    /// <summary>[2, limit]</summary>
    Top = 2,

    /// <summary>[3, job, partition]</summary>
    Job = 3,

    /// <summary>[4]</summary>
    Stats = 4,

    /// <summary>[5, job, partition, limit]</summary>
    DeadLetters = 5,

    /// <summary>[6, [key ...]]</summary>
    GetMany = 6,

    /// <summary>[7, from, to]</summary>
    RangeSum = 7,

    /// <summary>See <see cref="WatchQuery"/>.</summary>
    Watch = 8,

    /// <summary>[9, [key ...]]</summary>
    GetValues = 9,

    /// <summary>[10, cursor, count]</summary>
    Scan = 10,
}

/// <summary>Writes queries and answers them. A query changes nothing, and no bytes make it throw.</summary>
internal static class StoreQuery
{
    /// <summary>Asks for a counter.</summary>
    public static void WriteGet(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Begin(output, QueryOpcode.Get, 2).WriteString(key);

    /// <summary>Asks for the largest counters, 1 to 10,000 of them.</summary>
    public static void WriteTop(IBufferWriter<byte> output, int limit) => Begin(output, QueryOpcode.Top, 2).Write(limit);

    /// <summary>Asks where a partition stands.</summary>
    public static void WriteJob(IBufferWriter<byte> output, PartitionName name)
    {
        var writer = Begin(output, QueryOpcode.Job, 3);
        writer.WriteString(name.Job);
        writer.WriteString(name.Partition);
    }

    /// <summary>Asks for the size of the store.</summary>
    public static void WriteStats(IBufferWriter<byte> output) => Begin(output, QueryOpcode.Stats, 1);

    /// <summary>Asks for the newest dead letters of a partition, 1 to 1,000 of them.</summary>
    public static void WriteDeadLetters(IBufferWriter<byte> output, PartitionName name, int limit)
    {
        var writer = Begin(output, QueryOpcode.DeadLetters, 4);
        writer.WriteString(name.Job);
        writer.WriteString(name.Partition);
        writer.Write(limit);
    }

    /// <summary>Asks for some counters, 1 to 1,000 of them.</summary>
    public static void WriteGetMany(IBufferWriter<byte> output, IReadOnlyCollection<byte[]> keys)
    {
        var writer = Begin(output, QueryOpcode.GetMany, 2);
        writer.WriteArrayHeader(keys.Count);
        foreach (var key in keys)
            writer.WriteString(key);
    }

    /// <summary>Asks what some keys hold, 1 to 1,000 of them.</summary>
    public static void WriteGetValues(IBufferWriter<byte> output, IReadOnlyCollection<ReadOnlyMemory<byte>> keys)
    {
        var writer = Begin(output, QueryOpcode.GetValues, 2);
        writer.WriteArrayHeader(keys.Count);
        foreach (var key in keys)
            writer.WriteString(key.Span);
    }

    /// <summary>Asks for keys in the order of their hashes, 1 to 1,000 of them; from 0, or from the cursor of the page before.</summary>
    public static void WriteScan(IBufferWriter<byte> output, ulong cursor, int count)
    {
        var writer = Begin(output, QueryOpcode.Scan, 3);
        writer.Write(cursor);
        writer.Write(count);
    }

    /// <summary>Asks for the sum over the keys that are integers from one to another, both included.</summary>
    public static void WriteRangeSum(IBufferWriter<byte> output, long from, long to)
    {
        var writer = Begin(output, QueryOpcode.RangeSum, 3);
        writer.Write(from);
        writer.Write(to);
    }

    /// <summary>Answers a query from the state as it is.</summary>
    public static void Answer(ReadOnlySpan<byte> query, CounterLedger ledger, PartitionTable partitions, IBufferWriter<byte> reply)
    {
        var problem = TryAnswer(query, ledger, partitions, reply);
        if (problem != StoreProblem.None)
            ReplyCode.WriteDeclined(reply, problem);
    }

    /// <summary>Writes the answer, or writes nothing and says why.</summary>
    private static StoreProblem TryAnswer(ReadOnlySpan<byte> query, CounterLedger ledger, PartitionTable partitions, IBufferWriter<byte> reply)
    {
        var counters = ledger.Counters;
        var reader = new MessagePackReader(query);
        if (!reader.TryReadArrayHeader(out var count) || !reader.TryReadUInt64(out var code))
            return StoreProblem.Malformed;
        StoreProblem problem;
        switch ((QueryOpcode)Math.Min(code, byte.MaxValue), count)
        {
            case (QueryOpcode.Get, 2):
                problem = StoreCommandReader.ReadKey(ref reader, out var key);
                if (problem != StoreProblem.None || reader.Remaining > 0)
                    return Worse(problem);
                CounterReply.Of(counters, counters.Find(key)).Write(reply);
                return StoreProblem.None;
            case (QueryOpcode.Top, 2):
                if (!TryReadLimit(ref reader, StoreLimits.MaxTop, out var rows))
                    return StoreProblem.Malformed;
                TopReply.Write(reply, counters, rows);
                return StoreProblem.None;
            case (QueryOpcode.Job, 3):
                problem = StoreCommandReader.ReadName(ref reader, out var name);
                if (problem != StoreProblem.None || reader.Remaining > 0)
                    return Worse(problem);
                PartitionReply.Write(reply, StoreProblem.None, partitions.Find(name));
                return StoreProblem.None;
            case (QueryOpcode.Stats, 1) when reader.Remaining == 0:
                StatsReply.Write(reply, counters, partitions);
                return StoreProblem.None;
            case (QueryOpcode.DeadLetters, 4):
                problem = StoreCommandReader.ReadName(ref reader, out var partition);
                if (problem != StoreProblem.None || !TryReadLimit(ref reader, StoreLimits.MaxDeadLetters, out var letters))
                    return Worse(problem);
                DeadLettersReply.Write(reply, partitions.Find(partition), letters);
                return StoreProblem.None;
            case (QueryOpcode.GetMany, 2):
                return ValuesReply.Answer(ref reader, counters, reply);
            case (QueryOpcode.RangeSum, 3):
                if (!reader.TryReadInt64(out var from) || !reader.TryReadInt64(out var to) || reader.Remaining > 0)
                    return StoreProblem.Malformed;
                RangeSumReply.Write(reply, ledger.Sums.Between(from, to));
                return StoreProblem.None;
            case (QueryOpcode.Watch, 8):
                problem = WatchQuery.TryRead(ref reader, out var watch);
                if (problem == StoreProblem.None)
                    watch.Answer(counters, ledger.Changes, reply);
                return problem;
            case (QueryOpcode.GetValues, 2):
                return StoreValuesReply.Answer(ref reader, counters, reply);
            case (QueryOpcode.Scan, 3):
                return ScanReply.Answer(ref reader, counters, reply);
            default:
                return StoreProblem.Malformed;
        }
    }

    /// <summary>Reads the key that a query asks for. False: it is another query, or none.</summary>
    public static bool TryReadGet(ReadOnlySpan<byte> query, out ReadOnlySpan<byte> key)
    {
        var reader = new MessagePackReader(query);
        key = default;
        return reader.TryReadArrayHeader(out var count) && count == 2 && reader.TryReadUInt64(out var code) && code == (ulong)QueryOpcode.Get
            && StoreCommandReader.ReadKey(ref reader, out key) == StoreProblem.None && reader.Remaining == 0;
    }

    private static bool TryReadLimit(ref MessagePackReader reader, int most, out int limit)
    {
        var read = reader.TryReadInt64(out var value) && reader.Remaining == 0 && value >= 1 && value <= most;
        limit = read ? (int)value : 0;
        return read;
    }

    private static StoreProblem Worse(StoreProblem problem) => problem == StoreProblem.None ? StoreProblem.Malformed : problem;

    private static MessagePackWriter Begin(IBufferWriter<byte> output, QueryOpcode opcode, int count)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(count);
        writer.Write((ulong)opcode);
        return writer;
    }
}
