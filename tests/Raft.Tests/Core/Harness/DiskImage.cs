using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>An entry with the bytes that the core never sees, here a short text.</summary>
internal readonly record struct EntryRecord(EntryShape Shape, string Text);

/// <summary>A message on the network, with the entries that an append carries.</summary>
internal sealed record Envelope(Message Message, EntryRecord[] Entries);

/// <summary>One write as the runtime would hand it to the disk.</summary>
internal sealed record DiskWrite(long Sequence, HardState? HardState, LogPosition Install, LogIndex AppendFirst, EntryRecord[] Entries);

/// <summary>What a node's files hold: hard state, snapshot position and log.</summary>
internal sealed class DiskImage
{
    private readonly List<EntryRecord> _entries = [];

    public HardState HardState { get; set; }

    public LogPosition Base { get; private set; }

    public LogPosition Snapshot { get; private set; }

    public IReadOnlyList<EntryRecord> Entries => _entries;

    public LogPosition Last => new(Base.Index + _entries.Count, _entries.Count == 0 ? Base.Term : _entries[^1].Shape.Term);

    public EntryRecord At(LogIndex index) => _entries[(int)(index - Base.Index) - 1];

    public Term TermAt(LogIndex index) => index == Base.Index ? Base.Term : At(index).Shape.Term;

    /// <summary>Whether the entry is in the log, or lies under the base where only committed entries can be.</summary>
    public bool Covers(LogPosition position) =>
        position.Index <= Base.Index || (position.Index <= Last.Index && TermAt(position.Index) == position.Term);

    public EntryRecord[] Slice(LogIndex first, int count) => [.. _entries.GetRange((int)(first - Base.Index) - 1, count)];

    public DiskImage Clone()
    {
        var clone = new DiskImage { HardState = HardState, Base = Base, Snapshot = Snapshot };
        clone._entries.AddRange(_entries);
        return clone;
    }

    public void Apply(DiskWrite write)
    {
        HardState = write.HardState ?? HardState;
        if (write.Install != LogPosition.Zero)
        {
            (Base, Snapshot) = (write.Install, write.Install);
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
    public void TakeSnapshot(LogPosition snapshot, LogPosition newBase)
    {
        Snapshot = snapshot;
        if (newBase.Index <= Base.Index)
            return;
        _entries.RemoveRange(0, (int)(newBase.Index - Base.Index));
        Base = newBase;
    }

    public CoreRecovery ToRecovery() => new(HardState, Base, Snapshot, _entries.Select(entry => entry.Shape));
}

/// <summary>A disk that completes writes in order, when it is told to, and loses the rest in a crash.</summary>
internal sealed class SimulatedDisk
{
    private readonly Queue<DiskWrite> _underWay = new();

    /// <summary>What a crash leaves.</summary>
    public DiskImage Durable { get; private set; } = new();

    public int WritesUnderWay => _underWay.Count;

    public long OldestSequence => _underWay.TryPeek(out var write) ? write.Sequence : 0;

    public long NewestSequence { get; private set; }

    public void Start(DiskImage image)
    {
        _underWay.Clear();
        Durable = image;
    }

    public void Write(DiskWrite write)
    {
        _underWay.Enqueue(write);
        NewestSequence = write.Sequence;
    }

    public void Complete(long upTo)
    {
        while (_underWay.TryPeek(out var write) && write.Sequence <= upTo)
            Durable.Apply(_underWay.Dequeue());
    }

    public void LoseWritesUnderWay()
    {
        _underWay.Clear();
        NewestSequence = 0;
    }
}
