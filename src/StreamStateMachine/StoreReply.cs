using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The reply to a command or query about one counter: [problem, value, exists, matched].</summary>
/// <param name="Problem">Why it was declined; the other fields then tell the counter as it is.</param>
/// <param name="Value">The value afterwards; for a delete, the one it last had; 0 where there is none.</param>
/// <param name="Exists">Whether the counter exists afterwards.</param>
/// <param name="Matched">For compare-and-set: whether the expected value was found. True otherwise.</param>
internal readonly record struct CounterReply(StoreProblem Problem, long Value, bool Exists, bool Matched)
{
    /// <summary>The reply about a key that holds bytes.</summary>
    public static CounterReply OfBytes => new(StoreProblem.WrongType, 0, true, false);

    /// <summary>The reply about an entry's counter as it is; -1 stands for a key that is not there.</summary>
    public static CounterReply Of(CountTable table, int number) => number < 0 ? new(StoreProblem.None, 0, false, true)
        : table.HoldsBytes(number) ? OfBytes
        : new(StoreProblem.None, table.ValueAt(number), true, true);

    /// <summary>Writes the reply.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = ReplyCode.Begin(output, Problem, 4);
        writer.Write(Value);
        writer.Write(Exists);
        writer.Write(Matched);
    }

    /// <summary>Reads a reply; false where the bytes are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out CounterReply reply)
    {
        var reader = new MessagePackReader(bytes);
        reply = default;
        if (!ReplyCode.TryBegin(ref reader, 4, out var problem, out var declined))
            return false;
        reply = new(problem, 0, false, false);
        if (declined)
            return true;
        if (!reader.TryReadInt64(out var value) || !reader.TryReadBoolean(out var exists) || !reader.TryReadBoolean(out var matched))
            return false;
        reply = new(problem, value, exists, matched);
        return true;
    }
}

/// <summary>
/// Where a partition stands after a command or at a query: [problem, epoch, offset, SHA-256, words, dead letters]; epoch 0 where it does
/// not exist.
/// </summary>
internal sealed record PartitionReply(StoreProblem Problem, long Epoch, long Offset, byte[] PrefixSha256, long Words, long DeadLetters)
{
    /// <summary>Writes the reply for a partition, or for one that does not exist.</summary>
    public static void Write(IBufferWriter<byte> output, StoreProblem problem, PartitionState? partition)
    {
        var writer = ReplyCode.Begin(output, problem, 6);
        writer.Write(partition?.Epoch ?? 0);
        writer.Write(partition?.Offset ?? 0);
        writer.WriteBinary(partition is null ? [] : partition.PrefixSha256);
        writer.Write(partition?.Words ?? 0);
        writer.Write(partition?.DeadLetters ?? 0);
    }

    /// <summary>Reads a reply; null where the bytes are none.</summary>
    public static PartitionReply? TryRead(ReadOnlySpan<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (!ReplyCode.TryBegin(ref reader, 6, out var problem, out var declined))
            return null;
        if (declined)
            return new(problem, 0, 0, [], 0, 0);
        if (!reader.TryReadInt64(out var epoch) || !reader.TryReadInt64(out var offset) || !reader.TryReadBinary(out var hash))
            return null;
        if (!reader.TryReadInt64(out var words) || !reader.TryReadInt64(out var letters))
            return null;
        return new(problem, epoch, offset, hash.ToArray(), words, letters);
    }
}

/// <summary>The reply to a Top: [problem, total, distinct, [[key, value] ...]].</summary>
internal sealed record TopReply(StoreProblem Problem, long Total, long Distinct, IReadOnlyList<CounterRow> Rows)
{
    /// <summary>Writes the largest counters of a table.</summary>
    public static void Write(IBufferWriter<byte> output, CountTable counters, int limit)
    {
        var writer = ReplyCode.Begin(output, StoreProblem.None, 4);
        writer.Write(ReplyCode.Saturate(counters.Total));
        writer.Write(counters.Integers);
        var rows = TopList.Of(counters, limit);
        writer.WriteArrayHeader(rows.Length);
        foreach (var number in rows)
        {
            writer.WriteArrayHeader(2);
            writer.WriteString(counters.KeyAt(number));
            writer.Write(counters.ValueAt(number));
        }
    }

    /// <summary>Reads a reply; null where the bytes are none.</summary>
    public static TopReply? TryRead(ReadOnlySpan<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (!ReplyCode.TryBegin(ref reader, 4, out var problem, out var declined))
            return null;
        if (declined)
            return new(problem, 0, 0, []);
        if (!reader.TryReadInt64(out var total) || !reader.TryReadInt64(out var distinct) || !reader.TryReadArrayHeader(out var count))
            return null;
        var rows = new List<CounterRow>();
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadArrayHeader(out var pair) || pair != 2)
                return null;
            if (!reader.TryReadString(StoreLimits.MaxKeyBytes, out var key) || !reader.TryReadInt64(out var value))
                return null;
            rows.Add(new(key, value));
        }

        return new(problem, total, distinct, rows);
    }
}

/// <summary>The reply to a Stats: [problem, total, distinct, key bytes, partitions, state hash, keys, value bytes].</summary>
internal sealed record StatsReply(StoreProblem Problem, long Total, long Distinct, long KeyBytes, long Partitions, ulong StateHash, long Keys, long ValueBytes)
{
    /// <summary>Writes the size of the store.</summary>
    public static void Write(IBufferWriter<byte> output, CountTable counters, PartitionTable partitions)
    {
        var writer = ReplyCode.Begin(output, StoreProblem.None, 8);
        writer.Write(ReplyCode.Saturate(counters.Total));
        writer.Write(counters.Integers);
        writer.Write(counters.KeyBytes);
        writer.Write(partitions.Count);
        writer.Write(CountingStore.HashOf(counters, partitions));
        writer.Write(counters.Count);
        writer.Write(counters.ValueBytes);
    }

    /// <summary>Reads a reply; null where the bytes are none.</summary>
    public static StatsReply? TryRead(ReadOnlySpan<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (!ReplyCode.TryBegin(ref reader, 8, out var problem, out var declined))
            return null;
        if (declined)
            return new(problem, 0, 0, 0, 0, 0, 0, 0);
        if (!reader.TryReadInt64(out var total) || !reader.TryReadInt64(out var distinct) || !reader.TryReadInt64(out var keyBytes))
            return null;
        if (!reader.TryReadInt64(out var partitions) || !reader.TryReadUInt64(out var hash) || !reader.TryReadInt64(out var keys) || !reader.TryReadInt64(out var valueBytes))
            return null;
        return new(problem, total, distinct, keyBytes, partitions, hash, keys, valueBytes);
    }
}

/// <summary>The reply to a DeadLetters: [problem, how many there ever were, [[offset, length, start] ...]], newest first.</summary>
internal sealed record DeadLettersReply(StoreProblem Problem, long Count, IReadOnlyList<DeadLetter> Letters)
{
    /// <summary>Writes the newest dead letters of a partition, or of one that does not exist.</summary>
    public static void Write(IBufferWriter<byte> output, PartitionState? partition, int limit)
    {
        var writer = ReplyCode.Begin(output, StoreProblem.None, 3);
        writer.Write(partition?.DeadLetters ?? 0);
        var newest = partition is null ? [] : partition.Letters.Reverse().Take(limit).ToArray();
        writer.WriteArrayHeader(newest.Length);
        foreach (var letter in newest)
            StoreCommand.WriteLetter(writer, letter);
    }

    /// <summary>Reads a reply; null where the bytes are none.</summary>
    public static DeadLettersReply? TryRead(ReadOnlySpan<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (!ReplyCode.TryBegin(ref reader, 3, out var problem, out var declined))
            return null;
        if (declined)
            return new(problem, 0, []);
        if (!reader.TryReadInt64(out var total) || !reader.TryReadArrayHeader(out var count))
            return null;
        var letters = new List<DeadLetter>();
        for (var i = 0; i < count; i++)
        {
            if (!StoreCommandReader.TryReadLetter(ref reader, out var letter))
                return null;
            letters.Add(letter);
        }

        return new(problem, total, letters);
    }
}

/// <summary>
/// What all replies have in common: an array whose first value is the problem's number. Alone, it stands for "declined, nothing more to
/// say".
/// </summary>
internal static class ReplyCode
{
    /// <summary>Writes a reply that is nothing but a problem.</summary>
    public static void WriteDeclined(IBufferWriter<byte> output, StoreProblem problem) => Begin(output, problem, 1);

    /// <summary>Opens a reply of that many values, the problem included.</summary>
    public static MessagePackWriter Begin(IBufferWriter<byte> output, StoreProblem problem, int count)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(count);
        writer.Write((ulong)problem);
        return writer;
    }

    /// <summary>Reads a reply's start; <paramref name="declined"/> says that nothing follows.</summary>
    public static bool TryBegin(ref MessagePackReader reader, int count, out StoreProblem problem, out bool declined)
    {
        (problem, declined) = (StoreProblem.None, false);
        if (!reader.TryReadArrayHeader(out var values) || !reader.TryReadUInt64(out var code) || code > (ulong)StoreProblem.TooLarge)
            return false;
        problem = (StoreProblem)code;
        declined = values == 1 && problem != StoreProblem.None;
        return declined || values == count;
    }

    /// <summary>A sum as 64 bits: one beyond their range is told as the nearest value in it.</summary>
    public static long Saturate(Int128 value) => (long)Int128.Clamp(value, long.MinValue, long.MaxValue);
}
