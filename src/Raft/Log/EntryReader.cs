using System.Buffers;

namespace RaftStream.Raft.Log;

/// <summary>Reads entries back from their segments, for followers that lag and for applying after a start. Owned by the log.</summary>
internal static class EntryReader
{
    // One read of the disk asks the destination for no more than this at a time, unless one record is larger.
    private const int LargestRead = 1024 * 1024;

    /// <summary>
    /// Appends whole records to <paramref name="destination"/>: from <paramref name="from"/> to at most <paramref name="to"/>, at most
    /// <paramref name="maxBytes"/> but always at least one. All must be held. Returns how many.
    /// </summary>
    /// <exception cref="IOException">The medium failed, or a record no longer matches its checksum.</exception>
    public static int Read(LogState state, List<Segment> segments, LogIndex from, LogIndex to, int maxBytes, IBufferWriter<byte> destination)
    {
        var next = from;
        var left = maxBytes;
        while (next <= to)
        {
            var (count, size) = RunFrom(state.Entries, next, to, Math.Min(left, LargestRead));
            if (size > left && next > from)
                break;
            var place = state.Entries[next];
            var segment = segments[(int)(place.Segment - segments[0].Number)];
            var bytes = destination.GetSpan(size)[..size];
            var got = segment.File.Read(place.Offset, bytes);
            Verify(state.Entries, segment, place.Offset, next, count, bytes[..got]);
            destination.Advance(size);
            next += count;
            left -= size;
        }

        return (int)(next - from);
    }

    // The entries from one on that stand side by side in one segment: at least one.
    private static (int Count, int Size) RunFrom(EntryIndex entries, LogIndex from, LogIndex to, int limit)
    {
        var first = entries[from];
        var (count, size) = (1, first.Size);
        for (var index = from.Next; index <= to; index = index.Next)
        {
            var place = entries[index];
            if (place.Segment != first.Segment || place.Offset != first.Offset + size || place.Size > limit - size)
                break;
            size += place.Size;
            count++;
        }

        return (count, size);
    }

    private static void Verify(EntryIndex entries, Segment segment, int offset, LogIndex first, int count, ReadOnlySpan<byte> bytes)
    {
        for (var index = first; index < first + count; index = index.Next)
        {
            var expected = new LogPosition(index, entries.TermOf(index));
            if (!LogRecord.TryRead(bytes, out var record) || record.Position != expected)
                throw new IOException($"'{segment.Name}' has changed on disk at byte {offset}: entry {expected} does not match its checksum; replace the disk and bring this replica back as a new member.");
            bytes = bytes[record.Size..];
            offset += record.Size;
        }
    }
}
