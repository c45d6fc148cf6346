using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RaftStream.Raft.Log;

/// <summary>A SHA-256 hash.</summary>
/// <param name="High">Its first 16 bytes.</param>
/// <param name="Low">Its last 16 bytes.</param>
internal readonly record struct Digest(UInt128 High, UInt128 Low)
{
    /// <summary>The size in bytes.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    /// <summary>The hash of some bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(bytes, hash);
        return Read(hash);
    }

    /// <summary>Reads the 32 bytes that <see cref="Write"/> wrote.</summary>
    public static Digest Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(source), BinaryPrimitives.ReadUInt128BigEndian(source[16..]));

    /// <summary>Writes the hash as it is printed, first byte first.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, High);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], Low);
    }
}

/// <summary>What a chunk is known by, in whatever snapshot it stands: the hash and the length of its data.</summary>
/// <param name="Digest">The hash of the data.</param>
/// <param name="Length">The length of the data in bytes.</param>
internal readonly record struct ChunkKey(Digest Digest, int Length)
{
    /// <summary>The size in a list, in bytes.</summary>
    public const int Size = Digest.Size + sizeof(int);

    /// <summary>A chunk with its header, in bytes.</summary>
    public int RecordSize => SnapshotChunk.HeaderSize + Length;

    /// <summary>The key of some data.</summary>
    public static ChunkKey Of(ReadOnlySpan<byte> data) => new(Digest.Of(data), data.Length);

    /// <summary>Reads a key of a list.</summary>
    public static ChunkKey Read(ReadOnlySpan<byte> source) => new(Digest.Read(source), BinaryPrimitives.ReadInt32LittleEndian(source[Digest.Size..]));

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> destination)
    {
        Digest.Write(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[Digest.Size..], Length);
    }
}
