using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>What the storage has promised, and what it was doing: after a crash it holds the one or what the other would have made of it.</summary>
internal sealed record StoragePromise(StorageModel Acknowledged, StorageModel Written, string Doing);

/// <summary>A snapshot as a model keeps it: the state's bytes.</summary>
internal sealed record ModelSnapshot(LogPosition Position, long Time, byte[] State);

/// <summary>What a replica's storage must hold, kept the simple way. Not changed once it is part of a promise: see <see cref="Copy"/>.</summary>
internal sealed class StorageModel
{
    private readonly List<(LogPosition Position, long Time, byte[] Record)> _entries = [];

    /// <summary>Term and vote.</summary>
    public HardState HardState { get; set; }

    /// <summary>The entry behind which the log began when it was last reset.</summary>
    public LogPosition Start { get; private set; }

    /// <summary>How far a compaction may have gone.</summary>
    public LogIndex Compactable { get; set; }

    /// <summary>The snapshots held, at most two, oldest first.</summary>
    public List<ModelSnapshot> Snapshots { get; } = [];

    /// <summary>The last entry.</summary>
    public LogPosition Last => _entries.Count == 0 ? Start : _entries[^1].Position;

    /// <summary>The log time of the last entry.</summary>
    public long LastTime { get; private set; }

    /// <summary>The newest snapshot's last entry, which no later one may replace.</summary>
    public LogIndex Committed => Snapshots.Count == 0 ? LogIndex.Zero : Snapshots[^1].Position.Index;

    /// <summary>A model that can be changed while this one stays.</summary>
    public StorageModel Copy()
    {
        var copy = new StorageModel { HardState = HardState, Start = Start, Compactable = Compactable, LastTime = LastTime };
        copy._entries.AddRange(_entries);
        copy.Snapshots.AddRange(Snapshots);
        return copy;
    }

    /// <summary>The position of an entry held.</summary>
    public LogPosition PositionAt(LogIndex index) => _entries[(int)(index - Start.Index) - 1].Position;

    /// <summary>The log time of an entry held.</summary>
    public long TimeAt(LogIndex index) => _entries[(int)(index - Start.Index) - 1].Time;

    /// <summary>An entry, which replaces one at its index and all behind it.</summary>
    public void Put(LogPosition position, long time, byte[] record)
    {
        var place = (int)(position.Index - Start.Index) - 1;
        _entries.RemoveRange(place, _entries.Count - place);
        _entries.Add((position, time, record));
        LastTime = time;
    }

    /// <summary>A snapshot that the log leads up to.</summary>
    public void Save(ModelSnapshot snapshot)
    {
        Snapshots.Add(snapshot);
        if (Snapshots.Count > 2)
            Snapshots.RemoveAt(0);
    }

    /// <summary>A snapshot that takes the log's place.</summary>
    public void Install(ModelSnapshot snapshot)
    {
        Save(snapshot);
        _entries.Clear();
        (Start, LastTime, Compactable) = (snapshot.Position, snapshot.Time, snapshot.Position.Index);
    }

    /// <summary>Says how a storage differs from the model, or null.</summary>
    public string? DifferenceTo(Storage storage, IDisk disk, ArrayBufferWriter<byte> buffer)
    {
        var log = storage.Log;
        if (log.HardState != HardState)
            return $"it holds {log.HardState} instead of {HardState}";
        if (log.Last != Last || log.LastTime != LastTime)
            return $"the log ends with {log.Last} at {log.LastTime} instead of {Last} at {LastTime}";
        if (log.Base.Index < Start.Index || log.Base.Index > LogIndex.Max(Compactable, Start.Index))
            return $"the log begins behind {log.Base}, which is not between {Start} and {Compactable}";
        var expected = log.Base.Index == Start.Index ? Start : PositionAt(log.Base.Index);
        if (log.Base != expected)
            return $"the log begins behind {log.Base} instead of {expected}";
        return DifferenceInEntries(log, buffer) ?? DifferenceInSnapshots(storage.Snapshots, disk, buffer);
    }

    private string? DifferenceInEntries(SegmentedLog log, ArrayBufferWriter<byte> buffer)
    {
        var next = log.Base.Index.Next;
        while (next <= Last.Index)
        {
            buffer.ResetWrittenCount();
            var count = log.Read(next, Last.Index, int.MaxValue, buffer);
            if (count == 0)
                return $"entry {next} cannot be read";
            var rest = buffer.WrittenSpan;
            for (; count > 0; count--, next = next.Next)
            {
                var record = _entries[(int)(next - Start.Index) - 1].Record;
                if (!rest.StartsWith(record))
                    return $"entry {next} has other bytes than were written";
                rest = rest[record.Length..];
            }
        }

        return null;
    }

    private string? DifferenceInSnapshots(SnapshotStore store, IDisk disk, ArrayBufferWriter<byte> buffer)
    {
        if (!store.Held.SequenceEqual(Snapshots.Select(static snapshot => snapshot.Position)))
            return $"it holds the snapshots [{string.Join(", ", store.Held)}] instead of [{string.Join(", ", Snapshots.Select(static snapshot => snapshot.Position))}]";
        var needed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var snapshot in Snapshots)
        {
            using var file = SnapshotFile.Open(disk, snapshot.Position, out var problem);
            if (file is null)
                return $"the snapshot at {snapshot.Position} cannot be opened: {problem!.Sentence}";
            if (file.Verify() is { } damage)
                return damage;
            needed.Add(SnapshotFile.NameOf(snapshot.Position));
            needed.UnionWith(file.Layout.Bases.Select(static from => SnapshotFile.NameOf(from.Position)));
            if (file.Manifest.Description.Time != snapshot.Time || !StateOf(store, snapshot.Position, buffer).SequenceEqual(snapshot.State))
                return $"the snapshot at {snapshot.Position} has another state than was written";
        }

        var files = disk.List().Where(static name => SnapshotFile.TryParse(name, out _));
        if (!needed.SetEquals(files))
            return $"there are the snapshot files [{string.Join(", ", files)}] where [{string.Join(", ", needed)}] are needed";
        return store.Newest?.Position == Snapshots.LastOrDefault()?.Position ? null : $"the newest snapshot is {store.Newest?.Position}";
    }

    private static ReadOnlySpan<byte> StateOf(SnapshotStore store, LogPosition position, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        using var reader = store.OpenReader(position);
        for (var count = reader.Read(buffer.GetSpan(4096)); count > 0; count = reader.Read(buffer.GetSpan(4096)))
            buffer.Advance(count);
        return buffer.WrittenSpan;
    }
}
