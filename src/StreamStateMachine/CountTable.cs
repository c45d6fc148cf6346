using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Counters by key, packed: a slot of 8 bytes, an entry of 24 and the key's bytes, but no object for a key. Open addressing with linear
/// probing; removing shifts the followers back, so there are no tombstones and a table does not age. Entries are dense: the last one
/// fills the hole that a removed one leaves, so an entry's number is good only until the next <see cref="RemoveAt"/>.
/// </summary>
/// <remarks>
/// <see cref="Hash"/> is a sum over the counters, kept up with each change: it depends on what the table holds and not on the way there.
/// So do both bounds, which must decline the same command on every replica, one that restored a snapshot included.
/// </remarks>
internal sealed class CountTable
{
    private const int SmallestSlots = 16;

    private readonly int _maxCount;
    private readonly long _maxKeyBytes;
    private KeyPages _keys = new();
    private Entry[] _entries = new Entry[SmallestSlots];
    private ulong[] _slots = new ulong[SmallestSlots];

    /// <summary>An empty table.</summary>
    /// <param name="maxCount">The most keys it takes: 1 to 2^26.</param>
    /// <param name="maxKeyBytes">The most bytes of keys it takes: 1 to 2^30.</param>
    public CountTable(int maxCount, long maxKeyBytes)
    {
        Invariant.Check(maxCount is > 0 and <= 1 << 26 && maxKeyBytes is > 0 and <= 1L << 30, "a table's bounds are in range");
        _maxCount = maxCount;
        _maxKeyBytes = maxKeyBytes;
    }

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

    /// <summary>The number of a key's entry, or -1; <paramref name="hash"/> is <see cref="KeyHash.Of(ReadOnlySpan{byte})"/> of it.</summary>
    public int Find(ReadOnlySpan<byte> key, ulong hash)
    {
        var slots = _slots;
        var mask = (uint)slots.Length - 1;
        for (var place = (uint)hash & mask; ; place = (place + 1) & mask)
        {
            var slot = slots[place];
            if (slot == 0)
                return -1;
            if ((slot ^ hash) >> 32 != 0)
                continue;
            var number = (int)(uint)slot - 1;
            ref var entry = ref _entries[number];
            if (entry.KeyLength == key.Length && key.SequenceEqual(_keys.At(entry.KeyAt, entry.KeyLength)))
                return number;
        }
    }

    /// <summary>The number of a key's entry, or -1.</summary>
    public int Find(ReadOnlySpan<byte> key) => Find(key, KeyHash.Of(key));

    /// <summary>An entry's value.</summary>
    public long ValueAt(int number) => _entries[number].Value;

    /// <summary>An entry's key, good until the table changes.</summary>
    public ReadOnlySpan<byte> KeyAt(int number) => _keys.At(_entries[number].KeyAt, _entries[number].KeyLength);

    /// <summary>Gives an entry another value.</summary>
    public void SetAt(int number, long value)
    {
        ref var entry = ref _entries[number];
        Total += (Int128)value - entry.Value;
        Hash += Term(entry.Hash, value) - Term(entry.Hash, entry.Value);
        entry.Value = value;
    }

    /// <summary>Adds a key that is not there; the caller has asked <see cref="HasRoomFor"/>.</summary>
    public void Insert(ReadOnlySpan<byte> key, ulong hash, long value)
    {
        Invariant.Check(key.Length is > 0 and <= StoreLimits.MaxKeyBytes && HasRoomFor(1, key.Length), "a new key is within the table's bounds");
        if ((Count + 1) * 4L > _slots.Length * 3L)
            GrowSlots();
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Math.Min(_maxCount, Count * 2));
        var number = Count++;
        _entries[number] = new() { Hash = hash, Value = value, KeyAt = _keys.Append(key), KeyLength = (ushort)key.Length };
        Place(_slots, hash, number);
        KeyBytes += key.Length;
        Total += value;
        Hash += Term(hash, value);
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
            SetAt(number, _entries[number].Value + delta);
        return number < 0;
    }

    /// <summary>Removes an entry.</summary>
    public void RemoveAt(int number)
    {
        var removed = _entries[number];
        Count--;
        KeyBytes -= removed.KeyLength;
        Total -= removed.Value;
        Hash -= Term(removed.Hash, removed.Value);
        EmptySlot(SlotOf(removed.Hash, number));
        if (number != Count)
        {
            _slots[SlotOf(_entries[Count].Hash, Count)] = SlotValue(_entries[Count].Hash, number);
            _entries[number] = _entries[Count];
        }

        if (_keys.IsWasteful(KeyBytes))
            MoveKeys();
    }

    /// <summary>Removes everything and keeps the memory.</summary>
    public void Clear()
    {
        Array.Clear(_slots);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Term(ulong keyHash, long value) => KeyHash.Mix(keyHash ^ KeyHash.Mix((ulong)value + 0x632B_E59B_D9B4_E019));

    /// <summary>The upper half of the hash, so that a probe seldom has to look at a key that is not the one, and the entry's number plus 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SlotValue(ulong hash, int number) => (hash & 0xFFFF_FFFF_0000_0000) | (uint)(number + 1);

    private static void Place(ulong[] slots, ulong hash, int number)
    {
        var mask = (uint)slots.Length - 1;
        var place = (uint)hash & mask;
        while (slots[place] != 0)
            place = (place + 1) & mask;
        slots[place] = SlotValue(hash, number);
    }

    private uint SlotOf(ulong hash, int number)
    {
        var mask = (uint)_slots.Length - 1;
        var place = (uint)hash & mask;
        while ((uint)_slots[place] != (uint)(number + 1))
        {
            Invariant.Check(_slots[place] != 0, "every entry has a slot");
            place = (place + 1) & mask;
        }

        return place;
    }

    /// <summary>
    /// Empties a slot and moves back each follower that this would cut off from the place its hash asks for. Entries must still be
    /// where their slots say.
    /// </summary>
    private void EmptySlot(uint hole)
    {
        var mask = (uint)_slots.Length - 1;
        for (var place = (hole + 1) & mask; _slots[place] != 0; place = (place + 1) & mask)
        {
            var home = (uint)_entries[(int)(uint)_slots[place] - 1].Hash & mask;
            if (((place - home) & mask) < ((place - hole) & mask))
                continue;
            _slots[hole] = _slots[place];
            hole = place;
        }

        _slots[hole] = 0;
    }

    private void GrowSlots()
    {
        var slots = new ulong[_slots.Length * 2];
        for (var number = 0; number < Count; number++)
            Place(slots, _entries[number].Hash, number);
        _slots = slots;
    }

    private void MoveKeys()
    {
        var pages = new KeyPages();
        for (var number = 0; number < Count; number++)
        {
            ref var entry = ref _entries[number];
            entry.KeyAt = pages.Append(_keys.At(entry.KeyAt, entry.KeyLength));
        }

        _keys = pages;
    }

    private struct Entry
    {
        public ulong Hash;
        public long Value;
        public uint KeyAt;
        public ushort KeyLength;
    }
}
