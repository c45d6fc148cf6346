namespace RaftStream.Testing;

/// <summary>A write that no sync has followed yet.</summary>
internal readonly record struct PendingWrite(int Offset, byte[] Bytes)
{
    /// <summary>The first byte behind it.</summary>
    public int End => Offset + Bytes.Length;
}

/// <summary>A file as a power cut finds it: what is surely there, and what was written since.</summary>
internal sealed class CrashFile(Blob held)
{
    private readonly List<PendingWrite> _writes = [];

    /// <summary>What a power cut leaves in any case.</summary>
    public Blob Held { get; private set; } = held;

    /// <summary>What was written since the last sync, in order.</summary>
    public IReadOnlyList<PendingWrite> Writes => _writes;

    /// <summary>The length that programs see.</summary>
    public int Length { get; private set; } = held.Bytes.Length;

    /// <summary>A write.</summary>
    public void Write(int offset, byte[] bytes)
    {
        _writes.Add(new(offset, bytes));
        Length = Math.Max(Length, offset + bytes.Length);
    }

    /// <summary>A sync: everything is surely there.</summary>
    public void Sync()
    {
        if (_writes.Count == 0)
            return;
        var bytes = new byte[Length];
        Held.Bytes.CopyTo(bytes, 0);
        foreach (var write in _writes)
            write.Bytes.CopyTo(bytes, write.Offset);
        Held = new(bytes);
        _writes.Clear();
    }
}

/// <summary>
/// What is on a disk for certain and what is not, at each place of a trace: the operations are played into it one by one. Pessimistic
/// as POSIX allows: names and data are independent, and what was not synced comes in any order.
/// </summary>
internal sealed class CrashState
{
    private readonly List<CrashFile> _files = [];
    private readonly SortedDictionary<string, CrashFile> _names = new(StringComparer.Ordinal);
    private readonly List<(TraceOperation Operation, CrashFile File)> _changes = [];

    /// <summary>Begins with files that are all durable, numbered in the order of their names.</summary>
    public CrashState(IEnumerable<KeyValuePair<string, Blob>> start)
    {
        foreach (var (name, blob) in start)
        {
            _files.Add(new(blob));
            _names.Add(name, _files[^1]);
        }
    }

    /// <summary>Plays the next operation.</summary>
    public void Play(TraceOperation operation)
    {
        switch (operation.Kind)
        {
            case DiskOperation.Create:
                _files.Add(new(new([])));
                _changes.Add((operation, _files[^1]));
                break;
            case DiskOperation.Write:
                _files[operation.File].Write(operation.Offset, operation.Bytes);
                break;
            case DiskOperation.SyncData:
                _files[operation.File].Sync();
                break;
            case DiskOperation.SyncFolder:
                foreach (var (change, file) in _changes)
                    Apply(_names, change, file);
                _changes.Clear();
                break;
            default:
                _changes.Add((operation, _files[operation.File]));
                break;
        }
    }

    /// <summary>
    /// Every folder that a power cut may leave now: each subset of the changes of names since the last sync, where they are few, else
    /// each beginning of them and as many subsets as <paramref name="most"/> allows.
    /// </summary>
    public List<SortedDictionary<string, CrashFile>> Folders(int most, SimRandom random)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var folders = new List<SortedDictionary<string, CrashFile>>();
        var count = _changes.Count;
        if (count <= 10)
        {
            for (var subset = 0; subset < 1 << count; subset++)
                Add(subset);
            return folders;
        }

        for (var kept = 0; kept <= count; kept++)
            Add((1L << kept) - 1);
        for (var tries = 0; tries < most; tries++)
            Add((long)(random.NextBits() & ((1UL << count) - 1)));
        return folders;

        void Add(long subset)
        {
            var names = new SortedDictionary<string, CrashFile>(_names, StringComparer.Ordinal);
            for (var place = 0; place < count; place++)
            {
                if ((subset & (1L << place)) != 0)
                    Apply(names, _changes[place].Operation, _changes[place].File);
            }

            if (known.Add(string.Join('|', names.Select(pair => $"{pair.Key}={_files.IndexOf(pair.Value)}"))))
                folders.Add(names);
        }
    }

    // A change may find its file gone or never there, because the change before it was lost: then it is lost, too.
    private static void Apply(SortedDictionary<string, CrashFile> names, TraceOperation change, CrashFile file)
    {
        if (change.Kind == DiskOperation.Create)
        {
            names[change.Name] = file;
            return;
        }

        if (!names.TryGetValue(change.Name, out var found) || found != file)
            return;
        names.Remove(change.Name);
        if (change.Kind == DiskOperation.Rename)
            names[change.Target] = file;
    }
}
