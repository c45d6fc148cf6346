using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>
/// The header of a batch: what one write and one sync put on disk together. Records follow it, each aligned to 8 bytes.
/// </summary>
/// <param name="Segment">The number of the segment it stands in.</param>
/// <param name="Number">The batch's own number, counted across segments from 1.</param>
/// <param name="Durable">The newest batch known durable when this one was written: any damage up to it is no torn write.</param>
/// <param name="BlankSectors">How many sectors of the body, beginning with the first that the header does not touch, are zeros by their content.</param>
/// <param name="BodyChecksum">CRC32C of the body.</param>
/// <param name="Length">The body in bytes, a positive multiple of 8.</param>
/// <remarks>
/// Little-endian. 0: magic (u64). 8: segment (i64). 16: number (i64). 24: durable (i64). 32: blank sectors (u32). 36: CRC32C of the
/// body (u32). 40: length (u32). 44: CRC32C (u32) of the salt and bytes 0 to 43. A header may lie across a sector boundary; magic and
/// length keep both parts from being zeros, so a part that reads as zeros did not arrive.
/// </remarks>
internal readonly record struct BatchHeader(long Segment, long Number, long Durable, int BlankSectors, uint BodyChecksum, int Length)
{
    /// <summary>The header's size in bytes.</summary>
    public const int Size = 48;

    /// <summary>The first eight bytes of every header: "RSBATCH1".</summary>
    public const ulong Magic = 0x3148_4354_4142_5352;

    private const int ChecksumOffset = 44;

    /// <summary>The batch in bytes, header included.</summary>
    public int TotalSize => Size + Length;

    /// <summary>The header of a batch whose body is <paramref name="body"/> and which is to stand at <paramref name="offset"/>.</summary>
    public static BatchHeader Of(ReadOnlySpan<byte> body, int offset, long segment, long number, long durable) =>
        new(segment, number, durable, CountBlank(offset, body), Crc32C.Of(body), body.Length);

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> destination, ulong salt)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], Segment);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], Durable);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[32..], (uint)BlankSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[36..], BodyChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[40..], (uint)Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[ChecksumOffset..], SegmentHeader.Salted(salt, destination[..ChecksumOffset]));
    }

    /// <summary>Reads a header of that segment. False: none stands here; nothing is thrown for any bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ulong salt, long segment, out BatchHeader header)
    {
        header = default;
        if (source.Length < Size || BinaryPrimitives.ReadUInt64LittleEndian(source) != Magic)
            return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]) != SegmentHeader.Salted(salt, source[..ChecksumOffset]))
            return false;
        var blank = BinaryPrimitives.ReadUInt32LittleEndian(source[32..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source[40..]);
        if (BinaryPrimitives.ReadInt64LittleEndian(source[8..]) != segment || blank > int.MaxValue || length is 0 or > int.MaxValue - Size)
            return false;
        header = new(
            segment,
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
            (int)blank,
            BinaryPrimitives.ReadUInt32LittleEndian(source[36..]),
            (int)length);
        return true;
    }

    /// <summary>
    /// The blank sectors of a body whose header stands at <paramref name="offset"/>. The sector that header and body share is left
    /// out: the header proves that it arrived.
    /// </summary>
    public static int CountBlank(int offset, ReadOnlySpan<byte> body)
    {
        var bodyOffset = offset + Size;
        var first = Sectors.RoundUp(bodyOffset);
        return first - bodyOffset >= body.Length ? 0 : Sectors.CountBlank(first, body[(first - bodyOffset)..]);
    }

    /// <summary>
    /// Whether bytes that are no whole header, at <paramref name="offset"/>, can be what a power cut left of one (or nothing at
    /// all): some sector's part of it did not arrive.
    /// </summary>
    public static bool MayBeTorn(int offset, ReadOnlySpan<byte> source) => Sectors.CountBlank(offset, source[..Math.Min(Size, source.Length)]) > 0;
}
