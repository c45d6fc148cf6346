namespace RaftStream.Raft.Log;

/// <summary>
/// The chunks of the snapshots held that a new one may refer to instead of holding them again. Owned by the part that is being written; while
/// it is open the store removes none of its files.
/// </summary>
/// <remarks>
/// <para>
/// Only files of which the snapshots held still use at least half are on it, and only the <see cref="SnapshotLayout.MaxBases"/> of which they
/// use most: what others hold is written anew, and those files go when no snapshot held needs them. So the files of a snapshot together
/// take at most about three times the room of its state, and are few.
/// </para>
/// <para>
/// [safety] The name of a chunk says what it ought to be, not what the disk gives back: each one is read before it is referred to. One that
/// cannot be read, or is something else, is forgotten, and the caller writes it anew.
/// </para>
/// </remarks>
internal sealed class ChunkShelf : IDisposable
{
    private readonly List<SnapshotBase> _bases = [];
    private readonly List<IDiskFile> _files = [];
    private readonly Dictionary<ChunkKey, ChunkPlace> _places = [];
    private readonly SnapshotCounters _counters;
    private byte[] _buffer = [];

    private ChunkShelf(SnapshotCounters counters) => _counters = counters;

    /// <summary>The files that chunks stand in: <see cref="ChunkPlace.File"/> counts them from 1.</summary>
    public IReadOnlyList<SnapshotBase> Bases => _bases;

    /// <summary>Puts up what the snapshots held, given oldest first, have for one at a position behind them.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public static ChunkShelf Open(IDisk disk, IReadOnlyList<LogPosition> held, LogPosition below, SnapshotCounters counters)
    {
        var found = new Dictionary<ChunkKey, (SnapshotBase In, long Offset)>();
        var used = new Dictionary<SnapshotBase, long>();
        for (var place = held.Count - 1; place >= 0; place--)
        {
            if (held[place].Index < below.Index)
                Look(disk, held[place], found, used);
        }

        var shelf = new ChunkShelf(counters);
        shelf.Choose(disk, found, used);
        return shelf;
    }

    /// <summary>Where a chunk stands that is this very record, header included; null: nowhere, as far as can be read.</summary>
    public ChunkPlace? Find(in ChunkKey key, ReadOnlySpan<byte> record) =>
        _places.TryGetValue(key, out var place) ? Checked(key, place, Read(place, key.RecordSize).SequenceEqual(record)) : null;

    /// <summary>Where a chunk stands that has this key by every byte of it; null: nowhere, as far as can be read.</summary>
    public ChunkPlace? Find(in ChunkKey key)
    {
        if (!_places.TryGetValue(key, out var place))
            return null;
        var record = Read(place, key.RecordSize);
        return Checked(key, place, SnapshotChunk.IsValid(record) && ChunkKey.Of(SnapshotChunk.DataOf(record)) == key);
    }

    /// <summary>Whether a chunk is on it, as far as the snapshots' lists say.</summary>
    public bool Names(in ChunkKey key) => _places.ContainsKey(key);

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(static file => file.Dispose());

    private static void Look(IDisk disk, LogPosition position, Dictionary<ChunkKey, (SnapshotBase In, long Offset)> found, Dictionary<SnapshotBase, long> used)
    {
        // One that is damaged, or of version 1, has nothing for others.
        using var file = SnapshotFile.Open(disk, position, out _);
        if (file is null || file.IsOld)
            return;
        var layout = file.Layout;
        for (var chunk = 0; chunk < layout.List.Count; chunk++)
        {
            var (key, place) = (layout.List[chunk], layout.Places[chunk]);
            var stands = place.File == 0 ? new(position, layout.Records) : layout.Bases[place.File - 1];
            if (found.TryAdd(key, (stands, place.Offset)))
                used[stands] = used.GetValueOrDefault(stands) + key.RecordSize;
        }
    }

    private void Choose(IDisk disk, Dictionary<ChunkKey, (SnapshotBase In, long Offset)> found, Dictionary<SnapshotBase, long> used)
    {
        var chosen = new Dictionary<SnapshotBase, int>();
        foreach (var (stands, _) in used.Where(static file => file.Value * 2 >= file.Key.Records)
            .OrderByDescending(static file => file.Value).ThenByDescending(static file => file.Key.Position.Index.Value).Take(SnapshotLayout.MaxBases))
        {
            _files.Add(disk.Open(SnapshotFile.NameOf(stands.Position)));
            _bases.Add(stands);
            chosen.Add(stands, _bases.Count);
        }

        foreach (var (key, (stands, offset)) in found)
        {
            if (chosen.TryGetValue(stands, out var number))
                _places.Add(key, new(number, offset));
        }
    }

    private ReadOnlySpan<byte> Read(ChunkPlace place, int size)
    {
        if (_buffer.Length < size)
            _buffer = new byte[size];
        try
        {
            return _buffer.AsSpan(0, _files[place.File - 1].Read(place.Offset, _buffer.AsSpan(0, size)));
        }
        catch (IOException)
        {
            return []; // What the medium does not give back is written anew, like what it gives back changed.
        }
    }

    private ChunkPlace? Checked(in ChunkKey key, ChunkPlace place, bool isWhole)
    {
        if (isWhole)
        {
            _counters.Reused.Add(1);
            _counters.ReusedBytes.Add(key.RecordSize);
            return place;
        }

        _counters.Damaged.Add(1);
        _places.Remove(key);
        return null;
    }
}
