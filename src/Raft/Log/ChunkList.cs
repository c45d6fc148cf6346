using System.Security.Cryptography;

namespace RaftStream.Raft.Log;

/// <summary>
/// The chunks of a snapshot in order, each by its key: with the manifest all that makes the snapshot what it is, and the same on every
/// replica. Where the chunks stand is each replica's own matter.
/// </summary>
/// <remarks>
/// It is cut into pieces of <see cref="KeysPerPiece"/> keys, in the form of chunks, in the file and in a transfer, so that no state is too
/// large for one frame. In memory and on disk it takes about a seven thousandth of the state.
/// </remarks>
internal sealed class ChunkList
{
    /// <summary>Keys in all pieces but the last.</summary>
    public const int KeysPerPiece = 16 * 1024;

    private readonly List<ChunkKey> _keys = [];

    /// <summary>How many chunks.</summary>
    public int Count => _keys.Count;

    /// <summary>The bytes of all chunks together.</summary>
    public long Length { get; private set; }

    /// <summary>The key of a chunk.</summary>
    public ChunkKey this[int chunk] => _keys[chunk];

    /// <summary>How many pieces list so many chunks.</summary>
    public static int PiecesOf(int chunks) => (int)(((long)chunks + KeysPerPiece - 1) / KeysPerPiece);

    /// <summary>What all pieces of a list of so many chunks take, in bytes.</summary>
    public static long SizeOf(int chunks) => ((long)chunks * ChunkKey.Size) + ((long)PiecesOf(chunks) * SnapshotChunk.HeaderSize);

    /// <summary>What a piece of a list of so many chunks takes, in bytes.</summary>
    public static int SizeOfPiece(int chunks, int piece) => SnapshotChunk.HeaderSize + (ChunkKey.Size * Math.Min(KeysPerPiece, chunks - (piece * KeysPerPiece)));

    /// <summary>The next chunk.</summary>
    public void Add(in ChunkKey key)
    {
        _keys.Add(key);
        Length += key.Length;
    }

    /// <summary>Writes a piece, which <paramref name="destination"/> must fit exactly.</summary>
    public void WritePiece(int piece, Span<byte> destination)
    {
        var first = piece * KeysPerPiece;
        for (var at = SnapshotChunk.HeaderSize; at < destination.Length; at += ChunkKey.Size)
            _keys[first++].Write(destination[at..]);
        SnapshotChunk.Seal(destination);
    }

    /// <summary>Adds what the next piece of a list of <paramref name="chunks"/> names. False: it is damaged or not that piece; nothing was added.</summary>
    public bool TryAddPiece(ReadOnlySpan<byte> piece, int chunks)
    {
        if (Count % KeysPerPiece != 0 || Count >= chunks || piece.Length != SizeOfPiece(chunks, Count / KeysPerPiece) || !SnapshotChunk.IsValid(piece))
            return false;
        var keys = SnapshotChunk.DataOf(piece);
        for (var at = 0; at < keys.Length; at += ChunkKey.Size)
        {
            if (ChunkKey.Read(keys[at..]).Length is < 1 or > SnapshotChunk.MaxLength)
                return false;
        }

        for (; !keys.IsEmpty; keys = keys[ChunkKey.Size..])
            Add(ChunkKey.Read(keys));
        return true;
    }

    /// <summary>The hash of all keys: the manifest has it.</summary>
    public Digest Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[ChunkKey.Size];
        foreach (var key in _keys)
        {
            key.Write(bytes);
            hash.AppendData(bytes);
        }

        hash.GetHashAndReset(bytes);
        return Digest.Read(bytes);
    }

    /// <summary>Whether it is the list that a manifest stands for.</summary>
    public bool IsOf(SnapshotManifest manifest) => Count == manifest.Chunks && Length == manifest.Length && Hash() == manifest.ListHash;
}
