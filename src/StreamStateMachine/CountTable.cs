using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Counters by key, packed: a slot of 8 bytes, an entry of 16 and the key's bytes, but no object for a key. Entries are dense: the last one
/// fills the hole that a removed one leaves, so an entry's number is good only until the next <see cref="RemoveAt"/>.
/// </summary>
/// <remarks>
/// <see cref="Hash"/> is a sum over the counters, kept up with each change: it depends on what the table holds and not on the way there.
/// So do both bounds, which must decline the same command on every replica, one that restored a snapshot included.
/// <para>
/// No change costs more than some pages, however large the table: entries and index are paged and copied on the first write after a
/// capture, the index grows by a segment at a time, and keys that must make room are moved a few with each change.
/// </para>
/// </remarks>
internal sealed class CountTable
{
    /// <summary>Entries looked at by one change while keys are being moved.</summary>
    private const int MovesPerChange = 64;

    private readonly int _maxCount;
    private readonly long _maxKeyBytes;
    private readonly KeyIndex _index;
    private readonly EntryPages _entries;
    private readonly KeyHeap _keys = new();
    private int _toMove;

    /// <summary>An empty table.</summary>
    /// <param name="maxCount">The most keys it takes: 1 to 2^26.</param>
    /// <param name="maxKeyBytes">The most bytes of keys it takes: 1 to 2^30.</param>
    public CountTable(int maxCount, long maxKeyBytes)
    {
        Invariant.Check(maxCount is > 0 and <= 1 << 26 && maxKeyBytes is > 0 and <= 1L << 30, "a table's bounds are in range");
        _maxCount = maxCount;
        _maxKeyBytes = maxKeyBytes;
        _index = new(Captures);
        _entries = new(Captures);
    }

    /// <summary>The views of this table, and of whatever else is captured with it.</summary>
    public Captures Captures { get; } = new();

    /// <summary>How many keys.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of all keys.</summary>
    public long KeyBytes { get; private set; }

    /// <summary>The sum of all values: at most 2^26 values of 64 bits, so it never overflows.</summary>
    public Int128 Total { get; private set; }

    /// <summary>The sum of a hash of each counter, 0 for an empty table.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Another table with the same bounds and nothing in it.</summary>
    public CountTable Empty() => new(_maxCount, _maxKeyBytes);

    /// <summary>Whether that many new keys with that many bytes keep the table within its bounds.</summary>
    public bool HasRoomFor(int keys, long keyBytes) => Count + (long)keys <= _maxCount && KeyBytes + keyBytes <= _maxKeyBytes;

    /// <summary>
    /// The number of a key's entry, or -1; <paramref name="hash"/> is <see cref="KeyHash.Of(ReadOnlySpan{byte})"/> of it.
    /// </summary>
    public int Find(ReadOnlySpan<byte> key, ulong hash)
    {
        var slots = _index.SlotsOf(hash);
        var mask = (uint)slots.Length - 1;
        for (var place = KeyIndex.PlaceOf(hash) & mask; ; place = (place + 1) & mask)
        {
            var slot = slots[(int)place];
            if (slot == 0)
                return -1;
            if ((slot ^ hash) >> 32 != 0)
                continue;
            var number = (int)(uint)slot - 1;
            ref readonly var entry = ref _entries[number];
            if (entry.KeyLength == key.Length && key.SequenceEqual(_keys.KeyOf(entry)))
                return number;
        }
    }

    /// <summary>The number of a key's entry, or -1.</summary>
    public int Find(ReadOnlySpan<byte> key) => Find(key, KeyHash.Of(key));

    /// <summary>An entry's value.</summary>
    public long ValueAt(int number) => _entries[number].Value;

    /// <summary>An entry's key, good until the table changes.</summary>
    public ReadOnlySpan<byte> KeyAt(int number) => _keys.KeyOf(_entries[number]);

    /// <summary>Gives an entry another value; <paramref name="hash"/> is its key's.</summary>
    public void SetAt(int number, ulong hash, long value)
    {
        ref var entry = ref _entries.ToWrite(number);
        Total += (Int128)value - entry.Value;
        Hash += Term(hash, value) - Term(hash, entry.Value);
        entry.Value = value;
    }

    /// <summary>Adds a key that is not there; the caller has asked <see cref="HasRoomFor"/>.</summary>
    public void Insert(ReadOnlySpan<byte> key, ulong hash, long value)
    {
        Invariant.Check(key.Length is > 0 and <= StoreLimits.MaxKeyBytes && HasRoomFor(1, key.Length), "a new key is within the table's bounds");
        var number = Count++;
        _entries.Reserve(number);
        ref var entry = ref _entries.ToWrite(number);
        entry.Value = value;
        _keys.Append(key, ref entry);
        _index.Add(hash, number);
        KeyBytes += key.Length;
        Total += value;
        Hash += Term(hash, value);
        if (_keys.IsMoving)
            MoveKeys();
    }

    /// <summary>Adds to a key's value, or makes the key with it: for tables whose sums are known to stay within 64 bits.</summary>
    /// <returns>Whether the key is new.</returns>
    public bool Add(ReadOnlySpan<byte> key, long delta)
    {
        var hash = KeyHash.Of(key);
        var number = Find(key, hash);
        if (number < 0)
            Insert(key, hash, delta);
        else
            SetAt(number, hash, _entries[number].Value + delta);
        return number < 0;
    }

    /// <summary>Removes an entry.</summary>
    public void RemoveAt(int number)
    {
        var removed = _entries[number];
        var hash = KeyHash.Of(_keys.KeyOf(removed));
        Count--;
        KeyBytes -= removed.KeyLength;
        Total -= removed.Value;
        Hash -= Term(hash, removed.Value);
        _index.Remove(hash, number);
        if (number != Count)
        {
            var last = _entries[Count];
            _index.Renumber(KeyHash.Of(_keys.KeyOf(last)), Count, number);
            _entries.ToWrite(number) = last;
        }

        _entries.Shrink(Count);
        if (_keys.IsWasteful(KeyBytes))
        {
            _keys.BeginMove();
            _toMove = Count;
        }

        if (_keys.IsMoving)
            MoveKeys();
    }

    /// <summary>Removes everything and keeps the memory; no view may be alive.</summary>
    public void Clear()
    {
        Invariant.Check(!Captures.HasLiving, "a table is not cleared under a view");
        _index.Clear();
        _keys.Clear();
        (Count, KeyBytes, Total, Hash) = (0, 0, 0, 0);
    }

    /// <summary>The numbers of all entries, ordered by their keys' bytes.</summary>
    public int[] Sorted()
    {
        var numbers = new int[Count];
        for (var number = 0; number < numbers.Length; number++)
            numbers[number] = number;
        new KeyOrder(this, Count).Sort(numbers);
        return numbers;
    }

    /// <summary>The slots of the index that hold the keys whose hashes begin as this one does (<see cref="KeyIndex.SegmentOf"/>), good until the table changes.</summary>
    public ReadOnlySpan<ulong> SegmentOf(ulong hash, out ulong next) => _index.SegmentOf(hash, out next);

    /// <summary>Compares the keys that two slots lead to by their hashes, then by their bytes.</summary>
    public int CompareSlots(ulong left, ulong right)
    {
        var ours = KeyAt(HashOrder.NumberOf(left));
        var theirs = KeyAt(HashOrder.NumberOf(right));
        return HashOrder.Compare(KeyHash.Of(ours), ours, KeyHash.Of(theirs), theirs);
    }

    /// <summary>The counters of this moment; they stay as they are while a ticket taken now lives.</summary>
    public FrozenTable Freeze() => new(Count, _index.Freeze(), _entries.Freeze(), _keys.Freeze());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Term(ulong keyHash, long value) => KeyHash.Mix(keyHash ^ KeyHash.Mix((ulong)value + 0x632B_E59B_D9B4_E019));

    /// <summary>
    /// Goes on moving keys to new pages, from the last entry down: what is added meanwhile stands behind and goes to new pages at once,
    /// and what fills a hole comes from behind, where all has been moved. A removal moves more entries than the one it takes away, so the
    /// entry to go on from is always there.
    /// </summary>
    private void MoveKeys()
    {
        for (var end = Math.Max(0, _toMove - MovesPerChange); _toMove > end;)
        {
            _toMove--;
            if (_keys.IsOld(_entries[_toMove]))
            {
                ref var entry = ref _entries.ToWrite(_toMove);
                _keys.Append(_keys.KeyOf(entry), ref entry);
            }
        }

        if (_toMove == 0)
            _keys.EndMove();
    }
}

/// <summary>The counters of a table at a capture, read by one thread while another changes the table.</summary>
/// <param name="Count">How many counters.</param>
/// <param name="Segments">The index, in the order of hashes.</param>
/// <param name="Entries">The entries.</param>
/// <param name="Keys">The keys.</param>
internal sealed record FrozenTable(int Count, KeySegment[] Segments, EntryPage[] Entries, FrozenKeys Keys)
{
    /// <summary>A counter's key.</summary>
    public ReadOnlySpan<byte> KeyAt(int number) => Keys.KeyOf(EntryPages.At(Entries, number));
}
