using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The bytes of values, one after another in pages of 256 KiB; a value never crosses from one page to the next. Bytes once written stay as they are until their page is
/// given up, and a page that a view may read is not written again before the view is released (<see cref="PagePool{T}"/>). Owned by one <see cref="CountTable"/>.
/// </summary>
/// <remarks>
/// In front of each value stand 8 bytes that no view reads: the number of the entry that it belongs to, kept up as entries are renumbered, and its length. So a page is
/// cleaned by a walk through it alone: what its entry still leads to is moved to the newest page, the rest is gone. A page without such values is given up at once.
/// <para>
/// Where pages take more than twice what is in use, one that is at most five eighths full is cleaned, a piece with each change. Among five pages or more of which one is
/// still being filled there is such a page, for else the others would hold more than half of all. It gives back three bytes for eight that are walked over, and a change that
/// appends n bytes walks over more than 4n: so waste shrinks even while values of the largest size are written.
/// </para>
/// </remarks>
internal sealed class ValueHeap(Captures captures)
{
    /// <summary>A page in bytes. The only one starts smaller.</summary>
    public const int PageSize = 256 * 1024;

    private const int HeadBytes = ValuePlace.HeadBytes;
    private const int SmallestPage = 1024;
    private const int FewPages = 4;
    private const int FullestVictim = PageSize / 8 * 5;
    private const int LooksPerChange = 64;
    private const int None = -1;

    private readonly PagePool<byte> _pool = new(captures, PageSize);
    private readonly Stack<int> _free = new();
    private Page[] _pages = new Page[1];
    private int _count;
    private int _current = None;
    private int _victim = None;
    private int _walked;
    private int _looked;

    /// <summary>The pages in use.</summary>
    public int Pages => _count - _free.Count;

    /// <summary>The bytes of the values in use, and of what stands in front of each.</summary>
    public long Live { get; private set; }

    private bool IsWasteful => Pages > FewPages && (long)Pages * PageSize > 2 * Live;

    /// <summary>The bytes at a place.</summary>
    public ReadOnlySpan<byte> At(ValuePlace place) => new(_pages[place.Page].Bytes, place.Offset, place.Length);

    /// <summary>Copies a value in for an entry and says where it is.</summary>
    public ValuePlace Append(int owner, ReadOnlySpan<byte> value)
    {
        var size = HeadBytes + value.Length;
        if (_current == None || _pages[_current].Used + size > _pages[_current].Bytes.Length)
            MakeRoom(size);
        ref var page = ref _pages[_current];
        var record = page.Bytes.AsSpan(page.Used);
        BinaryPrimitives.WriteInt32LittleEndian(record, owner);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], value.Length);
        value.CopyTo(record[HeadBytes..]);
        var place = new ValuePlace(_current, page.Used, value.Length);
        page.Used += size;
        page.Live += size;
        Live += size;
        return place;
    }

    /// <summary>A value is not in use any more.</summary>
    public void Remove(ValuePlace place)
    {
        ref var page = ref _pages[place.Page];
        page.Live -= HeadBytes + place.Length;
        Live -= HeadBytes + place.Length;
        if (page.Live == 0 && place.Page != _current)
            GiveUp(place.Page);
    }

    /// <summary>The entry of a value has got another number.</summary>
    public void Renumber(ValuePlace place, int owner) =>
        BinaryPrimitives.WriteInt32LittleEndian(_pages[place.Page].Bytes.AsSpan(place.Record), owner);

    /// <summary>
    /// The next value of the page that is being cleaned, which may be gone: it is in use where the entry says so, and must then be moved. False: there is no more to clean, or
    /// nothing is left of <paramref name="budget"/>, the bytes that this change walks over.
    /// </summary>
    public bool TryNextToMove(ref int budget, out int owner, out ValuePlace place)
    {
        (owner, place) = (None, default);
        if (budget <= 0 || (_victim == None && !TryChooseVictim()))
            return false;
        ref var page = ref _pages[_victim];
        Invariant.Check(_walked < page.Used, "a page that was walked through holds nothing and is given up");
        var record = page.Bytes.AsSpan(_walked);
        owner = BinaryPrimitives.ReadInt32LittleEndian(record);
        place = new(_victim, _walked, BinaryPrimitives.ReadInt32LittleEndian(record[4..]));
        _walked += HeadBytes + place.Length;
        budget -= HeadBytes + place.Length;
        return true;
    }

    /// <summary>Forgets all values; no view may be alive.</summary>
    public void Clear()
    {
        _free.Clear();
        (_pages, _count, _current, _victim, Live) = (new Page[1], 0, None, None, 0);
    }

    /// <summary>The pages: the values that are in them now stay as they are while a ticket taken now lives.</summary>
    public FrozenValues Freeze()
    {
        var pages = new byte[_count][];
        for (var number = 0; number < _count; number++)
            pages[number] = _pages[number].Bytes;
        return new(pages);
    }

    private bool TryChooseVictim()
    {
        if (!IsWasteful)
            return false;
        for (var looks = Math.Min(LooksPerChange, _count); looks > 0; looks--)
        {
            _looked = _looked + 1 < _count ? _looked + 1 : 0;
            ref readonly var page = ref _pages[_looked];
            if (page.Bytes is null || _looked == _current || page.Live > FullestVictim)
                continue;
            (_victim, _walked) = (_looked, 0);
            return true;
        }

        return false;
    }

    private void MakeRoom(int size)
    {
        if (_current != None && _pages[_current] is var page && page.Bytes.Length < PageSize && page.Used + size <= PageSize)
        {
            var larger = _pool.Rent(Larger(page.Bytes.Length, page.Used + size));
            page.Bytes.AsSpan(0, page.Used).CopyTo(larger);
            _pages[_current].Bytes = larger; // Views keep the one before.
            return;
        }

        var filled = _current;
        if (!_free.TryPop(out _current))
        {
            if (_count == _pages.Length)
                Array.Resize(ref _pages, _count * 2);
            _current = _count++;
        }

        _pages[_current] = new() { Bytes = _pool.Rent(Pages == 1 ? Larger(SmallestPage, size) : PageSize) };
        if (filled != None && _pages[filled].Live == 0)
            GiveUp(filled);
    }

    private static int Larger(int size, int needed)
    {
        while (size < needed)
            size *= 2;
        return Math.Min(size, PageSize);
    }

    private void GiveUp(int number)
    {
        _pool.Return(_pages[number].Bytes, Pages);
        _pages[number] = default;
        _free.Push(number);
        if (_victim == number)
            _victim = None;
    }

    private struct Page
    {
        public byte[] Bytes;

        /// <summary>Bytes written.</summary>
        public int Used;

        /// <summary>Those of them that are in use.</summary>
        public int Live;
    }
}

/// <summary>The values that a table had at a capture; read by one thread while another appends.</summary>
internal readonly record struct FrozenValues(byte[][] Pages)
{
    /// <summary>The bytes at a place of that capture.</summary>
    public ReadOnlySpan<byte> At(ValuePlace place) => new(Pages[place.Page], place.Offset, place.Length);
}
