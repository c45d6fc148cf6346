namespace RaftStream.StreamStateMachine;

/// <summary>
/// Lists a frozen table's counters in the order of their keys' hashes, and of their bytes where hashes are equal: an order that only the
/// keys decide, and that needs no more memory than a segment has slots. Used by one thread.
/// </summary>
/// <remarks>
/// The segments are in that order already, however often each was cut; within one the slots are sorted here. A slot begins with the upper
/// half of its hash, so keys must be looked at only where those are equal.
/// <para>
/// In hash order neighbours are nowhere near each other in memory. Entries and the beginnings of keys are therefore fetched for a whole
/// segment in loops that do nothing else: the processor then waits for many of them at a time instead of for one after another.
/// </para>
/// </remarks>
internal sealed class HashOrder(FrozenTable table)
{
    private readonly List<ulong> _slots = new(KeyIndex.SegmentSlots);
    private Entry[] _entries = new Entry[KeyIndex.SegmentSlots];
    private int _segment;
    private int _next;
    private long _fetched;

    /// <summary>The next counter; false behind the last.</summary>
    public bool TryNext(out Entry entry)
    {
        while (_next == _slots.Count)
        {
            if (_segment == table.Segments.Length)
            {
                entry = default;
                return false;
            }

            Load(table.Segments[_segment++]);
        }

        entry = _entries[_next++];
        return true;
    }

    /// <summary>Whether one key stands before another.</summary>
    public static int Compare(ulong leftHash, ReadOnlySpan<byte> left, ulong rightHash, ReadOnlySpan<byte> right)
    {
        var order = leftHash.CompareTo(rightHash);
        return order != 0 ? order : left.SequenceCompareTo(right);
    }

    /// <summary>The number of the entry that a slot of the index leads to.</summary>
    public static int NumberOf(ulong slot) => (int)(uint)slot - 1;

    /// <summary>Sorts a segment's slots; <paramref name="byKeys"/> compares two by their whole hashes and keys.</summary>
    public static void Sort(List<ulong> slots, Comparison<ulong> byKeys)
    {
        slots.Sort();
        for (var start = 0; start < slots.Count;)
        {
            var end = start + 1;
            while (end < slots.Count && slots[end] >> 32 == slots[start] >> 32)
                end++;
            if (end - start > 1)
                slots.Sort(start, end - start, Comparer<ulong>.Create(byKeys));
            start = end;
        }
    }

    private void Load(KeySegment segment)
    {
        _slots.Clear();
        _next = 0;
        foreach (var slot in segment.Slots)
        {
            if (slot != 0)
                _slots.Add(slot);
        }

        Sort(_slots, CompareKeys);
        Fetch();
    }

    private void Fetch()
    {
        if (_entries.Length < _slots.Count)
            _entries = new Entry[_slots.Capacity];
        for (var i = 0; i < _slots.Count; i++)
            _entries[i] = EntryPages.At(table.Entries, NumberOf(_slots[i]));
        var sum = 0L;
        for (var i = 0; i < _slots.Count; i++)
            sum += table.Keys.KeyOf(_entries[i])[0];
        _fetched += sum; // Kept, so that the loop is.
    }

    private int CompareKeys(ulong left, ulong right)
    {
        var ours = table.KeyAt(NumberOf(left));
        var theirs = table.KeyAt(NumberOf(right));
        return Compare(KeyHash.Of(ours), ours, KeyHash.Of(theirs), theirs);
    }
}
