using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// The names of a <see cref="FaultyDisk"/>: as programs see them, and as the disk below holds them, with the changes in between. Owned by the disk and
/// used under its lock.
/// </summary>
/// <remarks>
/// A file that is created has no name yet that survives, but its bytes may be synced first: so it exists at once on the disk below, under a name of
/// limbo, which programs do not see and which is removed at the next start. The sync of the folder gives it its own.
/// </remarks>
internal sealed class UnsyncedNames
{
    private const string LimboPrefix = "unsynced-";
    private const int MaxChanges = 10_000;

    private readonly IDisk _disk;
    private readonly SortedDictionary<string, UnsyncedFile> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UnsyncedFile> _held = new(StringComparer.Ordinal);
    private readonly List<Change> _changes = [];
    private int _lastLimbo;
    private bool _hasFailed;

    /// <summary>Takes over what a disk holds, and removes what an earlier process had created there without ever syncing its name.</summary>
    public UnsyncedNames(IDisk disk)
    {
        _disk = disk;
        foreach (var name in disk.List())
        {
            if (name.StartsWith(LimboPrefix, StringComparison.Ordinal))
            {
                disk.Delete(name);
                continue;
            }

            var file = new UnsyncedFile(disk, name, null);
            _seen.Add(name, file);
            _held.Add(name, file);
        }
    }

    /// <summary>What programs see.</summary>
    public IReadOnlyDictionary<string, UnsyncedFile> Seen => _seen;

    /// <summary>The names that programs see, in ordinal order.</summary>
    public IReadOnlyList<string> List() => [.. _seen.Keys];

    /// <summary>Creates a file, opened.</summary>
    public UnsyncedFile Create(string name)
    {
        var limbo = string.Create(CultureInfo.InvariantCulture, $"{LimboPrefix}{++_lastLimbo:d6}");
        var file = new UnsyncedFile(_disk, limbo, _disk.Create(limbo));
        file.Acquire();
        _seen.Add(name, file);
        Keep(new(name, null, file, IsCreated: true));
        return file;
    }

    /// <summary>Renames a file that is there.</summary>
    public void Rename(string from, string to)
    {
        if (string.Equals(from, to, StringComparison.Ordinal))
            return;
        _seen.Remove(from, out var file);
        _seen[to] = file!;
        Keep(new(from, to, file!, IsCreated: false));
    }

    /// <summary>Deletes a file, if it is there.</summary>
    public void Delete(string name)
    {
        if (_seen.Remove(name, out var file))
            Keep(new(name, null, file, IsCreated: false));
    }

    /// <summary>Every change reaches the disk below, in their order, so that whoever is killed meanwhile leaves the first few.</summary>
    public void Sync()
    {
        if (_hasFailed)
            throw new IOException("The folder takes no more changes after a sync of it that failed: which names survive is unknown until the node starts again.");
        _hasFailed = true;
        foreach (var change in _changes)
            Apply(change);
        _changes.Clear();
        _disk.SyncFolder();
        _hasFailed = false;
    }

    /// <summary>A sync fails: no change reaches the disk below any more, as where a file system has given up its journal.</summary>
    public void FailSync() => _hasFailed = true;

    /// <summary>
    /// The power goes. Half the time the first few changes are on the disk below, as a journal does it, half the time any of them, as a folder of
    /// many blocks may.
    /// </summary>
    public void KeepSome(SimRandom random)
    {
        if (_hasFailed)
            return;
        var first = random.Chance(0.5) ? random.Between(0, _changes.Count) : -1;
        for (var place = 0; place < _changes.Count; place++)
        {
            if (first < 0 ? random.Chance(0.5) : place < first)
                Apply(_changes[place]);
        }
    }

    /// <summary>Every file that has a name for programs or may get one back in a power cut, in a fixed order.</summary>
    public IEnumerable<UnsyncedFile> Reachable() =>
        _seen.Values.Concat(_changes.Select(static change => change.File)).Concat(_held.OrderBy(static held => held.Key, StringComparer.Ordinal).Select(static held => held.Value)).Distinct();

    private void Keep(Change change)
    {
        if (_changes.Count >= MaxChanges)
            throw new IOException($"The folder has {MaxChanges} changes that no sync followed: the lab's disk keeps no more in memory.");
        _changes.Add(change);
    }

    // In a power cut a change may find its file gone or never there, because the change before it was lost: then it is lost, too.
    private void Apply(Change change)
    {
        var (name, target, file, isCreated) = change;
        if (isCreated)
        {
            Place(file, name);
            return;
        }

        if (!_held.TryGetValue(name, out var held) || held != file)
            return;
        _held.Remove(name);
        if (target is not null)
        {
            Place(file, target);
            return;
        }

        _disk.Delete(name);
        file.Rename(null);
    }

    private void Place(UnsyncedFile file, string name)
    {
        _disk.Rename(file.HeldName!, name);
        if (_held.TryGetValue(name, out var replaced))
            replaced.Rename(null);
        _held[name] = file;
        file.Rename(name);
    }

    /// <summary>A file created, deleted, or renamed where there is a target.</summary>
    private readonly record struct Change(string Name, string? Target, UnsyncedFile File, bool IsCreated);
}
