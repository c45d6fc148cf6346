namespace RaftStream.StreamStateMachine;

/// <summary>A key's value and where its bytes are: 16 bytes.</summary>
internal struct Entry
{
    private const int BytesBit = 1 << 15; // StoreLimits.MaxKeyBytes is 2^12: a length fits below

    /// <summary>The value, or where it is (<see cref="ValuePlace"/>).</summary>
    public long Value;

    /// <summary>The page of the key: see <see cref="KeyHeap"/>.</summary>
    public int KeyPage;

    /// <summary>Where the key starts in that page.</summary>
    public ushort KeyOffset;

    private ushort _lengthAndKind;

    /// <summary>How many bytes it has.</summary>
    public int KeyLength
    {
        readonly get => _lengthAndKind & ~BytesBit;
        set => _lengthAndKind = (ushort)((_lengthAndKind & BytesBit) | value);
    }

    /// <summary>Whether the value is bytes, and not an integer.</summary>
    public bool HoldsBytes
    {
        readonly get => (_lengthAndKind & BytesBit) != 0;
        set => _lengthAndKind = (ushort)(KeyLength | (value ? BytesBit : 0));
    }
}

/// <summary>A page of entries and the epoch in which it was made.</summary>
internal readonly record struct EntryPage(Entry[] Entries, long Born);

/// <summary>
/// The entries of a table by their numbers, in pages of 8 KiB. A page that a living view holds is copied before it is written. Owned by
/// one <see cref="CountTable"/>.
/// </summary>
/// <remarks>
/// Why so small: a command of 8,192 changes to a store that was just captured may have to copy as many pages, and that must stay a
/// matter of milliseconds.
/// </remarks>
internal sealed class EntryPages(Captures captures)
{
    /// <summary>Entries of a page.</summary>
    public const int PageEntries = 1 << Bits;

    private const int Bits = 9;
    private const int SmallestPage = 16;

    private readonly PagePool<Entry> _pool = new(captures, PageEntries);
    private EntryPage[] _pages = [new(new Entry[SmallestPage], captures.Epoch)];
    private int _count = 1;

    /// <summary>An entry, to be read.</summary>
    public ref readonly Entry this[int number] => ref _pages[number >> Bits].Entries[number & (PageEntries - 1)];

    /// <summary>An entry, to be written.</summary>
    public ref Entry ToWrite(int number)
    {
        ref var page = ref _pages[number >> Bits];
        if (captures.IsShared(page.Born))
            Replace(ref page, page.Entries.Length);
        return ref page.Entries[number & (PageEntries - 1)];
    }

    /// <summary>Makes room for the entry behind the last one.</summary>
    public void Reserve(int number)
    {
        var place = number >> Bits;
        if (place == _count)
        {
            if (_count == _pages.Length)
                Array.Resize(ref _pages, _count * 2);
            _pages[_count++] = new(_pool.Rent(PageEntries), captures.Epoch);
        }
        else if ((number & (PageEntries - 1)) == _pages[place].Entries.Length)
        {
            Replace(ref _pages[place], _pages[place].Entries.Length * 2);
        }
    }

    /// <summary>Forgets pages that so many entries do not need, all but one.</summary>
    public void Shrink(int count)
    {
        for (var needed = (count >> Bits) + 2; _count > needed; _count--)
        {
            _pool.Return(_pages[_count - 1].Entries, _count);
            _pages[_count - 1] = default;
        }
    }

    /// <summary>The pages; they stay as they are while a ticket taken now lives.</summary>
    public EntryPage[] Freeze() => _pages.AsSpan(0, _count).ToArray();

    /// <summary>An entry in frozen pages.</summary>
    public static ref readonly Entry At(EntryPage[] pages, int number) => ref pages[number >> Bits].Entries[number & (PageEntries - 1)];

    private void Replace(ref EntryPage page, int size)
    {
        var entries = _pool.Rent(size);
        page.Entries.CopyTo(entries, 0);
        _pool.Return(page.Entries, _count);
        page = new(entries, captures.Epoch);
    }
}
