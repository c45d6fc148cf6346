using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>What stands where the next batch of the last segment should.</summary>
internal enum TailKind
{
    /// <summary>Zeros to the end of the file.</summary>
    Clean,

    /// <summary>The remains of a write that a crash interrupted and nobody was told of.</summary>
    Torn,

    /// <summary>A batch that was durable, and may have been acknowledged, cannot be read.</summary>
    Corrupt,
}

/// <summary>
/// Tells a torn write from damage at the end of the log. Pure: it sees bytes only.
/// </summary>
/// <remarks>
/// Two independent witnesses can say "this was durable". First, a later header in the same segment, whose salted checksum no payload
/// can imitate (a payload may hold a copy of this very segment, but only of batches <em>before</em> it, and those do not count).
/// Second, the batch itself: a crash loses whole sectors, so where every sector of the batch has arrived and the checksum is wrong, the
/// damage came later. Without the second witness a bit flipped in the newest batch would pass for a torn write, and a vote or an
/// acknowledged entry in it would be forgotten in silence.
/// </remarks>
internal static class LogTail
{
    /// <summary>
    /// Judges what stands at <paramref name="offset"/> of a segment's bytes, where batch <paramref name="number"/> is expected and
    /// cannot be read. <paramref name="why"/> says what is corrupt.
    /// </summary>
    public static TailKind Judge(ReadOnlySpan<byte> bytes, int offset, Segment segment, long number, out string why)
    {
        why = "";
        var rest = bytes[offset..];
        if (Sectors.IsZero(rest))
            return TailKind.Clean;

        var hasHeader = BatchHeader.TryRead(rest, segment.Salt, segment.Number, out var header);
        if (hasHeader && (header.Number != number || header.TotalSize > rest.Length))
        {
            why = $"batch {number} is expected and batch {header.Number} of {header.TotalSize} bytes stands there";
            return TailKind.Corrupt;
        }

        if (FindLater(rest, segment, number) is { } later)
        {
            why = $"batch {number} cannot be read although batch {later.Number} behind it says it was durable";
            return TailKind.Corrupt;
        }

        var mayBeTorn = hasHeader
            ? BatchHeader.CountBlank(offset, rest.Slice(BatchHeader.Size, header.Length)) > header.BlankSectors
            : BatchHeader.MayBeTorn(offset, rest);
        if (mayBeTorn)
            return TailKind.Torn;
        why = $"batch {number} was written whole and was changed since";
        return TailKind.Corrupt;
    }

    // A header of a later batch that knew this one durable. Headers start at multiples of 8 bytes.
    private static BatchHeader? FindLater(ReadOnlySpan<byte> rest, Segment segment, long number)
    {
        Span<byte> magic = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(magic, BatchHeader.Magic);
        for (var offset = 0; rest.Length - offset >= BatchHeader.Size;)
        {
            var step = rest[offset..].IndexOf(magic);
            if (step < 0)
                return null;
            offset += step;
            if (offset % LogRecord.Alignment == 0
                && BatchHeader.TryRead(rest[offset..], segment.Salt, segment.Number, out var header)
                && header.Number > number && header.Durable >= number)
                return header;
            offset++;
        }

        return null;
    }
}
