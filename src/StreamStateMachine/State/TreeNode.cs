using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// A page of the tree: cells of a key and what belongs to it, in the order of the keys' bytes. In a leaf that is a value; in an inner page it is the child for keys from this
/// one on, and the first key is empty and stands for the lowest. Written by the applying thread alone, and not at all while a view may read it (<see cref="TreePages"/>).
/// </summary>
/// <remarks>
/// The bytes start with a table in the order of keys; the cells grow down from the end. A cell is the key's length, the value's length, key and value. What does not fit there, large
/// values and children, stands in a list beside the bytes. Bytes of cells that are gone stay until room is needed, and then all cells are moved together.
/// <para>
/// The table holds, beside the offset of each cell, four bytes of its key: the first ones behind those that all keys of the page have in common. So a search stays in the table,
/// which is small and near, and looks at one or two cells, each of which may be far away from the processor. The first key of an inner page takes no part in that.
/// </para>
/// </remarks>
internal sealed class TreeNode(byte[] bytes, long born, bool isLeaf)
{
    /// <summary>A page in bytes: room for three of the largest cells, so that a page that has no room for one can always be cut in two that have.</summary>
    public const int PageSize = 16 * 1024;

    /// <summary>The largest value that stands in the page, in bytes.</summary>
    public const int MaxInlineValue = 1024;

    private const int SlotBytes = sizeof(uint) + sizeof(ushort);
    private const int HeadBytes = 2 * sizeof(ushort);
    private const ushort InBlob = ushort.MaxValue;
    private const int FewestLinks = 4;

    private object?[] _links = [];
    private int _start = PageSize;
    private int _dead;
    private int _lastInsert = -1;
    private int _common;

    /// <summary>The page.</summary>
    public byte[] Bytes { get; private set; } = bytes;

    /// <summary>The epoch in which it was made.</summary>
    public long Born { get; } = born;

    /// <summary>Whether it holds values, and not children.</summary>
    public bool IsLeaf { get; } = isLeaf;

    /// <summary>How many cells.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes that its cells take, 0 to <see cref="PageSize"/>.</summary>
    public int Used => PageSize - _start - _dead + (Count * SlotBytes);

    /// <summary>The first place whose key counts.</summary>
    private int First => IsLeaf ? 0 : 1;

    /// <summary>What a cell takes of a page.</summary>
    public static int SizeOf(int keyLength, int valueLength) => SlotBytes + HeadBytes + keyLength + (valueLength > MaxInlineValue ? 0 : valueLength);

    /// <summary>What the cell at a place takes.</summary>
    public int SizeAt(int place) => SlotBytes + CellBytes(Slot(place));

    /// <summary>The key at a place; good until the page is written.</summary>
    public ReadOnlySpan<byte> KeyAt(int place)
    {
        var cell = Slot(place);
        return Span(cell + HeadBytes, Half(cell));
    }

    /// <summary>The value at a place of a leaf; good until the page is written.</summary>
    public ReadOnlySpan<byte> ValueAt(int place)
    {
        var cell = Slot(place);
        var length = Half(cell + sizeof(ushort));
        return length == InBlob ? BlobAt(place).Span : Span(cell + HeadBytes + Half(cell), length);
    }

    /// <summary>The hash of the value at a place of a leaf.</summary>
    public ulong HashAt(int place) => IsInBlob(place) ? BlobAt(place).Hash : KeyHash.Of(ValueAt(place));

    /// <summary>The child at a place of an inner page.</summary>
    public TreeNode ChildAt(int place) => (TreeNode)_links[place]!;

    /// <summary>Puts another page in a child's place.</summary>
    public void SetChild(int place, TreeNode child) => _links[place] = child;

    /// <summary>Where a key is; where it is not, the complement of where it would go.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var (low, high) = (First, Count - 1);
        if (low > high)
            return ~low;
        var outside = _common == 0 ? 0 : key[..Math.Min(key.Length, _common)].SequenceCompareTo(KeyAt(low)[.._common]);
        if (outside != 0)
            return outside < 0 ? ~low : ~Count;
        var start = TreeKey.Start(key, _common);
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var other = StartAt(middle);
            var order = other != start ? other.CompareTo(start) : KeyAt(middle).SequenceCompareTo(key);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    /// <summary>Which child of an inner page would hold a key.</summary>
    public int ChildFor(ReadOnlySpan<byte> key)
    {
        var place = Find(key);
        return place >= 0 ? place : ~place - 1;
    }

    /// <summary>Whether a key that would go there is the next of a run up: the last one that came here is just before it.</summary>
    public bool GoesUpTo(int place) => place > 0 && _lastInsert == place - 1;

    /// <summary>Whether a key that would go there is the next of a run down: the last one that came here is just behind it.</summary>
    public bool GoesDownTo(int place) => place < Count && _lastInsert == place;

    /// <summary>Adds a cell, for which there must be room.</summary>
    /// <param name="place">Where.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; empty where <paramref name="link"/> stands for it.</param>
    /// <param name="link">The child or the large value.</param>
    public void Insert(int place, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, object? link)
    {
        var size = HeadBytes + key.Length + value.Length;
        Invariant.Check(Used + SlotBytes + size <= PageSize, "a page has room for a cell that is put into it");
        if (_start - (Count * SlotBytes) < SlotBytes + size)
            Compact();
        _start -= size;
        Half(_start) = (ushort)key.Length;
        Half(_start + sizeof(ushort)) = link is TreeBlob ? InBlob : (ushort)value.Length;
        key.CopyTo(Bytes.AsSpan(_start + HeadBytes));
        value.CopyTo(Bytes.AsSpan(_start + HeadBytes + key.Length));
        Bytes.AsSpan(place * SlotBytes, (Count - place) * SlotBytes).CopyTo(Bytes.AsSpan((place + 1) * SlotBytes));
        SetSlot(place, _start);
        if (link is not null || _links.Length > 0)
            InsertLink(place, link);
        Count++;
        _lastInsert = place;
        InsertStart(place, key);
    }

    /// <summary>Takes a cell out.</summary>
    public void RemoveAt(int place)
    {
        _dead += CellBytes(Slot(place));
        Count--;
        Bytes.AsSpan((place + 1) * SlotBytes, (Count - place) * SlotBytes).CopyTo(Bytes.AsSpan(place * SlotBytes));
        if (_links.Length > 0)
        {
            Array.Copy(_links, place + 1, _links, place, Count - place);
            _links[Count] = null;
        }

        if (place <= _lastInsert)
            _lastInsert--;
    }

    /// <summary>Makes the first key of an inner page stand for the lowest.</summary>
    public void ClearFirstKey()
    {
        var cell = Slot(0);
        _dead += Half(cell);
        Half(cell) = 0;
    }

    /// <summary>Replaces a value where nothing has to move for it. False: it does not fit there; nothing was changed.</summary>
    public bool TryReplace(int place, ReadOnlySpan<byte> value, Captures captures)
    {
        if (IsInBlob(place))
        {
            if (value.Length <= MaxInlineValue)
                return false;
            if (!BlobAt(place).TryReplace(value, captures))
                _links[place] = new TreeBlob(value, captures.Epoch);
            return true;
        }

        var cell = Slot(place);
        ref var length = ref Half(cell + sizeof(ushort));
        if (value.Length > length)
            return false;
        value.CopyTo(Bytes.AsSpan(cell + HeadBytes + Half(cell)));
        _dead += length - value.Length;
        length = (ushort)value.Length;
        return true;
    }

    /// <summary>Moves the cells from a place on to an empty page.</summary>
    public void MoveTail(int from, TreeNode other)
    {
        if (from == 0)
        {
            (Bytes, other.Bytes) = (other.Bytes, Bytes);
            (_links, other._links) = (other._links, _links);
            (Count, other.Count) = (other.Count, Count);
            (_start, other._start) = (other._start, _start);
            (_dead, other._dead) = (other._dead, _dead);
            (_common, other._common) = (other._common, _common);
            return;
        }

        for (var place = from; place < Count; place++)
        {
            other.Append(this, place, KeyAt(place));
            _dead += CellBytes(Slot(place));
        }

        if (_links.Length > 0)
            Array.Clear(_links, from, Count - from);
        Count = from;
        _lastInsert = -1;
        SetStarts();
    }

    /// <summary>Adds the cells of the next page behind its own; <paramref name="first"/> is the first key of that page, and only needed where it is an inner one.</summary>
    public void Absorb(TreeNode next, ReadOnlySpan<byte> first)
    {
        for (var place = 0; place < next.Count; place++)
            Append(next, place, place == 0 && !IsLeaf ? first : next.KeyAt(place));
        _lastInsert = -1;
        SetStarts();
    }

    /// <summary>The same cells in other bytes.</summary>
    public TreeNode Copy(byte[] bytes, long born)
    {
        Bytes.AsSpan(0, Count * SlotBytes).CopyTo(bytes);
        Bytes.AsSpan(_start).CopyTo(bytes.AsSpan(_start));
        return new(bytes, born, IsLeaf)
        {
            _links = _links.Length == 0 ? _links : (object?[])_links.Clone(),
            _start = _start,
            _dead = _dead,
            _lastInsert = _lastInsert,
            _common = _common,
            Count = Count,
        };
    }

    private void Append(TreeNode source, int place, ReadOnlySpan<byte> key)
    {
        var link = source._links.Length > 0 ? source._links[place] : null;
        Insert(Count, key, link is null ? source.ValueAt(place) : default, link);
    }

    /// <summary>The start of a key that was put in; those of all keys, if they have less in common now.</summary>
    private void InsertStart(int place, ReadOnlySpan<byte> key)
    {
        var isFirst = place == First;
        if (place < First || Count - First == 1 || ((isFirst || place == Count - 1) && key.CommonPrefixLength(KeyAt(isFirst ? place + 1 : place - 1)) < _common))
            SetStarts();
        else
            SetStart(place, TreeKey.Start(key, _common)); // Between two keys that start with what all have in common, this one does as well.
    }

    private void SetStarts()
    {
        if (Count <= First)
            return;
        _common = KeyAt(First).CommonPrefixLength(KeyAt(Count - 1));
        for (var place = First; place < Count; place++)
            SetStart(place, TreeKey.Start(KeyAt(place), _common));
    }

    private void InsertLink(int place, object? link)
    {
        if (_links.Length <= Count)
            Array.Resize(ref _links, Math.Max(Math.Max(FewestLinks, Count + 1), _links.Length * 2));
        Array.Copy(_links, place, _links, place + 1, Count - place);
        _links[place] = link;
    }

    /// <summary>Moves all cells together, in the order of their keys.</summary>
    private void Compact()
    {
        Span<byte> cells = stackalloc byte[PageSize];
        var start = PageSize;
        for (var place = Count - 1; place >= 0; place--)
        {
            var cell = Slot(place);
            var size = CellBytes(cell);
            start -= size;
            Span(cell, size).CopyTo(cells[start..]);
            SetSlot(place, start);
        }

        cells[start..].CopyTo(Bytes.AsSpan(start));
        (_start, _dead) = (start, 0);
        SetStarts();
    }

    private bool IsInBlob(int place) => Half(Slot(place) + sizeof(ushort)) == InBlob;

    private TreeBlob BlobAt(int place) => (TreeBlob)_links[place]!;

    private int CellBytes(int cell)
    {
        var length = Half(cell + sizeof(ushort));
        return HeadBytes + Half(cell) + (length == InBlob ? 0 : length);
    }

    private int Slot(int place) => Half((place * SlotBytes) + sizeof(uint));

    private void SetSlot(int place, int cell) => Half((place * SlotBytes) + sizeof(uint)) = (ushort)cell;

    private uint StartAt(int place) => Unsafe.ReadUnaligned<uint>(ref MemoryMarshal.GetReference(Bytes.AsSpan(place * SlotBytes, sizeof(uint))));

    private void SetStart(int place, uint start) => MemoryMarshal.Write(Bytes.AsSpan(place * SlotBytes), start);

    private ReadOnlySpan<byte> Span(int offset, int length) => new(Bytes, offset, length);

    /// <summary>Two bytes of the page, in the order of this machine: pages never leave it.</summary>
    private ref ushort Half(int offset) => ref Unsafe.As<byte, ushort>(ref MemoryMarshal.GetReference(Bytes.AsSpan(offset, sizeof(ushort))));
}
