using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The reply to a GetMany: [problem, [value or nil ...]], in the order of the keys.</summary>
internal static class ValuesReply
{
    /// <summary>Reads the keys of the query and writes what they hold, or writes nothing and says why.</summary>
    public static StoreProblem Answer(ref MessagePackReader query, CountTable counters, IBufferWriter<byte> reply)
    {
        if (!query.TryReadArrayHeader(out var count) || count is < 1 or > StoreLimits.MaxGetMany)
            return StoreProblem.Malformed;
        Span<int> numbers = stackalloc int[count];
        for (var i = 0; i < count; i++)
        {
            var problem = StoreCommandReader.ReadKey(ref query, out var key);
            if (problem != StoreProblem.None)
                return problem;
            numbers[i] = counters.Find(key);
            if (numbers[i] >= 0 && counters.HoldsBytes(numbers[i]))
                return StoreProblem.WrongType;
        }

        if (query.Remaining > 0)
            return StoreProblem.Malformed;
        var writer = ReplyCode.Begin(reply, StoreProblem.None, 2);
        writer.WriteArrayHeader(count);
        foreach (var number in numbers)
        {
            if (number < 0)
                writer.WriteNil();
            else
                writer.Write(counters.ValueAt(number));
        }

        return StoreProblem.None;
    }

    /// <summary>Reads a reply; null where the bytes are none. No values where it was declined.</summary>
    public static IReadOnlyList<long?>? TryRead(ReadOnlySpan<byte> bytes, out StoreProblem problem)
    {
        var reader = new MessagePackReader(bytes);
        if (!ReplyCode.TryBegin(ref reader, 2, out problem, out var declined))
            return null;
        if (declined)
            return [];
        if (!reader.TryReadArrayHeader(out var count))
            return null;
        var values = new List<long?>();
        for (var i = 0; i < count; i++)
        {
            if (reader.TryReadNil())
                values.Add(null);
            else if (reader.TryReadInt64(out var value))
                values.Add(value);
            else
                return null;
        }

        return values;
    }
}

/// <summary>The reply to a RangeSum: [problem, upper 64 bits with the sign, lower 64 bits, count].</summary>
internal static class RangeSumReply
{
    /// <summary>Writes the reply.</summary>
    public static void Write(IBufferWriter<byte> output, RangeSum sum)
    {
        var writer = ReplyCode.Begin(output, StoreProblem.None, 4);
        writer.Write((long)(sum.Sum >> 64));
        writer.Write((ulong)(sum.Sum & ulong.MaxValue));
        writer.Write(sum.Count);
    }

    /// <summary>Reads a reply; false where the bytes are none, or it was declined.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RangeSum sum)
    {
        var reader = new MessagePackReader(bytes);
        sum = default;
        if (!ReplyCode.TryBegin(ref reader, 4, out _, out var declined) || declined)
            return false;
        if (!reader.TryReadInt64(out var upper) || !reader.TryReadUInt64(out var lower) || !reader.TryReadInt64(out var count))
            return false;
        sum = new(((Int128)upper << 64) | lower, count);
        return true;
    }
}
