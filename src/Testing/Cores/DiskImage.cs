using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>What a node's files hold: hard state, snapshot position with the members at it, and log.</summary>
internal sealed class DiskImage
{
    private readonly List<EntryRecord> _entries = [];

    public HardState HardState { get; set; }

    public LogPosition Base { get; private set; }

    public LogPosition Snapshot { get; private set; }

    /// <summary>The configuration in the snapshot; null without one.</summary>
    public PlacedConfiguration? SnapshotMembers { get; private set; }

    public IReadOnlyList<EntryRecord> Entries => _entries;

    public LogPosition Last => new(Base.Index + _entries.Count, _entries.Count == 0 ? Base.Term : _entries[^1].Shape.Term);

    public EntryRecord At(LogIndex index) => _entries[(int)(index - Base.Index) - 1];

    public Term TermAt(LogIndex index) => index == Base.Index ? Base.Term : At(index).Shape.Term;

    /// <summary>Whether the entry is in the log, or lies under the base where only committed entries can be.</summary>
    public bool Covers(LogPosition position) =>
        position.Index <= Base.Index || (position.Index <= Last.Index && TermAt(position.Index) == position.Term);

    public EntryRecord[] Slice(LogIndex first, int count) => [.. _entries.GetRange((int)(first - Base.Index) - 1, count)];

    /// <summary>The configurations in the log behind an index.</summary>
    public List<PlacedConfiguration> ConfigurationsBehind(LogIndex index)
    {
        var found = new List<PlacedConfiguration>();
        for (var place = LogIndex.Max(index, Base.Index).Next; place <= Last.Index; place = place.Next)
        {
            if (At(place).Configuration is { } configuration)
                found.Add(new(place, configuration));
        }

        return found;
    }

    /// <summary>The newest configuration that these files tell of; null where they tell of none.</summary>
    public PlacedConfiguration? Members()
    {
        for (var place = _entries.Count - 1; place >= 0; place--)
        {
            if (_entries[place].Configuration is { } configuration && Base.Index + place + 1 > (SnapshotMembers?.Index ?? LogIndex.Zero))
                return new(Base.Index + place + 1, configuration);
        }

        return SnapshotMembers;
    }

    public DiskImage Clone()
    {
        var clone = new DiskImage { HardState = HardState, Base = Base, Snapshot = Snapshot, SnapshotMembers = SnapshotMembers };
        clone._entries.AddRange(_entries);
        return clone;
    }

    public void Apply(DiskWrite write)
    {
        HardState = write.HardState ?? HardState;
        if (write.Install != LogPosition.Zero)
        {
            (Base, Snapshot, SnapshotMembers) = (write.Install, write.Install, write.InstallMembers);
            _entries.Clear();
        }

        if (write.Entries.Length > 0)
        {
            CutFrom(write.AppendFirst);
            if (Last.Index.Next != write.AppendFirst)
                throw new InvalidOperationException($"A write at {write.AppendFirst} would leave a hole behind {Last}.");
            _entries.AddRange(write.Entries);
        }
    }

    /// <summary>Drops the entry at an index and all behind it.</summary>
    public void CutFrom(LogIndex index)
    {
        var kept = (int)Math.Max(0, index - Base.Index - 1);
        if (kept < _entries.Count)
            _entries.RemoveRange(kept, _entries.Count - kept);
    }

    /// <summary>A snapshot of the node's own state is on disk, and the log is cut at the front.</summary>
    public void TakeSnapshot(LogPosition snapshot, PlacedConfiguration members, LogPosition newBase)
    {
        (Snapshot, SnapshotMembers) = (snapshot, members);
        if (newBase.Index <= Base.Index)
            return;
        _entries.RemoveRange(0, (int)(newBase.Index - Base.Index));
        Base = newBase;
    }
}
