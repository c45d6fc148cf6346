namespace RaftStream.Raft.Log;

/// <summary>Where an entry stands on disk, and what it is apart from its term.</summary>
/// <param name="Segment">The number of its segment.</param>
/// <param name="Offset">The start of its record in the segment, in bytes.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Length">Its payload in bytes.</param>
internal readonly record struct EntryPlace(long Segment, int Offset, EntryKind Kind, int Length)
{
    /// <summary>Its record in bytes.</summary>
    public int Size => LogRecord.SizeOf(Length);
}

/// <summary>
/// From a log index to its place on disk, for exactly the entries held: 12 bytes an entry, and one run for each change of term.
/// Grows by doubling and shrinks when entries are dropped.
/// </summary>
internal sealed class EntryIndex
{
    private const int SmallestCapacity = 64;
    private const int KindShift = 24; // LogRecord.MaxPayload is 2^23: a length fits below
    private const int LengthMask = (1 << KindShift) - 1;

    private readonly List<TermRun> _terms = [];
    private Slot[] _slots = new Slot[SmallestCapacity];
    private int _start;
    private int _count;

    /// <summary>The index just before the first entry held.</summary>
    public LogIndex Base { get; private set; }

    /// <summary>How many entries are held.</summary>
    public int Count => _count;

    /// <summary>The last entry held, or <see cref="Base"/>.</summary>
    public LogIndex Last => Base + _count;

    /// <summary>Where an entry stands; it must be held.</summary>
    public EntryPlace this[LogIndex index]
    {
        get
        {
            Invariant.Check(Holds(index), "an entry that is looked up is held");
            ref readonly var slot = ref _slots[_start + (int)(index - Base) - 1];
            return new(slot.Segment, slot.Offset, (EntryKind)(slot.KindAndLength >> KindShift), slot.KindAndLength & LengthMask);
        }
    }

    /// <summary>Whether an entry is held.</summary>
    public bool Holds(LogIndex index) => index > Base && index <= Last;

    /// <summary>The term of an entry; it must be held.</summary>
    public Term TermOf(LogIndex index)
    {
        Invariant.Check(Holds(index), "an entry whose term is asked for is held");
        return _terms[RunOf(index)].Term;
    }

    /// <summary>Forgets everything and goes on behind <paramref name="newBase"/>.</summary>
    public void Reset(LogIndex newBase)
    {
        Base = newBase;
        _start = 0;
        _count = 0;
        _terms.Clear();
        _slots = new Slot[SmallestCapacity];
    }

    /// <summary>Puts an entry at its index: one already there, and all behind it, are dropped.</summary>
    public void Put(in LogRecord entry, long segment, int offset)
    {
        var index = entry.Position.Index;
        Invariant.Check(index > Base && index <= Last.Next, "entries follow each other without a gap");
        Invariant.Check(segment <= int.MaxValue, "a segment number fits 31 bits");
        Truncate(index);
        if (_start + _count == _slots.Length)
            MakeRoom();
        _slots[_start + _count] = new() { Segment = (int)segment, Offset = offset, KindAndLength = ((int)entry.Kind << KindShift) | entry.Length };
        _count++;
        if (_terms.Count == 0 || _terms[^1].Term != entry.Position.Term)
            _terms.Add(new(index, entry.Position.Term));
    }

    /// <summary>Drops the entries up to <paramref name="index"/>, which is held or the base, and makes it the new base.</summary>
    public void DropThrough(LogIndex index)
    {
        Invariant.Check(index >= Base && index <= Last, "entries are dropped from the front");
        var dropped = (int)(index - Base);
        if (dropped == 0)
            return;
        if (dropped == _count)
            _terms.Clear();
        else
            _terms.RemoveRange(0, RunOf(index.Next));
        Base = index;
        _start += dropped;
        _count -= dropped;
        if (_slots.Length > SmallestCapacity && _count < _slots.Length / 4)
            Move(new Slot[Math.Max(SmallestCapacity, _slots.Length / 2)]);
    }

    private void Truncate(LogIndex from)
    {
        _count = (int)(from - Base) - 1;
        while (_terms.Count > 0 && _terms[^1].First >= from)
            _terms.RemoveAt(_terms.Count - 1);
    }

    // Half the array free in front is worth a move; else it doubles. Either way the cost is spread over as many additions.
    private void MakeRoom() => Move(_start >= _slots.Length / 2 ? _slots : new Slot[_slots.Length * 2]);

    private void Move(Slot[] target)
    {
        Array.Copy(_slots, _start, target, 0, _count);
        _slots = target;
        _start = 0;
    }

    private int RunOf(LogIndex index)
    {
        var (low, high) = (0, _terms.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_terms[middle].First <= index)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    private struct Slot
    {
        public int Segment;
        public int Offset;
        public int KindAndLength;
    }

    private readonly record struct TermRun(LogIndex First, Term Term);
}
