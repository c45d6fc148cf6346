using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The reply to a GetValues: [problem, [nil, integer or binary ...]], in the order of the keys.</summary>
internal static class StoreValuesReply
{
    /// <summary>Reads the keys of the query and writes what they hold, or writes nothing and says why.</summary>
    public static StoreProblem Answer(ref MessagePackReader query, CountTable table, IBufferWriter<byte> reply)
    {
        if (!query.TryReadArrayHeader(out var count) || count is < 1 or > StoreLimits.MaxGetMany)
            return StoreProblem.Malformed;
        Span<int> numbers = stackalloc int[count];
        var bytes = 0L;
        for (var i = 0; i < count; i++)
        {
            var problem = StoreCommandReader.ReadKey(ref query, out var key);
            if (problem != StoreProblem.None)
                return problem;
            numbers[i] = table.Find(key);
            if (numbers[i] >= 0 && table.HoldsBytes(numbers[i]))
                bytes += table.BytesAt(numbers[i]).Length;
        }

        if (query.Remaining > 0)
            return StoreProblem.Malformed;
        if (bytes > StoreLimits.MaxReadBytes)
            return StoreProblem.TooLarge;
        var writer = ReplyCode.Begin(reply, StoreProblem.None, 2);
        writer.WriteArrayHeader(count);
        foreach (var number in numbers)
            ValueEncoding.Write(writer, table, number);
        return StoreProblem.None;
    }

    /// <summary>Reads a reply; false where the bytes are none. No values where it was declined.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out StoreProblem problem, out List<StoreValue> values)
    {
        var reader = new MessagePackReader(bytes);
        values = [];
        if (!ReplyCode.TryBegin(ref reader, 2, out problem, out var declined))
            return false;
        if (declined)
            return true;
        if (!reader.TryReadArrayHeader(out var count))
            return false;
        for (var i = 0; i < count; i++)
        {
            if (!ValueEncoding.TryRead(ref reader, out var value))
                return false;
            values.Add(value);
        }

        return true;
    }
}

/// <summary>The reply to a Scan: [problem, next cursor, [[key, kind] ...]].</summary>
internal static class ScanReply
{
    /// <summary>A page ends behind so many slots of the index, however few keys they hold, so that a query stays a matter of a millisecond.</summary>
    private const int ScanLimit = 64 * 1024;

    /// <summary>Writes the keys whose hashes are the cursor or more, in the order of hashes, or writes nothing and says why.</summary>
    /// <remarks>
    /// The cursor of the next page is a hash, so keys of one hash are never parted: a page goes on to the last of them. Neither an insert nor a removal changes the order, so
    /// whatever is there from the first page to the last is in one of them. A hash that more keys share than an answer holds was chosen so by whoever wrote them; the page
    /// with it is refused.
    /// </remarks>
    public static StoreProblem Answer(ref MessagePackReader query, CountTable table, IBufferWriter<byte> reply)
    {
        if (!query.TryReadUInt64(out var cursor) || !query.TryReadInt64(out var count) || count is < 1 or > StoreLimits.MaxScan || query.Remaining > 0)
            return StoreProblem.Malformed;
        var keys = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(keys);
        var walk = new RowWalk(table, new(cursor, default));
        var (found, next, last) = (0, 0UL, 0UL);
        while (!walk.IsComplete)
        {
            if (!walk.TryNext(out var number))
            {
                next = walk.Cursor.Hash;
                if (found >= count || walk.Scanned >= ScanLimit)
                    break;
                continue;
            }

            var hash = walk.Cursor.Hash;
            if (found >= count && hash != last)
            {
                next = hash;
                break;
            }

            (last, found) = (hash, found + 1);
            writer.WriteArrayHeader(2);
            writer.WriteString(table.KeyAt(number));
            writer.Write((ulong)(table.HoldsBytes(number) ? ValueKind.Bytes : ValueKind.Integer));
            if (keys.WrittenCount > StoreLimits.MaxReadBytes)
                return StoreProblem.TooLarge;
        }

        var answer = ReplyCode.Begin(reply, StoreProblem.None, 3);
        answer.Write(next);
        answer.WriteArrayHeader(found);
        reply.Write(keys.WrittenSpan);
        return StoreProblem.None;
    }

    /// <summary>Reads a reply; false where the bytes are none. No keys where it was declined.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out StoreProblem problem, out ulong next, out List<ScannedKey> keys)
    {
        var reader = new MessagePackReader(bytes);
        (next, keys) = (0, []);
        if (!ReplyCode.TryBegin(ref reader, 3, out problem, out var declined))
            return false;
        if (declined)
            return true;
        if (!reader.TryReadUInt64(out next) || !reader.TryReadArrayHeader(out var count))
            return false;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadArrayHeader(out var fields) || fields != 2 || !reader.TryReadStringBytes(out var key)
                || !reader.TryReadUInt64(out var kind) || kind is 0 or > (ulong)ValueKind.Bytes)
                return false;
            keys.Add(new(key.ToArray(), (ValueKind)kind));
        }

        return true;
    }
}
