using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>
/// A piece of a snapshot's state with its checksum, the same bytes in every file that holds it and in a transfer: nothing in it says where in
/// which snapshot it stands.
/// </summary>
/// <remarks>
/// Little-endian. 0: magic (u32). 4: zero (u32). 8: length of the data (u32). 12: CRC32C (u32) of bytes 0 to 11 and the data.
/// 16: the data. In snapshots of version 1 the magic was another one, and at 4 stood the chunk's number, from 0.
/// </remarks>
internal static class SnapshotChunk
{
    /// <summary>The header's size in bytes.</summary>
    public const int HeaderSize = 16;

    /// <summary>The most data of a chunk, in bytes: 1 MiB.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>The largest chunk with its header, in bytes.</summary>
    public const int MaxSize = HeaderSize + MaxLength;

    private const uint Magic = 0x3243_5352; // "RSC2"
    private const uint OldMagic = 0x4B43_5352; // "RSCK"

    /// <summary>The data of a chunk.</summary>
    public static ReadOnlySpan<byte> DataOf(ReadOnlySpan<byte> chunk) => chunk[HeaderSize..];

    /// <summary>The size in bytes, header included, that a header names; 0 where it names none that a chunk can have.</summary>
    public static int SizeOf(ReadOnlySpan<byte> header)
    {
        var length = header.Length < HeaderSize ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        return length is > 0 and <= MaxLength ? HeaderSize + (int)length : 0;
    }

    /// <summary>Writes the header in front of the data, which stands at <see cref="HeaderSize"/> and reaches to the end.</summary>
    public static void Seal(Span<byte> chunk)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(chunk, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[4..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[8..], (uint)(chunk.Length - HeaderSize));
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[12..], Checksum(chunk));
    }

    /// <summary>Whether these bytes are exactly a chunk, with data in it.</summary>
    public static bool IsValid(ReadOnlySpan<byte> chunk) => IsValid(chunk, Magic, 0);

    /// <summary>Whether these bytes are exactly the chunk of that number of a snapshot of version 1.</summary>
    public static bool IsValidOld(ReadOnlySpan<byte> chunk, int number) => IsValid(chunk, OldMagic, (uint)number);

    private static bool IsValid(ReadOnlySpan<byte> chunk, uint magic, uint number) =>
        chunk.Length is > HeaderSize and <= MaxSize
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk) == magic
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]) == number
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk[8..]) == (uint)(chunk.Length - HeaderSize)
        && BinaryPrimitives.ReadUInt32LittleEndian(chunk[12..]) == Checksum(chunk);

    private static uint Checksum(ReadOnlySpan<byte> chunk) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Start, chunk[..12]), chunk[HeaderSize..]) ^ Crc32C.Start;
}
