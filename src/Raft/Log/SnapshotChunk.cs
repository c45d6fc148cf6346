using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>
/// A piece of a snapshot's state with its checksum, the same bytes in the file and in a transfer. All but the last hold 1 MiB, so a
/// chunk's place in the file follows from its number.
/// </summary>
/// <remarks>
/// Little-endian. 0: magic (u32). 4: number, from 0 (u32). 8: length of the data (u32). 12: CRC32C (u32) of bytes 0 to 11 and the data.
/// 16: the data.
/// </remarks>
internal static class SnapshotChunk
{
    /// <summary>The header's size in bytes.</summary>
    public const int HeaderSize = 16;

    /// <summary>The data of a full chunk, in bytes: 1 MiB.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>A full chunk with its header, in bytes.</summary>
    public const int MaxSize = HeaderSize + MaxLength;

    private const uint Magic = 0x4B43_5352; // "RSCK"

    /// <summary>Where a chunk starts in the file.</summary>
    public static long OffsetOf(int number) => (long)number * MaxSize;

    /// <summary>The size in bytes, header included, that a header names; 0 where it names none that a chunk can have.</summary>
    public static int SizeOf(ReadOnlySpan<byte> header)
    {
        var length = header.Length < HeaderSize ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        return length is > 0 and <= MaxLength ? HeaderSize + (int)length : 0;
    }

    /// <summary>Writes the header in front of the data, which stands at <see cref="HeaderSize"/> and reaches to the end.</summary>
    public static void Seal(Span<byte> chunk, int number)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(chunk, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[4..], (uint)number);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[8..], (uint)(chunk.Length - HeaderSize));
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[12..], Checksum(chunk));
    }

    /// <summary>Whether these bytes are exactly the chunk of that number, with data in it.</summary>
    public static bool IsValid(ReadOnlySpan<byte> chunk, int number) =>
        chunk.Length is > HeaderSize and <= MaxSize
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk) == Magic
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]) == (uint)number
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk[8..]) == (uint)(chunk.Length - HeaderSize)
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk[12..]) == Checksum(chunk);

    private static uint Checksum(ReadOnlySpan<byte> chunk) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Start, chunk[..12]), chunk[HeaderSize..]) ^ Crc32C.Start;
}
