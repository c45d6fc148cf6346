namespace RaftStream.StreamStateMachine;

/// <summary>
/// Lists the counters of a living table some at a time, each at its value of that moment: one segment of the index after the other, sorted here. Used for one page.
/// </summary>
internal ref struct RowWalk(CountTable counters, RowCursor from)
{
    private readonly List<ulong> _slots = [];
    private ulong _hash = from.Hash;
    private ReadOnlySpan<byte> _key = from.Key;
    private ulong _nextHash;
    private int _next;
    private bool _isLoaded;

    /// <summary>Slots of the index that were looked at: what the walk has cost.</summary>
    public long Scanned { get; private set; }

    /// <summary>Whether nothing is left.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Where to go on.</summary>
    public readonly RowCursor Cursor => new(_hash, _key);

    /// <summary>The number of the next counter; false behind the last one of a segment, where a page may end.</summary>
    public bool TryNext(out int number)
    {
        if (!_isLoaded)
            Load();
        if (_next < _slots.Count)
        {
            number = HashOrder.NumberOf(_slots[_next++]);
            _key = counters.KeyAt(number);
            _hash = KeyHash.Of(_key);
            return true;
        }

        number = -1;
        (_isLoaded, _hash) = (false, _nextHash);
        _key = default;
        IsComplete = _nextHash == 0;
        return false;
    }

    private void Load()
    {
        _slots.Clear();
        (_next, _isLoaded) = (0, true);
        var segment = counters.SegmentOf(_hash, out _nextHash);
        Scanned += segment.Length;
        var half = _hash >> 32;
        foreach (var slot in segment)
        {
            if (slot == 0 || slot >> 32 < half)
                continue;
            if (slot >> 32 > half || !Cursor.Covers(counters.KeyAt(HashOrder.NumberOf(slot))))
                _slots.Add(slot);
        }

        HashOrder.Sort(_slots, counters.CompareSlots);
    }
}
