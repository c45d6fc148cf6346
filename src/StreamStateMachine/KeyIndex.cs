namespace RaftStream.StreamStateMachine;

/// <summary>
/// A piece of the index: the slots of all keys whose hashes begin with the same <see cref="Depth"/> bits. Open addressing with linear
/// probing; never written once a view holds it.
/// </summary>
internal sealed class KeySegment(ulong[] slots, int depth, long born)
{
    /// <summary>0, or the upper half of a key's hash above its entry's number plus 1.</summary>
    public ulong[] Slots => slots;

    /// <summary>How many bits of the hash lead here.</summary>
    public int Depth => depth;

    /// <summary>The epoch in which it was made.</summary>
    public long Born => born;

    /// <summary>How many keys.</summary>
    public int Count { get; set; }
}

/// <summary>
/// Finds entries by the hashes of their keys: a directory by the hash's first bits leads to small tables of slots. A table that is full
/// is cut in two by the next bit, so growing costs a few microseconds at a time, however many keys there are. Owned by one
/// <see cref="CountTable"/>.
/// </summary>
/// <remarks>
/// Extendible hashing (Fagin et al., 1979). A slot holds the upper half of its hash, which is all that a cut needs: no entry is looked at.
/// Segments in the order of the directory are in the order of hashes, which is the order that snapshots list keys in.
/// </remarks>
internal sealed class KeyIndex
{
    /// <summary>Slots of a segment that is cut in two when full: 8 KiB. The first one starts smaller.</summary>
    public const int SegmentSlots = 1024;

    /// <summary>
    /// Enough for 2^26 keys. Behind it segments double: hashes that agree in more bits than this were chosen to, and must not double
    /// the directory for ever.
    /// </summary>
    private const int MaxDepth = 18;

    private const int SmallestSlots = 16;

    private readonly Captures _captures;
    private readonly PagePool<ulong> _pool;
    private KeySegment[] _directory;
    private int _depth;
    private int _segments = 1;

    /// <summary>An empty index.</summary>
    public KeyIndex(Captures captures)
    {
        _captures = captures;
        _pool = new(captures, SegmentSlots);
        _directory = [new(new ulong[SmallestSlots], 0, captures.Epoch)];
    }

    /// <summary>The slots in which a key with that hash is, if it is anywhere; probing starts at <see cref="PlaceOf"/>.</summary>
    public ReadOnlySpan<ulong> SlotsOf(ulong hash) => _directory[DirectoryPlace(hash)].Slots;

    /// <summary>Where probing starts, before it is cut to the number of slots. Other bits than those that lead to the segment.</summary>
    public static uint PlaceOf(ulong hash) => (uint)(hash >> 32);

    /// <summary>Adds an entry that is not there.</summary>
    public void Add(ulong hash, int number)
    {
        var segment = _directory[DirectoryPlace(hash)];
        while ((segment.Count + 1) * 4L > segment.Slots.Length * 3L)
        {
            Grow(segment, hash);
            segment = _directory[DirectoryPlace(hash)];
        }

        segment = ToWrite(segment, hash);
        Place(segment, SlotValue(hash, number));
    }

    /// <summary>Removes an entry, and moves back each follower that the hole would cut off from the place its hash asks for.</summary>
    public void Remove(ulong hash, int number)
    {
        var segment = ToWrite(_directory[DirectoryPlace(hash)], hash);
        var slots = segment.Slots;
        var hole = Find(slots, hash, number);
        var mask = (uint)slots.Length - 1;
        for (var place = (hole + 1) & mask; slots[place] != 0; place = (place + 1) & mask)
        {
            var home = PlaceOf(slots[place]) & mask;
            if (((place - home) & mask) < ((place - hole) & mask))
                continue;
            slots[hole] = slots[place];
            hole = place;
        }

        slots[hole] = 0;
        segment.Count--;
    }

    /// <summary>An entry has got another number.</summary>
    public void Renumber(ulong hash, int from, int to)
    {
        var slots = ToWrite(_directory[DirectoryPlace(hash)], hash).Slots;
        slots[Find(slots, hash, from)] = SlotValue(hash, to);
    }

    /// <summary>Removes everything and keeps the memory; no view may be alive.</summary>
    public void Clear()
    {
        foreach (var segment in _directory)
        {
            Array.Clear(segment.Slots);
            segment.Count = 0;
        }
    }

    /// <summary>The slots of all keys whose hashes begin as this one does, and the first hash behind those; 0 where they are the last.</summary>
    public ReadOnlySpan<ulong> SegmentOf(ulong hash, out ulong next)
    {
        var segment = _directory[DirectoryPlace(hash)];
        next = segment.Depth == 0 ? 0 : ((hash >> (64 - segment.Depth)) + 1) << (64 - segment.Depth);
        return segment.Slots;
    }

    /// <summary>The segments, each once, in the order of hashes; they stay as they are while a ticket taken now lives.</summary>
    public KeySegment[] Freeze()
    {
        var segments = new KeySegment[_segments];
        var count = 0;
        for (var place = 0; place < _directory.Length; place += Repeats(_directory[place]))
            segments[count++] = _directory[place];
        return segments;
    }

    private static ulong SlotValue(ulong hash, int number) => (hash & 0xFFFF_FFFF_0000_0000) | (uint)(number + 1);

    private static void Place(KeySegment segment, ulong slot)
    {
        var slots = segment.Slots;
        var mask = (uint)slots.Length - 1;
        var place = PlaceOf(slot) & mask;
        while (slots[place] != 0)
            place = (place + 1) & mask;
        slots[place] = slot;
        segment.Count++;
    }

    private static uint Find(ulong[] slots, ulong hash, int number)
    {
        var mask = (uint)slots.Length - 1;
        var place = PlaceOf(hash) & mask;
        while ((uint)slots[place] != (uint)(number + 1))
        {
            Invariant.Check(slots[place] != 0, "every entry has a slot");
            place = (place + 1) & mask;
        }

        return place;
    }

    /// <summary>The first bits of the hash; shifted in two steps, since a shift by 64 is one by 0.</summary>
    private int DirectoryPlace(ulong hash) => (int)((hash >> 1) >> (63 - _depth));

    /// <summary>How many places of the directory lead to a segment.</summary>
    private int Repeats(KeySegment segment) => 1 << (_depth - segment.Depth);

    private KeySegment ToWrite(KeySegment segment, ulong hash)
    {
        if (!_captures.IsShared(segment.Born))
            return segment;
        var slots = _pool.Rent(segment.Slots.Length);
        segment.Slots.CopyTo(slots, 0);
        var copy = new KeySegment(slots, segment.Depth, _captures.Epoch) { Count = segment.Count };
        Lead(hash, copy);
        _pool.Return(segment.Slots, _segments);
        return copy;
    }

    private KeySegment New(int length, int depth)
    {
        var slots = _pool.Rent(length);
        Array.Clear(slots);
        return new(slots, depth, _captures.Epoch);
    }

    /// <summary>Gives a full segment twice the room: a larger table, or a second one for half of its keys.</summary>
    private void Grow(KeySegment segment, ulong hash)
    {
        if (segment.Slots.Length < SegmentSlots || segment.Depth == MaxDepth)
        {
            var larger = New(segment.Slots.Length * 2, segment.Depth);
            foreach (var slot in segment.Slots)
            {
                if (slot != 0)
                    Place(larger, slot);
            }

            Lead(hash, larger);
            return;
        }

        if (segment.Depth == _depth)
            DoubleDirectory();
        var depth = segment.Depth + 1;
        var bit = 1UL << (64 - depth);
        var (low, high) = (New(SegmentSlots, depth), New(SegmentSlots, depth));
        foreach (var slot in segment.Slots)
        {
            if (slot != 0)
                Place((slot & bit) == 0 ? low : high, slot);
        }

        Lead(hash & ~bit, low);
        Lead(hash | bit, high);
        _segments++;
        _pool.Return(segment.Slots, _segments);
    }

    private void DoubleDirectory()
    {
        var directory = new KeySegment[_directory.Length * 2];
        for (var place = 0; place < directory.Length; place++)
            directory[place] = _directory[place >> 1];
        _directory = directory;
        _depth++;
    }

    /// <summary>Lets all hashes that begin like this one lead to the segment.</summary>
    private void Lead(ulong hash, KeySegment segment)
    {
        var repeats = Repeats(segment);
        _directory.AsSpan(DirectoryPlace(hash) & -repeats, repeats).Fill(segment);
    }
}
