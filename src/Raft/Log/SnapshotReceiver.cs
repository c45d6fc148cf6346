namespace RaftStream.Raft.Log;

/// <summary>What became of a piece that was offered.</summary>
internal enum PieceOutcome
{
    /// <summary>It was taken, and others are wanted.</summary>
    Taken,

    /// <summary>It was the last one lacking: the snapshot is whole and durable, and waits for <see cref="SnapshotStore.PublishReceived"/>.</summary>
    Finished,

    /// <summary>Another one is wanted, see <see cref="SnapshotReceiver.NextPiece"/>.</summary>
    NotNext,

    /// <summary>It is not what it should be; nothing was written, ask again, best somebody else.</summary>
    Damaged,
}

/// <summary>
/// Takes a snapshot from another replica, piece by piece: the manifest, the list of chunks, and of the chunks those that stand in no
/// snapshot held here. A transfer goes on where it stopped, from whichever replica, and over the end of the process: each chunk proves by its hash that
/// it is whole and the one that is wanted. Made by <see cref="SnapshotStore"/>, which owns it.
/// </summary>
internal sealed class SnapshotReceiver : IDisposable
{
    private readonly SnapshotPart _part;
    private readonly Func<ChunkShelf> _openShelf;
    private readonly SnapshotCounters _counters;
    private SnapshotManifest? _wanted;
    private ChunkList _list = new();
    private int _chunk;

    internal SnapshotReceiver(LogPosition position, SnapshotPart part, Func<ChunkShelf> openShelf, SnapshotCounters counters)
    {
        (_part, _openShelf, _counters) = (part, openShelf, counters);
        Position = position;
        IsUsable = true;
    }

    /// <summary>The snapshot being received.</summary>
    public LogPosition Position { get; }

    /// <summary>
    /// The piece wanted next: 0 is the manifest, then comes the list, then the chunks. Where <see cref="IsLooking"/> it is not decided yet.
    /// </summary>
    public int NextPiece { get; private set; }

    /// <summary>Whether chunks that older snapshots here hold are to be looked at first: call <see cref="Look"/>.</summary>
    public bool IsLooking { get; private set; }

    /// <summary>Whether more pieces can be taken: not once finished, nor after a write that failed.</summary>
    public bool IsUsable { get; private set; }

    /// <summary>The manifest, once finished.</summary>
    public SnapshotManifest? Manifest { get; private set; }

    /// <summary>Once finished: the older files that hold chunks of it.</summary>
    public IReadOnlyList<SnapshotBase> Bases => _part.Bases;

    /// <summary>The older files that it may refer to.</summary>
    public ChunkShelf? Shelf => _part.Shelf;

    /// <summary>Offers a piece.</summary>
    /// <exception cref="IOException">The medium failed; begin again.</exception>
    public PieceOutcome Accept(int piece, ReadOnlySpan<byte> bytes)
    {
        if (piece != NextPiece || !IsUsable)
            return PieceOutcome.NotNext;
        if (IsLooking)
            return PieceOutcome.NotNext;
        if (_wanted is null)
            return AcceptManifest(bytes);
        return _list.Count < _wanted.Chunks ? AcceptList(bytes) : AcceptChunk(bytes);
    }

    /// <summary>
    /// Looks at the next chunk: passes it by if it is here, reading it if it is in an older snapshot. One chunk is read at the most, so that
    /// what else waits for the disk can go between.
    /// </summary>
    /// <exception cref="IOException">The medium failed; begin again.</exception>
    public PieceOutcome Look()
    {
        Invariant.Check(IsLooking, "there is something to look at");
        IsUsable = false;
        if (_part.Shelf is null)
            _part.Shelf = _openShelf();
        while (_chunk < _list.Count && _part.Knows(_list[_chunk]))
            _chunk++;
        if (_chunk == _list.Count)
            return Finish();
        var key = _list[_chunk];
        if (_part.TryReuse(key))
            _counters.Spared.Add(1);
        else
            (NextPiece, IsLooking) = (1 + ChunkList.PiecesOf(_list.Count) + _chunk, false);
        IsUsable = true;
        return PieceOutcome.Taken;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        IsUsable = false;
        _part.Dispose();
    }

    private PieceOutcome AcceptManifest(ReadOnlySpan<byte> bytes)
    {
        if (SnapshotManifest.Read(bytes, out var manifest) != HeaderState.Valid || manifest!.IsOld || manifest.Position != Position)
            return PieceOutcome.Damaged;
        (_wanted, NextPiece, IsLooking) = (manifest, 1, manifest.Chunks == 0);
        return PieceOutcome.Taken;
    }

    private PieceOutcome AcceptList(ReadOnlySpan<byte> bytes)
    {
        if (!_list.TryAddPiece(bytes, _wanted!.Chunks))
            return PieceOutcome.Damaged;
        NextPiece++;
        if (_list.Count < _wanted.Chunks)
            return PieceOutcome.Taken;
        if (!_list.IsOf(_wanted))
        {
            // Pieces of two lists, or a manifest of another: nothing of it can be told from the rest.
            (_wanted, _list, NextPiece) = (null, new(), 0);
            return PieceOutcome.Damaged;
        }

        IsLooking = true;
        return PieceOutcome.Taken;
    }

    private PieceOutcome AcceptChunk(ReadOnlySpan<byte> bytes)
    {
        var key = _list[_chunk];
        if (bytes.Length != key.RecordSize || !SnapshotChunk.IsValid(bytes) || ChunkKey.Of(SnapshotChunk.DataOf(bytes)) != key)
            return PieceOutcome.Damaged;
        IsUsable = false;
        _part.Append(key, bytes);
        (IsUsable, IsLooking) = (true, true);
        return PieceOutcome.Taken;
    }

    private PieceOutcome Finish()
    {
        _part.Finish(_wanted!, _list);
        (Manifest, IsLooking) = (_wanted, false);
        return PieceOutcome.Finished;
    }
}
