namespace RaftStream.StreamStateMachine;

/// <summary>
/// The bytes of a table's keys, one after another in pages of 64 KiB. A key never crosses from one page to the next, so a page's end may
/// stay empty. Owned by one <see cref="CountTable"/>, which says where its keys are and moves them when too much has been given back.
/// </summary>
internal sealed class KeyPages
{
    /// <summary>A page in bytes. Small enough to stay out of the large object heap.</summary>
    public const int PageSize = 64 * 1024;

    private readonly List<byte[]> _pages = [];
    private int _page;
    private int _used;
    private long _taken;

    /// <summary>Whether more than half of the room taken holds keys that are gone: <paramref name="live"/> is the bytes of those that are not.</summary>
    public bool IsWasteful(long live) => _taken > 4 * PageSize && _taken > 2 * live;

    /// <summary>Copies a key in and says where it is.</summary>
    public uint Append(ReadOnlySpan<byte> key)
    {
        if (_pages.Count == 0)
            _pages.Add(new byte[PageSize]);
        if (_used + key.Length > PageSize)
        {
            _page++;
            _used = 0;
            if (_page == _pages.Count)
                _pages.Add(new byte[PageSize]);
        }

        Invariant.Check(_page <= ushort.MaxValue, "a table's keys fit 65,536 pages");
        key.CopyTo(_pages[_page].AsSpan(_used));
        var at = ((uint)_page << 16) | (uint)_used;
        _used += key.Length;
        _taken += key.Length;
        return at;
    }

    /// <summary>The key at a place.</summary>
    public ReadOnlySpan<byte> At(uint at, int length) => new(_pages[(int)(at >> 16)], (int)(at & ushort.MaxValue), length);

    /// <summary>Forgets all keys and keeps the pages for the next ones.</summary>
    public void Clear() => (_page, _used, _taken) = (0, 0, 0);
}
