namespace RaftStream.Testing;

/// <summary>
/// The names of a <see cref="SimDisk"/>, twice: as programs see them and as the medium holds them, with the changes in between that a
/// power cut may take. Owned by the disk.
/// </summary>
internal sealed class SimDiskFolder
{
    private readonly SortedDictionary<string, SimDiskFile> _seen = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SimDiskFile> _held = new(StringComparer.Ordinal);
    private readonly List<Change> _unsynced = [];

    /// <summary>What programs see.</summary>
    public SortedDictionary<string, SimDiskFile> Files => _seen;

    /// <summary>Every file that has a name for programs or may get one back in a power cut, in a fixed order.</summary>
    public List<SimDiskFile> Reachable()
    {
        var files = new List<SimDiskFile>();
        var known = new HashSet<SimDiskFile>();
        foreach (var file in _seen.Values)
            AddOnce(file);
        foreach (var file in _held.Values)
            AddOnce(file);
        foreach (var change in _unsynced)
            AddOnce(change.File);
        return files;

        void AddOnce(SimDiskFile file)
        {
            if (known.Add(file))
                files.Add(file);
        }
    }

    public SimDiskFile Create(string name)
    {
        var file = new SimDiskFile();
        Make(new(DiskOperation.Create, name, "", file));
        return file;
    }

    public void Rename(string from, string to) => Make(new(DiskOperation.Rename, from, to, _seen[from]));

    public void Delete(string name)
    {
        if (_seen.TryGetValue(name, out var file))
            Make(new(DiskOperation.Delete, name, "", file));
    }

    /// <summary>Every change reaches the medium.</summary>
    public void Sync() => SyncFirst(_unsynced.Count);

    /// <summary>A sync that was cut short: the first few changes reach the medium.</summary>
    public void SyncSome(SimRandom random) => SyncFirst(random.Between(0, _unsynced.Count));

    /// <summary>
    /// The power goes. Half the time the first few unsynced changes are on the medium, as a journal does it, half the time any of
    /// them, as a folder of many blocks may. Returns how many were lost.
    /// </summary>
    public int Crash(SimRandom random)
    {
        var lost = 0;
        if (random.Chance(0.5))
        {
            SyncSome(random);
            lost = _unsynced.Count;
        }
        else
        {
            foreach (var change in _unsynced)
            {
                if (random.Chance(0.5))
                    Apply(_held, change);
                else
                    lost++;
            }
        }

        _unsynced.Clear();
        _seen.Clear();
        foreach (var (name, file) in _held)
            _seen.Add(name, file);
        return lost;
    }

    /// <summary>Takes over the names of another folder, each file copied; what was here is gone.</summary>
    public void CopyFrom(SimDiskFolder other)
    {
        _seen.Clear();
        _held.Clear();
        _unsynced.Clear();
        var copies = new Dictionary<SimDiskFile, SimDiskFile>();
        foreach (var (name, file) in other._seen)
            _seen.Add(name, CopyOf(file));
        foreach (var (name, file) in other._held)
            _held.Add(name, CopyOf(file));
        foreach (var change in other._unsynced)
            _unsynced.Add(change with { File = CopyOf(change.File) });

        SimDiskFile CopyOf(SimDiskFile file)
        {
            if (!copies.TryGetValue(file, out var copy))
                copies.Add(file, copy = file.Clone());
            return copy;
        }
    }

    private void Make(Change change)
    {
        Apply(_seen, change);
        _unsynced.Add(change);
    }

    private void SyncFirst(int count)
    {
        for (var place = 0; place < count; place++)
            Apply(_held, _unsynced[place]);
        _unsynced.RemoveRange(0, count);
    }

    // On the medium a change may find its file gone or never there, because the change before it was lost: then it is lost, too.
    private static void Apply(SortedDictionary<string, SimDiskFile> names, Change change)
    {
        if (change.Operation == DiskOperation.Create)
        {
            names[change.Name] = change.File;
            return;
        }

        if (!names.TryGetValue(change.Name, out var file) || file != change.File)
            return;
        names.Remove(change.Name);
        if (change.Operation == DiskOperation.Rename)
            names[change.Target] = change.File;
    }

    private readonly record struct Change(DiskOperation Operation, string Name, string Target, SimDiskFile File);
}
