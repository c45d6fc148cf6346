using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>What a snapshot stands for, as far as its taker knows it before the bytes are written.</summary>
/// <param name="Position">The last entry whose effect is in it.</param>
/// <param name="Time">The log time of that entry, in nanoseconds.</param>
/// <param name="StateHash">The state machine's hash there.</param>
/// <param name="Members">Who belonged to the cluster there, in the caller's own encoding; at most 64 KiB, canonical.</param>
internal sealed record SnapshotDescription(LogPosition Position, long Time, ulong StateHash, ReadOnlyMemory<byte> Members);

/// <summary>
/// The end of a snapshot file, written last: a file without it is no snapshot. The same bytes travel as the first piece of a transfer.
/// </summary>
/// <param name="Description">What the snapshot stands for.</param>
/// <param name="Length">The state's bytes.</param>
/// <param name="Chunks">How many chunks carry the state.</param>
/// <param name="ListHash">The hash of the list of chunks: it names every byte of the state.</param>
/// <remarks>
/// Little-endian. 0: magic (u64). 8: version (u32). 12: length of members (u32). 16: index (i64). 24: term (i64). 32: log time (i64).
/// 40: state hash (u64). 48: length of the state (i64). 56: chunks (u32). 60: zero (u32). 64: hash of the list of chunks. 96: members, zeros
/// up to a multiple of 8. Then the manifest's own size (u32) and CRC32C (u32) of everything before it. Version 1 had no list of
/// chunks: all but the last held 1 MiB, and the members stood at 64.
/// </remarks>
internal sealed record SnapshotManifest(SnapshotDescription Description, long Length, int Chunks, Digest ListHash)
{
    /// <summary>The last eight bytes: size and checksum.</summary>
    public const int TrailerSize = 8;

    /// <summary>The largest manifest in bytes.</summary>
    public const int MaxSize = FixedSize + MaxMembers + TrailerSize;

    private const ulong Magic = 0x314D_5041_4E53_5352; // "RSSNAPM1"
    private const uint Version = 2;
    private const uint OldVersion = 1;
    private const int OldFixedSize = 64;
    private const int FixedSize = OldFixedSize + Digest.Size;
    private const int MaxMembers = 64 * 1024;

    /// <summary>The last entry whose effect is in the snapshot.</summary>
    public LogPosition Position => Description.Position;

    /// <summary>Whether it stands in a file of version 1. The hash of the list is none then, see <see cref="OldSnapshot"/>.</summary>
    public bool IsOld { get; init; }

    /// <summary>The manifest's size in bytes.</summary>
    public int Size => (IsOld ? OldFixedSize : FixedSize) + Padded(Description.Members.Length) + TrailerSize;

    /// <summary>The manifest as bytes.</summary>
    public byte[] ToBytes()
    {
        var members = Description.Members.Span;
        Invariant.Check(members.Length <= MaxMembers && !IsOld, "the members of a snapshot take at most 64 KiB, and version 1 is not written any more");
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
        ListHash.Write(bytes.AsSpan(OldFixedSize));
        members.CopyTo(bytes.AsSpan(FixedSize));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^8), (uint)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^4), Crc32C.Of(bytes.AsSpan(..^4)));
        return bytes;
    }

    /// <summary>Reads a manifest, of version 1 too, that fills <paramref name="bytes"/> exactly; nothing is thrown for any bytes.</summary>
    public static HeaderState Read(ReadOnlySpan<byte> bytes, out SnapshotManifest? manifest)
    {
        manifest = null;
        if (bytes.Length is < OldFixedSize + TrailerSize or > MaxSize
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) != Crc32C.Of(bytes[..^4]))
            return HeaderState.Damaged;
        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version is not (Version or OldVersion))
            return HeaderState.UnsupportedVersion;

        var isOld = version == OldVersion;
        var start = isOld ? OldFixedSize : FixedSize;
        var members = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var index = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        var term = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
        var length = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]);
        var chunks = BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]);
        if (members > MaxMembers || bytes.Length < start + TrailerSize || index < 1 || term < 1 || !IsPossible(length, chunks, isOld))
            return HeaderState.Damaged;
        var description = new SnapshotDescription(
            new(new(index), new(term)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            bytes.Slice(start, Math.Min((int)members, bytes.Length - start)).ToArray());
        var read = new SnapshotManifest(description, length, (int)chunks, isOld ? default : Digest.Read(bytes[OldFixedSize..])) { IsOld = isOld };
        if (read.Size != bytes.Length)
            return HeaderState.Damaged;
        manifest = read;
        return HeaderState.Valid;
    }

    // Every chunk holds a byte at least and a mebibyte at most.
    private static bool IsPossible(long length, uint chunks, bool isOld)
    {
        var least = ((ulong)length + SnapshotChunk.MaxLength - 1) / SnapshotChunk.MaxLength;
        return length >= 0 && chunks < int.MaxValue && (isOld ? chunks == least : chunks >= least && chunks <= (ulong)length);
    }

    private static int Padded(int length) => (length + 7) & ~7;
}
