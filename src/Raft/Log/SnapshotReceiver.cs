namespace RaftStream.Raft.Log;

/// <summary>What became of a piece that was offered.</summary>
internal enum PieceOutcome
{
    /// <summary>It was written; the next one is wanted.</summary>
    Taken,

    /// <summary>It was the manifest: the snapshot is whole and durable, and waits for <see cref="SnapshotStore.PublishReceived"/>.</summary>
    Finished,

    /// <summary>Another one is wanted, see <see cref="SnapshotReceiver.NextPiece"/>.</summary>
    NotNext,

    /// <summary>It is not what it says to be; nothing was written, ask again, perhaps somebody else.</summary>
    Damaged,
}

/// <summary>
/// Takes a snapshot from another replica, piece by piece: chunks in order, the manifest last. A transfer goes on where it stopped, from
/// whichever replica, and over the end of the process: each chunk proves by its checksum and number that it is whole and in its place.
/// Made by <see cref="SnapshotStore"/>, which owns it.
/// </summary>
internal sealed class SnapshotReceiver : IDisposable
{
    private const int ChunksPerSync = 4;

    private readonly IDiskFile _file;
    private long _length;

    internal SnapshotReceiver(LogPosition position, IDiskFile file)
    {
        _file = file;
        Position = position;
        IsUsable = true;
    }

    /// <summary>Goes on with a file that an earlier process left: its chunks count up to the first that is not whole.</summary>
    /// <remarks>
    /// <b>Safety.</b> They are written once more. What the earlier process wrote may stand in the system's cache only, and after a sync
    /// that failed there the cache passes it for written: the sync at the end would then vouch for what is not on the medium.
    /// </remarks>
    /// <exception cref="IOException">The medium failed; begin again.</exception>
    public static SnapshotReceiver Resume(LogPosition position, IDiskFile file)
    {
        var receiver = new SnapshotReceiver(position, file);
        var chunk = new byte[SnapshotChunk.MaxSize];
        while (receiver.WantsChunk && receiver.TryRead(chunk, out var size))
            receiver.Take(chunk.AsSpan(0, size));
        file.SyncData();
        return receiver;
    }

    /// <summary>The snapshot being received.</summary>
    public LogPosition Position { get; }

    /// <summary>The piece wanted next: chunks count from 0, the manifest follows the last.</summary>
    public int NextPiece { get; private set; }

    /// <summary>Whether more pieces can be taken: not once finished, nor after a write that failed.</summary>
    public bool IsUsable { get; private set; }

    /// <summary>The manifest, once finished.</summary>
    public SnapshotManifest? Manifest { get; private set; }

    /// <summary>Offers a piece.</summary>
    /// <exception cref="IOException">The medium failed; begin again.</exception>
    public PieceOutcome Accept(int piece, ReadOnlySpan<byte> bytes)
    {
        if (piece != NextPiece || !IsUsable)
            return PieceOutcome.NotNext;
        if (WantsChunk && SnapshotChunk.IsValid(bytes, piece))
        {
            Take(bytes);
            return PieceOutcome.Taken;
        }

        if (SnapshotManifest.Read(bytes, out var manifest) != HeaderState.Valid
            || manifest!.Position != Position || manifest.Length != _length || manifest.Chunks != NextPiece)
            return PieceOutcome.Damaged;
        if (_file.Length > manifest.FileSize)
        {
            // A part of an earlier process that no replica's snapshot explains: the manifest, found from the end, would be hidden by it.
            IsUsable = false;
            return PieceOutcome.Damaged;
        }

        Finish(manifest, bytes);
        return PieceOutcome.Finished;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        IsUsable = false;
        _file.Dispose();
    }

    // All chunks but the last are full: behind a shorter one comes the manifest.
    private bool WantsChunk => _length == (long)NextPiece * SnapshotChunk.MaxLength;

    private bool TryRead(byte[] chunk, out int size)
    {
        var offset = SnapshotChunk.OffsetOf(NextPiece);
        size = SnapshotChunk.SizeOf(chunk.AsSpan(0, _file.Read(offset, chunk.AsSpan(0, SnapshotChunk.HeaderSize))));
        return size > 0 && SnapshotChunk.IsValid(chunk.AsSpan(0, _file.Read(offset, chunk.AsSpan(0, size))), NextPiece);
    }

    private void Take(ReadOnlySpan<byte> chunk)
    {
        IsUsable = false;
        _file.Write(SnapshotChunk.OffsetOf(NextPiece), chunk);
        NextPiece++;
        _length += chunk.Length - SnapshotChunk.HeaderSize;
        if (NextPiece % ChunksPerSync == 0)
            _file.SyncData();
        IsUsable = true;
    }

    private void Finish(SnapshotManifest manifest, ReadOnlySpan<byte> bytes)
    {
        IsUsable = false;
        _file.Write(manifest.Offset, bytes);
        _file.SyncData();
        _file.Dispose();
        Manifest = manifest;
    }
}
