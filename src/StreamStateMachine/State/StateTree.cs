namespace RaftStream.StreamStateMachine;

/// <summary>
/// The keyed state of a job: an ordered map of bytes in pages that are copied before they are written while a view may read them. Owned by the applying thread; what
/// <see cref="Freeze"/> gives may be read on another one.
/// </summary>
/// <remarks>
/// A B+ tree. A copied page takes the place of the old one in its parent, which is copied for that as well, so the root alone is a whole tree, and freezing it costs nothing.
/// Spans that it hands out are good until its next change, so none of them may be given to one, except a key to be removed.
/// </remarks>
internal sealed class StateTree(Captures captures)
{
    /// <summary>The longest key in bytes; the shortest is 1.</summary>
    public const int MaxKeyBytes = 4_096;

    /// <summary>The largest value in bytes: 1 MiB; the smallest is 0.</summary>
    public const int MaxValueBytes = 1024 * 1024;

    /// <summary>What an entry counts beside the bytes of its key and value.</summary>
    public const int EntryOverhead = 32;

    /// <summary>The most entries: 2^29, so that a list of all keys and values can be counted by 32 bits.</summary>
    public const int MaxEntries = 1 << 29;

    private readonly TreeShape _shape = new(captures);
    private readonly TreeCursor _cursor = new();

    /// <summary>How many entries.</summary>
    public int Count { get; private set; }

    /// <summary>The size by which a job's memory is judged: the bytes of all keys and values, and 32 for each entry. The entries alone decide it.</summary>
    public long Bytes { get; private set; }

    /// <summary>The hash of all entries, in whatever order they came.</summary>
    public ulong Hash { get; private set; }

    /// <summary>The pages in use, those of large values left out.</summary>
    public int Pages => _shape.Pages;

    /// <summary>The first page.</summary>
    public TreeNode Root => _shape.Root;

    /// <summary>The value of a key; good until the next change.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        var node = _shape.Root;
        while (!node.IsLeaf)
            node = node.ChildAt(node.ChildFor(key));
        var place = node.Find(key);
        value = place >= 0 ? node.ValueAt(place) : default;
        return place >= 0;
    }

    /// <summary>Sets the value of a key, whether it is there or not.</summary>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Check(key, value);
        var isThere = _cursor.Seek(_shape.Root, key);
        _shape.Own(_cursor);
        var hash = KeyHash.Of(key);
        if (isThere)
            Forget(hash);
        Remember(hash, key, value);
        if (!isThere)
            _shape.Insert(_cursor, key, value);
        else
            _shape.Replace(_cursor, key, value);
    }

    /// <summary>Adds an entry behind the last one; pages are filled to nine tenths.</summary>
    public void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Check(key, value);
        _cursor.SeekEnd(_shape.Root);
        Invariant.Check(_cursor.Place == 0 || _cursor.Leaf.KeyAt(_cursor.Place - 1).SequenceCompareTo(key) < 0, "keys are appended in their order");
        _shape.Own(_cursor);
        Remember(KeyHash.Of(key), key, value);
        _shape.Append(_cursor, key, value);
    }

    /// <summary>Takes an entry out. False: there is none.</summary>
    public bool Remove(ReadOnlySpan<byte> key)
    {
        if (!_cursor.Seek(_shape.Root, key))
            return false;
        Forget(KeyHash.Of(key)); // Before anything is written: the key may be one of the tree's own.
        _shape.Own(_cursor);
        _shape.Remove(_cursor);
        return true;
    }

    /// <summary>The entry with the smallest key that is not below this one, which may be empty; good until the next change.</summary>
    public bool TryCeiling(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> found, out ReadOnlySpan<byte> value)
    {
        _cursor.Seek(_shape.Root, key);
        return Read(_cursor.ToCeiling(), out found, out value);
    }

    /// <summary>The entry with the largest key that is not above this one; good until the next change.</summary>
    public bool TryFloor(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> found, out ReadOnlySpan<byte> value) =>
        Read(_cursor.Seek(_shape.Root, key) || _cursor.MovePrevious(), out found, out value);

    /// <summary>The entries of this moment; they stay as they are while a ticket taken now lives.</summary>
    public FrozenTree Freeze() => new(_shape.Root, Count, Hash);

    private static void Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Invariant.Check(key.Length is >= 1 and <= MaxKeyBytes, "a key of the state has 1 to 4,096 bytes");
        Invariant.Check(value.Length <= MaxValueBytes, "a value of the state has at most 1 MiB");
    }

    private bool Read(bool isThere, out ReadOnlySpan<byte> found, out ReadOnlySpan<byte> value)
    {
        found = isThere ? _cursor.Key : default;
        value = isThere ? _cursor.Value : default;
        return isThere;
    }

    private void Remember(ulong keyHash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Invariant.Check(Count < MaxEntries, "the state has at most 2^29 entries");
        Count++;
        Bytes += key.Length + value.Length + EntryOverhead;
        Hash += KeyHash.Combine(keyHash, KeyHash.Of(value));
    }

    private void Forget(ulong keyHash)
    {
        Count--;
        Bytes -= _cursor.Key.Length + _cursor.Value.Length + EntryOverhead;
        Hash -= KeyHash.Combine(keyHash, _cursor.Leaf.HashAt(_cursor.Place));
    }
}
