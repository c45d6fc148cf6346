namespace RaftStream.StreamStateMachine;

/// <summary>
/// The bytes of keys, one after another in pages of 64 KiB. A key never crosses from one page to the next, so a page's end may stay empty.
/// Bytes once written stay as they are until <see cref="Clear"/>, so a view may read them while others are appended behind them.
/// </summary>
internal sealed class KeyPages
{
    /// <summary>A page in bytes. The first one starts smaller.</summary>
    public const int PageSize = 64 * 1024;

    private const int SmallestPage = 1024;

    private byte[][] _pages = [new byte[SmallestPage]];
    private int _count = 1;
    private int _page;
    private int _used;

    /// <summary>The bytes of all keys appended, those that are gone included.</summary>
    public long Taken { get; private set; }

    /// <summary>Copies a key in and says where it is.</summary>
    public (int Page, int Offset) Append(ReadOnlySpan<byte> key)
    {
        if (_used + key.Length > _pages[_page].Length)
            MakeRoom(key.Length);
        key.CopyTo(_pages[_page].AsSpan(_used));
        var offset = _used;
        _used += key.Length;
        Taken += key.Length;
        return (_page, offset);
    }

    /// <summary>The key at a place.</summary>
    public ReadOnlySpan<byte> At(int page, int offset, int length) => new(_pages[page], offset, length);

    /// <summary>Forgets all keys and keeps the pages for the next ones; no view may be alive.</summary>
    public void Clear() => (_page, _used, Taken) = (0, 0, 0);

    /// <summary>The pages: what is written in them now stays as it is.</summary>
    public byte[][] Freeze() => _pages.AsSpan(0, _page + 1).ToArray();

    /// <summary>Whole pages are pinned, for the reason that <see cref="PagePool{T}"/> gives.</summary>
    private static byte[] New(int size) => size < PageSize ? new byte[size] : GC.AllocateUninitializedArray<byte>(size, pinned: true);

    private void MakeRoom(int length)
    {
        var page = _pages[_page];
        if (_used + length <= PageSize && page.Length < PageSize)
        {
            var size = page.Length;
            while (size < _used + length)
                size *= 2;
            _pages[_page] = New(size);
            page.AsSpan(0, _used).CopyTo(_pages[_page]);
            return;
        }

        _page++;
        _used = 0;
        if (_page < _count)
            return;
        if (_count == _pages.Length)
            Array.Resize(ref _pages, _count * 2);
        _pages[_count++] = New(PageSize);
    }
}

/// <summary>
/// The keys of a table. Where more than half of the bytes belong to keys that are gone, the others are moved to new pages, some with each
/// change, so that no change has to move all. Owned by one <see cref="CountTable"/>, which knows where its keys are.
/// </summary>
/// <remarks>
/// While keys move there are two sets of pages, and the lowest bit of an entry's page tells in which its key is: each move turns the
/// roles of the two around.
/// </remarks>
internal sealed class KeyHeap
{
    private const int SmallestMove = 4 * KeyPages.PageSize;

    private readonly KeyPages[] _sets = [new(), new()];
    private int _current;

    /// <summary>Whether keys are being moved out of the older set of pages.</summary>
    public bool IsMoving { get; private set; }

    /// <summary>Whether it is time to move: <paramref name="live"/> is the bytes of the keys that are not gone.</summary>
    public bool IsWasteful(long live) => !IsMoving && _sets[_current].Taken > SmallestMove && _sets[_current].Taken > 2 * live;

    /// <summary>The key of an entry.</summary>
    public ReadOnlySpan<byte> KeyOf(in Entry entry) => _sets[entry.KeyPage & 1].At(entry.KeyPage >> 1, entry.KeyOffset, entry.KeyLength);

    /// <summary>Copies a key in and tells the entry where it is.</summary>
    public void Append(ReadOnlySpan<byte> key, ref Entry entry)
    {
        var (page, offset) = _sets[_current].Append(key);
        (entry.KeyPage, entry.KeyOffset, entry.KeyLength) = ((page << 1) | _current, (ushort)offset, key.Length);
    }

    /// <summary>From here on keys are appended to new pages; those of the old ones must be moved one by one.</summary>
    public void BeginMove()
    {
        _current ^= 1;
        IsMoving = true;
    }

    /// <summary>Whether an entry's key is in the pages that are to be emptied.</summary>
    public bool IsOld(in Entry entry) => IsMoving && (entry.KeyPage & 1) != _current;

    /// <summary>All keys have been moved: the old pages are gone, except for views that hold them.</summary>
    public void EndMove()
    {
        _sets[_current ^ 1] = new();
        IsMoving = false;
    }

    /// <summary>Forgets all keys and keeps the pages; no view may be alive.</summary>
    public void Clear()
    {
        if (IsMoving)
            EndMove();
        _sets[_current].Clear();
    }

    /// <summary>The pages of both sets.</summary>
    public FrozenKeys Freeze() => new(_sets[0].Freeze(), _sets[1].Freeze());
}

/// <summary>The keys that a table had at a capture; read by one thread while another appends.</summary>
internal readonly record struct FrozenKeys(byte[][] Even, byte[][] Odd)
{
    /// <summary>The key of an entry of that capture.</summary>
    public ReadOnlySpan<byte> KeyOf(in Entry entry)
    {
        var pages = (entry.KeyPage & 1) == 0 ? Even : Odd;
        return new(pages[entry.KeyPage >> 1], entry.KeyOffset, entry.KeyLength);
    }
}
