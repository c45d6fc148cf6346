using System.Buffers;

namespace RaftStream.Raft.Log;

/// <summary>
/// The snapshots of a replica: one file each, the newest two are kept. Owned by the disk agent, used from one thread.
/// </summary>
/// <remarks>
/// The older one stays because it is the way out when the newest turns out damaged at a start, as long as the log still reaches back
/// to it: compact the log to the older one (<see cref="Storage.Compact"/>), not to the newest.
/// At most one snapshot is being received; what has come of it outlives the process, until another one is begun or a newer one is held.
/// </remarks>
internal sealed class SnapshotStore : IDisposable
{
    /// <summary>The name under which this replica's own snapshot is written.</summary>
    public const string TakingName = "snapshot-taking" + SnapshotFile.PartSuffix;

    private const int Kept = 2;

    private readonly IDisk _disk;
    private readonly List<LogPosition> _held = [];
    private readonly List<LogPosition> _damaged = [];
    private SnapshotReceiver? _receiver;
    private SnapshotFile? _served;

    private SnapshotStore(IDisk disk) => _disk = disk;

    /// <summary>The newest snapshot that is whole, or null.</summary>
    public SnapshotManifest? Newest { get; private set; }

    /// <summary>The positions of the snapshots held, oldest first.</summary>
    public IReadOnlyList<LogPosition> Held => _held;

    /// <summary>What is wrong with the newest damaged snapshot that was found at the start, or null.</summary>
    public string? Damage { get; private set; }

    /// <summary>A snapshot that another version of the program wrote: it must not be passed over, nor removed.</summary>
    public OpeningProblem? Unsupported { get; private set; }

    /// <summary>
    /// Finds the snapshots of a folder, verifies the newest whole, falling back to older ones, and removes what unfinished ones left, but
    /// for the newest that was being received.
    /// </summary>
    /// <exception cref="IOException">The medium failed. Damaged bytes are no exception, see <see cref="Damage"/>.</exception>
    public static SnapshotStore Open(IDisk disk)
    {
        var store = new SnapshotStore(disk);
        var receiving = LogPosition.Zero;
        foreach (var name in disk.List())
        {
            if (SnapshotFile.TryParsePart(name, out var part))
                receiving = part.Index > receiving.Index ? part : receiving;
            else if (SnapshotFile.TryParse(name, out var position))
                store._held.Add(position);
        }

        // A name may stand in the system's cache alone, if only the process died: nobody may act on a snapshot that a power cut can take.
        if (store._held.Count > 0)
            disk.SyncFolder();
        store._held.Sort(static (left, right) => left.Index != right.Index ? left.Index.CompareTo(right.Index) : left.Term.CompareTo(right.Term));
        store.FindNewest();
        store.ResumeReceiving(receiving);
        return store;
    }

    /// <summary>Begins a snapshot of this replica's own state. One at a time.</summary>
    public SnapshotWriter BeginWrite(SnapshotDescription description)
    {
        Invariant.Check(description.Position.Index.Value > 0 && description.Position.Term.Value > 0, "a snapshot stands behind an entry");
        return new(this, description, CreatePart(TakingName));
    }

    /// <summary>
    /// Begins to receive a snapshot, or goes on with the one at that position. One begun earlier at another position is given up.
    /// </summary>
    public SnapshotReceiver BeginReceive(LogPosition position)
    {
        if (_receiver is { IsUsable: true } && _receiver.Position == position)
            return _receiver;
        AbandonReceive();
        _receiver = new(position, CreatePart(SnapshotFile.PartNameOf(position)));
        return _receiver;
    }

    /// <summary>Gives up what is being received, and the room it takes; nothing where nothing is.</summary>
    public void AbandonReceive()
    {
        if (_receiver is not { } given)
            return;
        _receiver = null;
        given.Dispose();
        _disk.Delete(SnapshotFile.PartNameOf(given.Position));
    }

    /// <summary>Opens a snapshot held.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public SnapshotReader OpenReader(LogPosition position) => new(OpenFile(position));

    /// <summary>
    /// Appends a piece of a snapshot to <paramref name="destination"/>, for another replica: a chunk, or, behind the last, the manifest.
    /// Returns how many pieces there are; 0 where that snapshot is not held or has no such piece.
    /// </summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public int ReadPiece(LogPosition position, int piece, IBufferWriter<byte> destination)
    {
        if (!_held.Contains(position))
            return 0;
        if (_served?.Manifest.Position != position)
        {
            _served?.Dispose();
            _served = null;
            _served = OpenFile(position);
        }

        if (piece < 0 || piece >= _served.Pieces)
            return 0;
        var size = _served.SizeOf(piece);
        _served.ReadPiece(piece, destination.GetSpan(size)[..size]);
        destination.Advance(size);
        return _served.Pieces;
    }

    /// <summary>Removes the damaged snapshots found at the start, once the replica has decided to go on without them.</summary>
    public void RemoveDamaged()
    {
        foreach (var position in _damaged)
            _disk.Delete(SnapshotFile.NameOf(position));
        _damaged.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _receiver?.Dispose();
        _served?.Dispose();
    }

    /// <summary>
    /// Makes the snapshot that was received whole one of those held; nothing where there is none. Only now, when it is decided that
    /// it takes the place of the log: a received snapshot that is not wanted must neither push out one that the log leads up to, nor
    /// let the log be compacted to a place that it does not hold. False: there is no room for its name; call again.
    /// </summary>
    public bool PublishReceived()
    {
        if (_receiver?.Manifest is not { } manifest)
            return true;
        try
        {
            _disk.Rename(SnapshotFile.PartNameOf(manifest.Position), SnapshotFile.NameOf(manifest.Position));
        }
        catch (DiskFullException)
        {
            return false; // It waits under the name of a part: nothing is lost.
        }

        _receiver.Dispose();
        _receiver = null;
        Adopt(manifest);
        return true;
    }

    /// <summary>Gives an own snapshot that is whole and durable its name, durably, and drops what is older than the newest two.</summary>
    internal void PublishTaken(SnapshotManifest manifest)
    {
        _disk.Rename(TakingName, SnapshotFile.NameOf(manifest.Position));
        Adopt(manifest);
        if (_receiver is { Manifest: null } && _receiver.Position.Index <= manifest.Position.Index)
            AbandonReceive();
    }

    /// <summary>Removes the file of an own snapshot that was given up.</summary>
    internal void RemoveTaking() => _disk.Delete(TakingName);

    private void Adopt(SnapshotManifest manifest)
    {
        _disk.SyncFolder();
        _held.Remove(manifest.Position);
        var place = _held.Count;
        while (place > 0 && _held[place - 1].Index > manifest.Position.Index)
            place--;
        _held.Insert(place, manifest.Position);
        if (Newest is null || manifest.Position.Index >= Newest.Position.Index)
            Newest = manifest;
        Prune();
    }

    private void FindNewest()
    {
        while (_held.Count > 0)
        {
            using var file = SnapshotFile.Open(_disk, _held[^1], out var problem);
            if (problem?.Kind == OpeningKind.UnsupportedVersion)
            {
                Unsupported = problem;
                return;
            }

            var damage = file is null ? problem!.Sentence : file.Verify();
            if (damage is null)
            {
                Newest = file!.Manifest;
                break;
            }

            Damage ??= damage;
            _damaged.Add(_held[^1]);
            _held.RemoveAt(_held.Count - 1);
        }

        Prune();
    }

    // One that a held snapshot makes needless goes, as do all other parts: there is never more than one.
    private void ResumeReceiving(LogPosition position)
    {
        var kept = position.Index > (Newest?.Position.Index ?? LogIndex.Zero) ? SnapshotFile.PartNameOf(position) : "";
        foreach (var name in _disk.List())
        {
            if (name.EndsWith(SnapshotFile.PartSuffix, StringComparison.Ordinal) && !string.Equals(name, kept, StringComparison.Ordinal))
                _disk.Delete(name);
        }

        if (kept.Length == 0)
            return;
        var file = _disk.Open(kept);
        try
        {
            _receiver = SnapshotReceiver.Resume(position, file);
            if (_receiver.NextPiece == 0)
                AbandonReceive();
        }
        catch (IOException)
        {
            // A part is worth no more than the time it saves: on a medium that fails it is fetched anew.
            file.Dispose();
            _disk.Delete(kept);
        }
    }

    private void Prune()
    {
        while (_held.Count > Kept)
        {
            if (_served?.Manifest.Position == _held[0])
            {
                _served.Dispose();
                _served = null;
            }

            _disk.Delete(SnapshotFile.NameOf(_held[0]));
            _held.RemoveAt(0);
        }
    }

    private IDiskFile CreatePart(string name)
    {
        _disk.Delete(name);
        return _disk.Create(name);
    }

    private SnapshotFile OpenFile(LogPosition position) =>
        SnapshotFile.Open(_disk, position, out var problem) ?? throw new IOException($"A snapshot cannot be read: {problem!.Sentence}.");
}
