namespace RaftStream.Raft.Log;

/// <summary>
/// A snapshot file being written: the chunks that no older snapshot holds, one behind the other, then the places of all. Owned by the writer or
/// the receiver that fills it.
/// </summary>
/// <remarks>Synced every few mebibytes, so that no single sync has a whole state to write and delays the commits that share the disk.</remarks>
internal sealed class SnapshotPart(IDiskFile file, SnapshotCounters counters) : IDisposable
{
    private const int BytesPerSync = 4 * 1024 * 1024;

    private readonly Dictionary<ChunkKey, ChunkPlace> _known = [];
    private ChunkShelf? _shelf;
    private long _end;
    private long _unsynced;

    /// <summary>The files of older snapshots that it may refer to; null: not opened yet. It is closed with the part.</summary>
    public ChunkShelf? Shelf
    {
        get => _shelf;
        set
        {
            Invariant.Check(_shelf is null, "a part has one shelf");
            _shelf = value;
        }
    }

    /// <summary>Once finished: the older files that hold chunks of it.</summary>
    public IReadOnlyList<SnapshotBase> Bases { get; private set; } = [];

    /// <summary>Whether there is no chunk in it.</summary>
    public bool IsEmpty => _end == 0;

    /// <summary>Whether a chunk is known to stand in it or in an older file.</summary>
    public bool Knows(in ChunkKey key) => _known.ContainsKey(key);

    /// <summary>Takes over what an earlier process left: the chunks up to the first that is not whole.</summary>
    /// <remarks>
    /// <b>Safety.</b> They are written once more. What the earlier process wrote may stand in the system's cache only, and after a sync
    /// that failed there the cache passes it for written: the sync at the end would then vouch for what is not on the medium.
    /// </remarks>
    /// <exception cref="IOException">The medium failed; begin again.</exception>
    public void Recover()
    {
        var buffer = new byte[SnapshotChunk.MaxSize];
        while (true)
        {
            var size = SnapshotChunk.SizeOf(buffer.AsSpan(0, file.Read(_end, buffer.AsSpan(0, SnapshotChunk.HeaderSize))));
            var record = buffer.AsSpan(0, size);
            if (size == 0 || file.Read(_end, record) < size || !SnapshotChunk.IsValid(record))
                break;
            Write(ChunkKey.Of(SnapshotChunk.DataOf(record)), record);
        }

        file.SyncData();
    }

    /// <summary>A chunk of the snapshot, which an older file holds or this one must.</summary>
    /// <exception cref="IOException">The medium failed, or is full.</exception>
    public void Put(in ChunkKey key, ReadOnlySpan<byte> record)
    {
        if (_known.ContainsKey(key))
            return;
        if (_shelf?.Find(key, record) is { } place)
            _known.Add(key, place);
        else
            Append(key, record);
    }

    /// <summary>A chunk that no older file holds.</summary>
    /// <exception cref="IOException">The medium failed, or is full.</exception>
    public void Append(in ChunkKey key, ReadOnlySpan<byte> record)
    {
        Write(key, record);
        counters.Written.Add(1);
        counters.WrittenBytes.Add(record.Length);
    }

    /// <summary>Looks for a chunk in an older file, reading all of it; whether it is there.</summary>
    public bool TryReuse(in ChunkKey key)
    {
        if (_shelf?.Find(key) is not { } place)
            return false;
        _known.Add(key, place);
        return true;
    }

    /// <summary>Writes the end, makes the file durable and closes it. Every chunk of the list must be known.</summary>
    /// <exception cref="IOException">The medium failed, or is full.</exception>
    public void Finish(SnapshotManifest manifest, ChunkList list)
    {
        var numbers = new int[_shelf?.Bases.Count ?? 0];
        var bases = new List<SnapshotBase>();
        var places = new ChunkPlace[list.Count];
        for (var chunk = 0; chunk < places.Length; chunk++)
        {
            var place = _known[list[chunk]];
            if (place.File > 0 && numbers[place.File - 1] == 0)
            {
                bases.Add(_shelf!.Bases[place.File - 1]);
                numbers[place.File - 1] = bases.Count;
            }

            places[chunk] = place.File == 0 ? place : place with { File = numbers[place.File - 1] };
        }

        // An earlier process may have left more than counts now. The end of the file must be the end of the manifest.
        var start = Math.Max(_end, file.Length - SnapshotLayout.SizeOf(manifest, bases.Count));
        file.Write(start, new SnapshotLayout(manifest, list, places, [.. bases], start).ToBytes());
        Bases = bases;
        file.SyncData();
        file.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        file.Dispose();
        _shelf?.Dispose();
    }

    private void Write(in ChunkKey key, ReadOnlySpan<byte> record)
    {
        file.Write(_end, record);
        _known[key] = new(0, _end);
        _end += record.Length;
        _unsynced += record.Length;
        if (_unsynced < BytesPerSync)
            return;
        file.SyncData();
        _unsynced = 0;
    }
}
