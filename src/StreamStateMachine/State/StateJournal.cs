using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// A tree whose changes can be taken back: to a mark (one record), or all since the last <see cref="Commit"/> (one command). Owned by the applying thread.
/// </summary>
/// <remarks>
/// In front of each change it writes down what was there: key, old value, and their lengths last, so that it is read from the end. That all stands in one array, which is
/// kept for the next command unless this one made it large.
/// </remarks>
internal sealed class StateJournal(StateTree tree, long limitBytes)
{
    /// <summary>The most bytes of old keys and values that a command may leave behind: 256 MiB.</summary>
    public const int MaxRecordedBytes = 256 * 1024 * 1024;

    /// <summary>An array that is larger is given back at the end of its command: 4 MiB.</summary>
    public const int MaxKeptBytes = 4 * 1024 * 1024;

    private const int TailBytes = 2 * sizeof(int);
    private const int SmallestArena = 1024;
    private const int WasNotThere = -1;

    private byte[] _arena = new byte[SmallestArena];
    private int _used;

    /// <summary>The state; changed through the journal alone.</summary>
    public StateTree Tree => tree;

    /// <summary>Whether the limit is not asked for: while something is done that makes room in the end.</summary>
    public bool IsUnlimited { get; set; }

    /// <summary>The memory that is held for old keys and values, in bytes.</summary>
    public int ArenaBytes => _arena.Length;

    /// <inheritdoc cref="StateTree.TryGet"/>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value) => tree.TryGet(key, out value);

    /// <inheritdoc cref="StateTree.TryCeiling"/>
    public bool TryCeiling(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> found, out ReadOnlySpan<byte> value) => tree.TryCeiling(key, out found, out value);

    /// <inheritdoc cref="StateTree.TryFloor"/>
    public bool TryFloor(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> found, out ReadOnlySpan<byte> value) => tree.TryFloor(key, out found, out value);

    /// <summary>Sets the value of a key. What does not make the state larger is always taken, however large that is.</summary>
    /// <exception cref="StateFullException">The state would be larger than its limit, or the command leaves too much behind; nothing was changed.</exception>
    /// <exception cref="PoisonRecordException">The value is longer than values may be, which is up to the code that made it; nothing was changed.</exception>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (value.Length > StateTree.MaxValueBytes)
            throw new PoisonRecordException($"What is kept under its key would take {value.Length} bytes, and {StateTree.MaxValueBytes} are the most: keep less of each record, or spread it over more keys.");
        var isThere = tree.TryGet(key, out var old);
        var growth = isThere ? value.Length - old.Length : key.Length + value.Length + StateTree.EntryOverhead;
        if (growth > 0 && !IsUnlimited && tree.Bytes + growth > limitBytes)
            throw StateFullException.OfState(limitBytes);
        Record(key, isThere, old);
        tree.Put(key, value);
    }

    /// <summary>Takes an entry out. False: there is none.</summary>
    /// <exception cref="StateFullException">The command leaves too much behind; nothing was changed.</exception>
    public bool Remove(ReadOnlySpan<byte> key)
    {
        if (!tree.TryGet(key, out var old))
            return false;
        Record(key, isThere: true, old);
        return tree.Remove(key);
    }

    /// <summary>This place among the changes, to come back to. 0: nothing was changed since the last <see cref="Commit"/>.</summary>
    public int Mark() => _used;

    /// <summary>Takes back what was changed since a mark, the last change first.</summary>
    public void RollbackTo(int mark)
    {
        Invariant.Check(mark >= 0 && mark <= _used, "a mark is one of the changes that are not committed");
        while (_used > mark)
            TakeBack();
        if (_used == 0)
            Forget();
    }

    /// <summary>The changes stay: forgets what was there before.</summary>
    public void Commit() => Forget();

    private void Forget()
    {
        _used = 0;
        if (_arena.Length > MaxKeptBytes)
            _arena = new byte[SmallestArena];
    }

    private void Record(ReadOnlySpan<byte> key, bool isThere, ReadOnlySpan<byte> old)
    {
        var size = key.Length + old.Length + TailBytes;
        if (_used + size > MaxRecordedBytes)
            throw StateFullException.OfCommand(MaxRecordedBytes);
        if (_used + size > _arena.Length)
            Array.Resize(ref _arena, Math.Min(MaxRecordedBytes, Math.Max(_used + size, _arena.Length * 2)));
        var record = _arena.AsSpan(_used, size);
        key.CopyTo(record);
        old.CopyTo(record[key.Length..]);
        BinaryPrimitives.WriteInt32LittleEndian(record[^TailBytes..], key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(record[^sizeof(int)..], isThere ? old.Length : WasNotThere);
        _used += size;
    }

    private void TakeBack()
    {
        var records = _arena.AsSpan(0, _used);
        var keyLength = BinaryPrimitives.ReadInt32LittleEndian(records[^TailBytes..]);
        var oldLength = BinaryPrimitives.ReadInt32LittleEndian(records[^sizeof(int)..]);
        var wasThere = oldLength != WasNotThere;
        _used -= TailBytes + keyLength + (wasThere ? oldLength : 0);
        var key = records.Slice(_used, keyLength);
        if (wasThere)
            tree.Put(key, records.Slice(_used + keyLength, oldLength));
        else
            Invariant.Check(tree.Remove(key), "a key that was put is there when that is taken back");
    }
}
