namespace RaftStream.Raft.Core;

/// <summary>
/// The log as the core sees it: term, kind and length of each entry, never a byte of it. Terms are kept as runs, since a term's
/// entries stand together; the rest is four bytes an entry in a ring.
/// </summary>
/// <remarks>
/// Kept true: entries are contiguous from <see cref="Base"/> + 1 to <see cref="Last"/>; terms never fall from one entry to the
/// next (dissertation 3.5). Bounded by compaction and by the limit on uncommitted entries.
/// </remarks>
internal sealed class LogShape
{
    private const int KindShift = 28;
    private const uint LengthMask = (1u << KindShift) - 1;

    private uint[] _ring = new uint[64];
    private int _start;
    private int _count;
    private LogPosition[] _runs = new LogPosition[8];
    private int _runCount;

    /// <summary>The position just before the first entry held: everything up to it is in a snapshot.</summary>
    public LogPosition Base { get; private set; }

    /// <summary>The last entry, or <see cref="Base"/> if none is held.</summary>
    public LogPosition Last => new(Base.Index + _count, _runCount == 0 ? Base.Term : _runs[_runCount - 1].Term);

    /// <summary>Whether an entry, or the base, stands at exactly this position.</summary>
    public bool Holds(LogPosition position) =>
        position.Index >= Base.Index && position.Index <= Last.Index && TermAt(position.Index) == position.Term;

    /// <summary>The term of the entry at an index from the base to the last.</summary>
    public Term TermAt(LogIndex index)
    {
        Invariant.Check(index >= Base.Index && index <= Base.Index + _count, "a term is asked for within the log");
        for (var run = _runCount - 1; run >= 0; run--)
        {
            if (_runs[run].Index <= index)
                return _runs[run].Term;
        }

        return Base.Term;
    }

    /// <summary>The position of the entry at an index from the base to the last.</summary>
    public LogPosition At(LogIndex index) => new(index, TermAt(index));

    /// <summary>The entry at an index above the base.</summary>
    public EntryShape ShapeAt(LogIndex index)
    {
        var packed = _ring[Slot(index)];
        return new(TermAt(index), (EntryKind)(packed >> KindShift), (int)(packed & LengthMask));
    }

    /// <summary>The payload length in bytes of the entry at an index above the base.</summary>
    public int LengthAt(LogIndex index) => (int)(_ring[Slot(index)] & LengthMask);

    /// <summary>The payload bytes of the entries behind <paramref name="from"/>, up to <paramref name="to"/>.</summary>
    public long BytesBetween(LogIndex from, LogIndex to)
    {
        var bytes = 0L;
        for (var index = LogIndex.Max(from, Base.Index).Next; index <= to; index = index.Next)
            bytes += LengthAt(index);
        return bytes;
    }

    /// <summary>Adds an entry behind the last.</summary>
    public void Append(EntryShape entry)
    {
        var last = Last;
        Invariant.Check(entry.Term >= last.Term, "terms never fall along the log");
        if (_count == _ring.Length)
            Grow();
        _ring[(_start + _count) & (_ring.Length - 1)] = ((uint)entry.Kind << KindShift) | (uint)entry.Length;
        _count++;
        if (entry.Term != last.Term)
        {
            if (_runCount == _runs.Length)
                Array.Resize(ref _runs, _runs.Length * 2);
            _runs[_runCount++] = new(last.Index.Next, entry.Term);
        }
    }

    /// <summary>Drops the entry at <paramref name="index"/> and all behind it.</summary>
    public void TruncateFrom(LogIndex index)
    {
        Invariant.Check(index > Base.Index && index <= Last.Index, "only entries that are held are truncated");
        _count = (int)(index - Base.Index) - 1;
        while (_runCount > 0 && _runs[_runCount - 1].Index >= index)
            _runCount--;
    }

    /// <summary>Forgets the entries up to and including <paramref name="index"/>.</summary>
    public void CompactTo(LogIndex index)
    {
        if (index <= Base.Index)
            return;
        Invariant.Check(index <= Last.Index, "only entries that are held are compacted");
        var at = At(index);
        var dropped = (int)(index - Base.Index);
        _start = (_start + dropped) & (_ring.Length - 1);
        _count -= dropped;
        Base = at;

        // A run that began at or before the new base, and whose term is the base's, is told by the base itself.
        var kept = 0;
        for (var run = 0; run < _runCount; run++)
        {
            if (_runs[run].Index > index)
                _runs[kept++] = _runs[run];
        }

        _runCount = kept;
    }

    /// <summary>Throws every entry away: the log goes on behind <paramref name="position"/>.</summary>
    public void Reset(LogPosition position)
    {
        Base = position;
        _start = 0;
        _count = 0;
        _runCount = 0;
    }

    /// <summary>
    /// The last position at or before <paramref name="limit"/>'s index whose term is not above <paramref name="limit"/>'s; the base
    /// where there is none. A follower answers a refused append with it, and the leader applies it to the answer: each exchange
    /// skips a whole term of disagreement (dissertation 3.5, the optimisation at its end).
    /// </summary>
    public LogPosition LastNotAbove(LogPosition limit)
    {
        var index = LogIndex.Min(limit.Index, Last.Index);
        for (var run = _runCount - 1; run >= 0; run--)
        {
            if (_runs[run].Index > index)
                continue;
            if (_runs[run].Term <= limit.Term)
                return new(index, _runs[run].Term);
            index = _runs[run].Index.Previous;
        }

        // Entries that go on with the base's term have no run of their own.
        return index > Base.Index && Base.Term <= limit.Term ? new(index, Base.Term) : Base;
    }

    /// <summary>Makes <paramref name="other"/> an equal log.</summary>
    public void CopyTo(LogShape other)
    {
        if (other._ring.Length < _ring.Length)
            other._ring = new uint[_ring.Length];
        if (other._runs.Length < _runCount)
            other._runs = new LogPosition[_runs.Length];
        for (var i = 0; i < _count; i++)
            other._ring[i] = _ring[(_start + i) & (_ring.Length - 1)];
        Array.Copy(_runs, other._runs, _runCount);
        (other._start, other._count, other._runCount, other.Base) = (0, _count, _runCount, Base);
    }

    /// <summary>Adds the log to a fingerprint.</summary>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Base);
        fingerprint.Add(_count);
        for (var i = 0; i < _count; i++)
            fingerprint.Add(_ring[(_start + i) & (_ring.Length - 1)]);
        for (var run = 0; run < _runCount; run++)
            fingerprint.Add(_runs[run]);
    }

    private int Slot(LogIndex index)
    {
        var place = index - Base.Index - 1;
        Invariant.Check((ulong)place < (ulong)_count, "an entry is asked for within the log");
        return (_start + (int)place) & (_ring.Length - 1);
    }

    private void Grow()
    {
        var larger = new uint[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        _ring = larger;
        _start = 0;
    }
}
