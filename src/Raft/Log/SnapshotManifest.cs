using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>What a snapshot stands for, as far as its taker knows it before the bytes are written.</summary>
/// <param name="Position">The last entry whose effect is in it.</param>
/// <param name="Time">The log time of that entry, in nanoseconds.</param>
/// <param name="StateHash">The state machine's hash there.</param>
/// <param name="Members">Who belonged to the cluster there, in the caller's own encoding; at most 64 KiB, canonical.</param>
internal sealed record SnapshotDescription(LogPosition Position, long Time, ulong StateHash, ReadOnlyMemory<byte> Members);

/// <summary>
/// The end of a snapshot file, written last: a file without it is no snapshot. The same bytes travel as the last piece of a transfer.
/// </summary>
/// <param name="Description">What the snapshot stands for.</param>
/// <param name="Length">The state's bytes.</param>
/// <remarks>
/// Little-endian. 0: magic (u64). 8: version (u32). 12: length of members (u32). 16: index (i64). 24: term (i64). 32: log time (i64).
/// 40: state hash (u64). 48: length of the state (i64). 56: chunks (u32). 60: zero (u32). 64: members, zeros up to a multiple of 8.
/// Then the manifest's own size (u32) and CRC32C (u32) of everything before it.
/// </remarks>
internal sealed record SnapshotManifest(SnapshotDescription Description, long Length)
{
    /// <summary>The last eight bytes: size and checksum.</summary>
    public const int TrailerSize = 8;

    /// <summary>The largest manifest in bytes.</summary>
    public const int MaxSize = FixedSize + MaxMembers + TrailerSize;

    private const ulong Magic = 0x314D_5041_4E53_5352; // "RSSNAPM1"
    private const uint Version = 1;
    private const int FixedSize = 64;
    private const int MaxMembers = 64 * 1024;

    /// <summary>The last entry whose effect is in the snapshot.</summary>
    public LogPosition Position => Description.Position;

    /// <summary>How many chunks carry the state.</summary>
    public int Chunks => (int)((Length + SnapshotChunk.MaxLength - 1) / SnapshotChunk.MaxLength);

    /// <summary>The manifest's size in bytes.</summary>
    public int Size => FixedSize + Padded(Description.Members.Length) + TrailerSize;

    /// <summary>Where the manifest starts in the file.</summary>
    public long Offset => Length + ((long)Chunks * SnapshotChunk.HeaderSize);

    /// <summary>The whole file's size in bytes.</summary>
    public long FileSize => Offset + Size;

    /// <summary>The manifest as bytes.</summary>
    public byte[] ToBytes()
    {
        var members = Description.Members.Span;
        Invariant.Check(members.Length <= MaxMembers, "the members of a snapshot take at most 64 KiB");
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)members.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Position.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), Description.Time);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(40), Description.StateHash);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48), Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(56), (uint)Chunks);
        members.CopyTo(bytes.AsSpan(FixedSize));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^8), (uint)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^4), Crc32C.Of(bytes.AsSpan(..^4)));
        return bytes;
    }

    /// <summary>Reads a manifest that fills <paramref name="bytes"/> exactly; nothing is thrown for any bytes.</summary>
    public static HeaderState Read(ReadOnlySpan<byte> bytes, out SnapshotManifest? manifest)
    {
        manifest = null;
        if (bytes.Length is < FixedSize + TrailerSize or > MaxSize
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) != Crc32C.Of(bytes[..^4]))
            return HeaderState.Damaged;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Version)
            return HeaderState.UnsupportedVersion;

        var members = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var index = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        var term = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
        var length = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]);
        if (members > MaxMembers || index < 1 || term < 1 || length < 0 || length / SnapshotChunk.MaxLength >= int.MaxValue)
            return HeaderState.Damaged;
        var description = new SnapshotDescription(
            new(new(index), new(term)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            bytes.Slice(FixedSize, Math.Min((int)members, bytes.Length - FixedSize)).ToArray());
        var read = new SnapshotManifest(description, length);
        if (read.Size != bytes.Length || read.Chunks != BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]))
            return HeaderState.Damaged;
        manifest = read;
        return HeaderState.Valid;
    }

    private static int Padded(int length) => (length + 7) & ~7;
}
