using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RaftStream.Raft.Log;

/// <summary>Where a segment takes up: all that is known before its first batch, so that older segments can go.</summary>
/// <param name="HardState">Term and vote when the segment was begun.</param>
/// <param name="Base">The last entry before the segment.</param>
/// <param name="BaseTime">The log time of that entry, in nanoseconds.</param>
/// <param name="FirstBatch">The number its first batch gets: batches are counted across segments, so a lost last one shows.</param>
/// <param name="IsReset">The entries of all older segments are void: a snapshot stands in for them.</param>
/// <param name="Birth">What the log got when it was begun; the same in all its segments.</param>
internal readonly record struct Checkpoint(HardState HardState, LogPosition Base, long BaseTime, long FirstBatch, bool IsReset, LogBirth Birth);

/// <summary>What a log gets when it is begun, and keeps.</summary>
/// <param name="Disk">A random number by which the cluster knows this data folder from any other under the same node id; never zero.</param>
/// <param name="Incarnation">Which life of the cluster the log belongs to: counts restorations and resets, which forget a part of the past.</param>
internal readonly record struct LogBirth(ulong Disk, uint Incarnation)
{
    /// <summary>The birth of a new log. Its number is told to peers, so it must not betray the salts, which follow from the same seed.</summary>
    public static LogBirth New(ulong seed, uint incarnation)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, seed);
        SHA256.HashData(bytes[..sizeof(ulong)], bytes);
        return new(BinaryPrimitives.ReadUInt64LittleEndian(bytes) | 1, incarnation);
    }
}

/// <summary>How the first sector of a segment reads.</summary>
internal enum HeaderState
{
    /// <summary>Whole.</summary>
    Valid,

    /// <summary>Its checksum fails, or it says what cannot be.</summary>
    Damaged,

    /// <summary>Whole, of a version this program does not know.</summary>
    UnsupportedVersion,
}

/// <summary>
/// The first sector of a segment: whose it is, then the checkpoint. Written and synced before the file gets its final name, so a
/// segment that is there under its name has had a whole header.
/// </summary>
/// <param name="Identity">Whose log it is.</param>
/// <param name="Number">The segment's number.</param>
/// <param name="Salt">What the checksums of its batches start from.</param>
/// <param name="FileSize">The file's size in bytes.</param>
/// <param name="Checkpoint">Where the segment takes up.</param>
/// <remarks>
/// Little-endian. 0: magic (u64). 8: version (u32). 12: node (u32). 16: cluster (16 bytes, RFC 4122 order). 32: segment number (i64).
/// 40: salt (u64). 48: size of the file (i64). 56: zero (u32). 60: CRC32C (u32) of bytes 0 to 59. These 64 bytes keep their place in
/// every later version. 64: term (i64). 72: vote (u32). 76: flags (u32, 1 = reset). 80: base index (i64). 88: base term (i64).
/// 96: base time (i64). 104: first batch (i64). 112: disk (u64). 120: incarnation (u32). 124: CRC32C (u32) of the salt and bytes 64 to 123. 128: zeros.
/// </remarks>
internal readonly record struct SegmentHeader(LogIdentity Identity, long Number, ulong Salt, int FileSize, Checkpoint Checkpoint)
{
    /// <summary>The header's size in bytes: one sector, so that it arrives whole or not at all.</summary>
    public const int Size = Sectors.Size;

    /// <summary>The version written.</summary>
    public const uint Version = 1;

    private const ulong Magic = 0x474F_4C4D_5254_5352; // "RSTRMLOG"
    private const int HeadLength = 60;
    private const int CheckpointOffset = 64;
    private const int CheckpointLength = 60;
    private const uint ResetFlag = 1;

    /// <summary>Writes the sector; <paramref name="sector"/> is exactly one.</summary>
    public void Write(Span<byte> sector)
    {
        sector.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(sector, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[12..], (uint)Identity.Node.Value);
        Invariant.Check(Identity.ClusterId.TryWriteBytes(sector[16..32], bigEndian: true, out _), "a cluster id has 16 bytes");
        BinaryPrimitives.WriteInt64LittleEndian(sector[32..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[40..], Salt);
        BinaryPrimitives.WriteInt64LittleEndian(sector[48..], FileSize);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[HeadLength..], Crc32C.Of(sector[..HeadLength]));

        var point = sector[CheckpointOffset..];
        BinaryPrimitives.WriteInt64LittleEndian(point, Checkpoint.HardState.Term.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(point[8..], (uint)Checkpoint.HardState.Vote.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(point[12..], Checkpoint.IsReset ? ResetFlag : 0);
        BinaryPrimitives.WriteInt64LittleEndian(point[16..], Checkpoint.Base.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(point[24..], Checkpoint.Base.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(point[32..], Checkpoint.BaseTime);
        BinaryPrimitives.WriteInt64LittleEndian(point[40..], Checkpoint.FirstBatch);
        BinaryPrimitives.WriteUInt64LittleEndian(point[48..], Checkpoint.Birth.Disk);
        BinaryPrimitives.WriteUInt32LittleEndian(point[56..], Checkpoint.Birth.Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(point[CheckpointLength..], Salted(Salt, point[..CheckpointLength]));
    }

    /// <summary>Reads a sector; nothing is thrown for any bytes.</summary>
    public static HeaderState Read(ReadOnlySpan<byte> sector, out SegmentHeader header)
    {
        header = default;
        if (sector.Length < Size
            || BinaryPrimitives.ReadUInt64LittleEndian(sector) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(sector[HeadLength..]) != Crc32C.Of(sector[..HeadLength]))
            return HeaderState.Damaged;
        if (BinaryPrimitives.ReadUInt32LittleEndian(sector[8..]) != Version)
            return HeaderState.UnsupportedVersion;

        var salt = BinaryPrimitives.ReadUInt64LittleEndian(sector[40..]);
        var point = sector[CheckpointOffset..];
        if (BinaryPrimitives.ReadUInt32LittleEndian(point[CheckpointLength..]) != Salted(salt, point[..CheckpointLength]))
            return HeaderState.Damaged;

        var node = BinaryPrimitives.ReadUInt32LittleEndian(sector[12..]);
        var number = BinaryPrimitives.ReadInt64LittleEndian(sector[32..]);
        var size = BinaryPrimitives.ReadInt64LittleEndian(sector[48..]);
        var vote = BinaryPrimitives.ReadUInt32LittleEndian(point[8..]);
        if (node > NodeId.MaxValue || vote > NodeId.MaxValue || number < 1 || size is < Size or > int.MaxValue)
            return HeaderState.Damaged;
        var checkpoint = new Checkpoint(
            new(new(BinaryPrimitives.ReadInt64LittleEndian(point)), new((int)vote)),
            new(new(BinaryPrimitives.ReadInt64LittleEndian(point[16..])), new(BinaryPrimitives.ReadInt64LittleEndian(point[24..]))),
            BinaryPrimitives.ReadInt64LittleEndian(point[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(point[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(point[12..]) == ResetFlag,
            new(BinaryPrimitives.ReadUInt64LittleEndian(point[48..]), BinaryPrimitives.ReadUInt32LittleEndian(point[56..])));
        var identity = new LogIdentity(new Guid(sector[16..32], bigEndian: true), new((int)node));
        header = new(identity, number, salt, (int)size, checkpoint);
        return HeaderState.Valid;
    }

    /// <summary>
    /// A checksum that starts from a segment's salt: bytes that somebody put into a payload cannot pass for a header, because nobody
    /// outside this disk has seen the salt.
    /// </summary>
    public static uint Salted(ulong salt, ReadOnlySpan<byte> bytes)
    {
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(seed, salt);
        return Crc32C.Append(Crc32C.Append(Crc32C.Start, seed), bytes) ^ Crc32C.Start;
    }
}
