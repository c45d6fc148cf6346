using System.Buffers;

namespace RaftStream.Raft.Log;

/// <summary>
/// The snapshots of a replica: the newest two are held. Each has a file, and refers to files of older ones for the chunks that did not change since:
/// those stay until none held needs them. Owned by the disk agent, used from one thread.
/// </summary>
/// <remarks>
/// The older one stays because it is the way out when the newest turns out damaged at a start, as long as the log still reaches back
/// to it: compact the log to the older one (<see cref="Storage.Compact"/>), not to the newest. A chunk that both share is no way out for
/// either.
/// At most one snapshot is being received; what has come of it outlives the process, until another one is begun or a newer one is held.
/// <para>
/// [safety] A file goes only when a newer snapshot is durable under its name, and none that is held, being written or being received needs it.
/// </para>
/// </remarks>
internal sealed class SnapshotStore : IDisposable
{
    /// <summary>The name under which this replica's own snapshot is written.</summary>
    public const string TakingName = "snapshot-taking" + SnapshotFile.PartSuffix;

    /// <summary>How many snapshots are held.</summary>
    public const int Kept = 2;

    private readonly IDisk _disk;
    private readonly ChunkSizes _sizes;
    private readonly List<LogPosition> _files = [];
    private readonly List<LogPosition> _held = [];
    private readonly Dictionary<LogPosition, IReadOnlyList<SnapshotBase>> _bases = [];
    private readonly HashSet<LogPosition> _old = [];
    private readonly List<LogPosition> _damaged = [];
    private SnapshotPart? _taking;
    private SnapshotReceiver? _receiver;
    private SnapshotFile? _served;

    private SnapshotStore(IDisk disk, ChunkSizes sizes) => (_disk, _sizes) = (disk, sizes);

    /// <summary>The newest snapshot that is whole, or null.</summary>
    public SnapshotManifest? Newest { get; private set; }

    /// <summary>The positions of the snapshots held, oldest first.</summary>
    public IReadOnlyList<LogPosition> Held => _held;

    /// <summary>What became of chunks.</summary>
    public SnapshotCounters Counters { get; } = new();

    /// <summary>What is wrong with the newest damaged snapshot that was found at the start, or null.</summary>
    public string? Damage { get; private set; }

    /// <summary>A snapshot that another version of the program wrote, or that cannot be opened: it may be whole, and must not be passed over, nor anything removed.</summary>
    public OpeningProblem? Refused { get; private set; }

    /// <summary>
    /// Finds the snapshots of a folder, verifies the newest whole, falling back to older ones, and removes what unfinished ones left, but
    /// for the newest that was being received.
    /// </summary>
    /// <param name="disk">The folder.</param>
    /// <param name="sizes">How own snapshots are cut; the same on all replicas.</param>
    /// <exception cref="IOException">The medium failed. Damaged bytes are no exception, see <see cref="Damage"/>; nor is a snapshot that cannot be opened, see <see cref="Refused"/>.</exception>
    public static SnapshotStore Open(IDisk disk, ChunkSizes? sizes = null)
    {
        var store = new SnapshotStore(disk, sizes ?? ChunkSizes.Standard);
        var receiving = LogPosition.Zero;
        foreach (var name in disk.List())
        {
            if (SnapshotFile.TryParsePart(name, out var part))
                receiving = part.Index > receiving.Index ? part : receiving;
            else if (SnapshotFile.TryParse(name, out var position))
                store._files.Add(position);
        }

        // A name may stand in the system's cache alone, if only the process died: nobody may act on a snapshot that a power cut can take.
        if (store._files.Count > 0)
            disk.SyncFolder();
        store._files.Sort(static (left, right) => left.Index != right.Index ? left.Index.CompareTo(right.Index) : left.Term.CompareTo(right.Term));
        store.FindHeld();
        if (store.Refused is null)
            store.ResumeReceiving(receiving);
        return store;
    }

    /// <summary>Begins a snapshot of this replica's own state. One at a time.</summary>
    public SnapshotWriter BeginWrite(SnapshotDescription description)
    {
        var position = description.Position;
        Invariant.Check(position.Index.Value > 0 && position.Term.Value > 0, "a snapshot stands behind an entry");
        _taking = new(CreatePart(TakingName), Counters) { Shelf = OpenShelf(position) };
        return new(this, description, _taking, _sizes);
    }

    /// <summary>
    /// Begins to receive a snapshot, or goes on with the one at that position. One begun earlier at another position is given up.
    /// </summary>
    public SnapshotReceiver BeginReceive(LogPosition position)
    {
        if (_receiver is { IsUsable: true } && _receiver.Position == position)
            return _receiver;
        AbandonReceive();
        return _receiver = ReceiverOf(position, CreatePart(SnapshotFile.PartNameOf(position)), out _);
    }

    /// <summary>Gives up what is being received, and the room it takes; nothing where nothing is.</summary>
    public void AbandonReceive()
    {
        if (_receiver is not { } given)
            return;
        _receiver = null;
        given.Dispose();
        _disk.Delete(SnapshotFile.PartNameOf(given.Position));
        Prune();
    }

    /// <summary>Opens a snapshot held.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public SnapshotReader OpenReader(LogPosition position) => new(OpenFile(position));

    /// <summary>
    /// Appends a piece of a snapshot to <paramref name="destination"/>, for another replica: the manifest, then the list of chunks, then the
    /// chunks. Returns how many pieces there are; 0 where that snapshot is not held or has no such piece.
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

    /// <summary>Removes the damaged snapshots found at the start, once the replica has decided to go on without them, and what only they needed.</summary>
    public void RemoveDamaged()
    {
        // [safety] Not one by one: a damaged one may have chunks that one held stands on.
        _damaged.Clear();
        Prune();
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
        if (_receiver is not { Manifest: { } manifest } received)
            return true;
        try
        {
            Publish(SnapshotFile.PartNameOf(manifest.Position), manifest.Position);
        }
        catch (DiskFullException)
        {
            return false; // It waits under the name of a part: nothing is lost.
        }

        received.Dispose();
        _receiver = null;
        Adopt(manifest, received.Bases);
        return true;
    }

    /// <summary>Gives an own snapshot that is whole and durable its name, durably, and drops what neither of the newest two needs.</summary>
    internal void PublishTaken(SnapshotManifest manifest, IReadOnlyList<SnapshotBase> bases)
    {
        Publish(TakingName, manifest.Position);
        _taking = null;
        Adopt(manifest, bases);
        if (_receiver is { Manifest: null } && _receiver.Position.Index <= manifest.Position.Index)
            AbandonReceive();
    }

    /// <summary>Removes the file of an own snapshot that was given up.</summary>
    internal void RemoveTaking()
    {
        _disk.Delete(TakingName);
        Prune();
    }

    /// <summary>An own snapshot reads no older files any more.</summary>
    internal void EndTaking(SnapshotPart part)
    {
        if (_taking == part)
            _taking = null;
    }

    // [safety] A file whose name is there already stays: others may refer to chunks by their places in it, and what is in it is the same.
    private void Publish(string part, LogPosition position)
    {
        if (_files.Contains(position))
        {
            _disk.Delete(part);
            return;
        }

        _disk.Rename(part, SnapshotFile.NameOf(position));
        Insert(_files, position);
    }

    private void Adopt(SnapshotManifest manifest, IReadOnlyList<SnapshotBase> bases)
    {
        _disk.SyncFolder();
        if (!_held.Contains(manifest.Position))
            Hold(manifest.Position, bases);
        if (Newest is null || manifest.Position.Index >= Newest.Position.Index)
            Newest = manifest;
        Prune();
    }

    private void Hold(LogPosition position, IReadOnlyList<SnapshotBase> bases)
    {
        Insert(_held, position);
        _bases[position] = bases;
    }

    private static void Insert(List<LogPosition> positions, LogPosition position) =>
        positions.Insert(positions.FindLastIndex(other => other.Index <= position.Index) + 1, position);

    private void FindHeld()
    {
        for (var place = _files.Count - 1; place >= 0 && _held.Count < Kept; place--)
        {
            var position = _files[place];
            using var file = SnapshotFile.Open(_disk, position, out var problem);
            if (problem?.Kind is OpeningKind.UnsupportedVersion or OpeningKind.Unreadable)
            {
                Refused = problem;
                return;
            }

            // The older one is verified when it is needed.
            var damage = file is null ? problem!.Sentence : Newest is null ? file.Verify() : null;
            if (damage is not null)
            {
                // One that is here for its chunks alone need not be whole: what it stood on went when it was not held any more.
                if (_bases.Values.Any(bases => bases.Any(one => one.Position == position)))
                    continue;
                Damage ??= damage;
                _damaged.Add(position);
                continue;
            }

            Newest ??= file!.Manifest;
            Hold(position, file!.Layout.Bases);
            if (file.IsOld)
                _old.Add(position);
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
        IDiskFile? file = null;
        try
        {
            file = _disk.Open(kept);
            _receiver = ReceiverOf(position, file, out var part);
            part.Recover();
            if (part.IsEmpty)
                AbandonReceive();
        }
        catch (IOException)
        {
            // A part is worth no more than the time it saves: on a medium that fails it is fetched anew.
            _receiver = null;
            file?.Dispose();
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

            _bases.Remove(_held[0]);
            _old.Remove(_held[0]);
            _held.RemoveAt(0);
        }

        // Until it is decided to go on without the damaged ones, everything stays as it was found.
        if (_damaged.Count > 0 || Refused is not null)
            return;
        var needed = new HashSet<LogPosition>(_held);
        foreach (var from in _bases.Values.SelectMany(static bases => bases).Concat(_taking?.Shelf?.Bases ?? []).Concat(_receiver?.Shelf?.Bases ?? []))
            needed.Add(from.Position);
        for (var place = 0; place < _files.Count;)
        {
            if (needed.Contains(_files[place]))
            {
                place++;
                continue;
            }

            _disk.Delete(SnapshotFile.NameOf(_files[place]));
            _files.RemoveAt(place);
        }
    }

    private SnapshotReceiver ReceiverOf(LogPosition position, IDiskFile file, out SnapshotPart part)
    {
        part = new(file, Counters);
        return new(position, part, () => OpenShelf(position), Counters);
    }

    private ChunkShelf OpenShelf(LogPosition below) => ChunkShelf.Open(_disk, [.. _held.Where(held => !_old.Contains(held))], below, Counters);

    private IDiskFile CreatePart(string name)
    {
        _disk.Delete(name);
        return _disk.Create(name);
    }

    private SnapshotFile OpenFile(LogPosition position) =>
        SnapshotFile.Open(_disk, position, out var problem) ?? throw new IOException($"A snapshot cannot be read: {problem!.Sentence.TrimEnd('.')}.");
}
