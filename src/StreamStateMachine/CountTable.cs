using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Values by key, integers (the counters) and bytes, packed: a slot of 8 bytes, an entry of 16 and the key's and the value's bytes, but no object for either. Entries are dense: the last one
/// fills the hole that a removed one leaves, so an entry's number is good only until the next <see cref="RemoveAt"/>.
/// </summary>
/// <remarks>
/// <see cref="Hash"/> is a sum over the keys, kept up with each change: it depends on what the table holds and not on the way there.
/// So do the bounds, which must decline the same command on every replica, one that restored a snapshot included.
/// <para>
/// No change costs more than some pages, however large the table: entries and index are paged and copied on the first write after a
/// capture, the index grows by a segment at a time, and keys and values that must make room are moved a few with each change.
/// </para>
/// </remarks>
internal sealed class CountTable
{
    /// <summary>Entries looked at by one change while keys are being moved.</summary>
    private const int MovesPerChange = 64;

    /// <summary>Bytes of values walked over by one change while they are being moved, and what one byte that it adds pays for beyond.</summary>
    private const int WalkPerChange = 64 * 1024;

    private const int WalkPerByte = 4;
    private const int BytesPerMove = 32;

    private readonly int _maxCount;
    private readonly long _maxKeyBytes;
    private readonly long _maxValueBytes;
    private readonly KeyIndex _index;
    private readonly EntryPages _entries;
    private readonly KeyHeap _keys = new();
    private readonly ValueHeap _values;
    private int _toMove;

    /// <summary>An empty table.</summary>
    /// <param name="maxCount">The most keys it takes: 1 to 2^26.</param>
    /// <param name="maxKeyBytes">The most bytes of keys it takes: 1 to 2^30.</param>
    /// <param name="maxValueBytes">The most bytes of values it takes, those that are integers left out: 1 to 2^30.</param>
    public CountTable(int maxCount, long maxKeyBytes, long maxValueBytes = StoreLimits.MaxTotalValueBytes)
    {
        Invariant.Check(maxCount is > 0 and <= 1 << 26 && maxKeyBytes is > 0 and <= 1L << 30 && maxValueBytes is > 0 and <= 1L << 30, "a table's bounds are in range");
        _maxCount = maxCount;
        _maxKeyBytes = maxKeyBytes;
        _maxValueBytes = maxValueBytes;
        _index = new(Captures);
        _entries = new(Captures);
        _values = new(Captures);
    }

    /// <summary>The views of this table, and of whatever else is captured with it.</summary>
    public Captures Captures { get; } = new();

    /// <summary>How many keys.</summary>
    public int Count { get; private set; }

    /// <summary>How many of them hold integers.</summary>
    public int Integers { get; private set; }

    /// <summary>The bytes of all keys.</summary>
    public long KeyBytes { get; private set; }

    /// <summary>The bytes of all values that are not integers.</summary>
    public long ValueBytes { get; private set; }

    /// <summary>The pages that they lie in, with what is gone and not yet made room of.</summary>
    public int ValuePages => _values.Pages;

    /// <summary>The sum of all integers: at most 2^26 values of 64 bits, so it never overflows.</summary>
    public Int128 Total { get; private set; }

    /// <summary>The sum of a hash of each key with its value, 0 for an empty table.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Another table with the same bounds and nothing in it.</summary>
    public CountTable Empty() => new(_maxCount, _maxKeyBytes, _maxValueBytes);

    /// <summary>Whether that many new keys with that many bytes keep the table within its bounds.</summary>
    public bool HasRoomFor(int keys, long keyBytes) => Count + (long)keys <= _maxCount && KeyBytes + keyBytes <= _maxKeyBytes;

    /// <summary>Whether values that take that many bytes more, or less, keep the table within its bounds.</summary>
    public bool HasRoomForValues(long bytes) => ValueBytes + bytes <= _maxValueBytes;

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

    /// <summary>Whether an entry holds bytes, and not an integer.</summary>
    public bool HoldsBytes(int number) => _entries[number].HoldsBytes;

    /// <summary>An entry's integer.</summary>
    public long ValueAt(int number)
    {
        ref readonly var entry = ref _entries[number];
        Invariant.Check(!entry.HoldsBytes, "bytes are not read as a number");
        return entry.Value;
    }

    /// <summary>An entry's bytes, good until the table changes.</summary>
    public ReadOnlySpan<byte> BytesAt(int number)
    {
        ref readonly var entry = ref _entries[number];
        Invariant.Check(entry.HoldsBytes, "a number is not read as bytes");
        return _values.At(new(entry.Value));
    }

    /// <summary>An entry's key, good until the table changes.</summary>
    public ReadOnlySpan<byte> KeyAt(int number) => _keys.KeyOf(_entries[number]);

    /// <summary>Lets an entry hold an integer; <paramref name="hash"/> is its key's.</summary>
    public void SetAt(int number, ulong hash, long value)
    {
        ref var entry = ref _entries.ToWrite(number);
        if (entry.HoldsBytes)
        {
            TakeOut(entry, hash);
            (entry.HoldsBytes, entry.Value) = (false, value);
            PutIn(hash, value);
            MoveValues(0);
            return;
        }

        Total += (Int128)value - entry.Value;
        Hash += Term(hash, value) - Term(hash, entry.Value);
        entry.Value = value;
    }

    /// <summary>Lets an entry hold bytes; <paramref name="hash"/> is its key's, and the caller has asked <see cref="HasRoomForValues"/>.</summary>
    public void SetBytesAt(int number, ulong hash, ReadOnlySpan<byte> value)
    {
        ref var entry = ref _entries.ToWrite(number);
        TakeOut(entry, hash);
        (entry.HoldsBytes, entry.Value) = (true, PutIn(number, hash, value));
        MoveValues(value.Length);
    }

    /// <summary>Adds a key that is not there, with an integer; the caller has asked <see cref="HasRoomFor"/>.</summary>
    public void Insert(ReadOnlySpan<byte> key, ulong hash, long value)
    {
        AddEntry(key, hash, new() { Value = value });
        PutIn(hash, value);
        if (_keys.IsMoving)
            MoveKeys();
    }

    /// <summary>Adds a key that is not there, with bytes; the caller has asked <see cref="HasRoomFor"/> and <see cref="HasRoomForValues"/>.</summary>
    public void InsertBytes(ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value)
    {
        AddEntry(key, hash, new() { HoldsBytes = true, Value = PutIn(Count, hash, value) });
        if (_keys.IsMoving)
            MoveKeys();
        MoveValues(value.Length);
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
        TakeOut(removed, hash);
        _index.Remove(hash, number);
        if (number != Count)
        {
            var last = _entries[Count];
            _index.Renumber(KeyHash.Of(_keys.KeyOf(last)), Count, number);
            _entries.ToWrite(number) = last;
            if (last.HoldsBytes)
                _values.Renumber(new(last.Value), number);
        }

        _entries.Shrink(Count);
        if (_keys.IsWasteful(KeyBytes))
        {
            _keys.BeginMove();
            _toMove = Count;
        }

        if (_keys.IsMoving)
            MoveKeys();
        MoveValues(0);
    }

    /// <summary>Removes everything and keeps the memory; no view may be alive.</summary>
    public void Clear()
    {
        Invariant.Check(!Captures.HasLiving, "a table is not cleared under a view");
        _index.Clear();
        _keys.Clear();
        _values.Clear();
        (Count, Integers, KeyBytes, ValueBytes, Total, Hash) = (0, 0, 0, 0, 0, 0);
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

    /// <summary>The keys and values of this moment; they stay as they are while a ticket taken now lives.</summary>
    public FrozenTable Freeze() => new(Count, _index.Freeze(), _entries.Freeze(), _keys.Freeze(), _values.Freeze());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Term(ulong keyHash, long value) => KeyHash.Mix(keyHash ^ KeyHash.Mix((ulong)value + 0x632B_E59B_D9B4_E019));

    private static ulong Term(ulong keyHash, ReadOnlySpan<byte> value) => KeyHash.Mix(keyHash ^ KeyHash.Mix(KeyHash.Of(value) + 0x8CB9_2BA7_2F3D_8DD7));

    private void AddEntry(ReadOnlySpan<byte> key, ulong hash, Entry entry)
    {
        Invariant.Check(key.Length is > 0 and <= StoreLimits.MaxKeyBytes && HasRoomFor(1, key.Length), "a new key is within the table's bounds");
        var number = Count++;
        _entries.Reserve(number);
        _keys.Append(key, ref entry);
        _entries.ToWrite(number) = entry;
        _index.Add(hash, number);
        KeyBytes += key.Length;
    }

    /// <summary>An integer counts from here on.</summary>
    private void PutIn(ulong hash, long value)
    {
        Integers++;
        Total += value;
        Hash += Term(hash, value);
    }

    /// <summary>Bytes count from here on; gives their place for the entry of that number.</summary>
    private long PutIn(int number, ulong hash, ReadOnlySpan<byte> value)
    {
        Invariant.Check(value.Length <= StoreLimits.MaxValueBytes && HasRoomForValues(value.Length), "a new value is within the table's bounds");
        ValueBytes += value.Length;
        Hash += Term(hash, value);
        return _values.Append(number, value).Packed;
    }

    /// <summary>What an entry holds counts no longer.</summary>
    private void TakeOut(in Entry entry, ulong hash)
    {
        if (!entry.HoldsBytes)
        {
            Integers--;
            Total -= entry.Value;
            Hash -= Term(hash, entry.Value);
            return;
        }

        var place = new ValuePlace(entry.Value);
        ValueBytes -= place.Length;
        Hash -= Term(hash, _values.At(place));
        _values.Remove(place);
    }

    /// <summary>
    /// Goes on moving values out of a page that is mostly empty, after a change that added so many bytes: it pays for some moves, and for more the more it added. Each of them may copy a page
    /// of entries for a view, hence the bound on their number beside the one on bytes.
    /// </summary>
    private void MoveValues(int added)
    {
        var budget = WalkPerChange + (WalkPerByte * added);
        for (var moves = MovesPerChange + (added / BytesPerMove); moves > 0 && _values.TryNextToMove(ref budget, out var owner, out var place);)
        {
            if (owner >= Count || !_entries[owner].HoldsBytes || _entries[owner].Value != place.Packed)
                continue; // It is gone.
            _entries.ToWrite(owner).Value = _values.Append(owner, _values.At(place)).Packed;
            _values.Remove(place);
            moves--;
        }
    }

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
