namespace RaftStream.StreamStateMachine;

/// <summary>
/// Every change of a key goes through here, so that what is kept beside the table goes with it: the sums over integer keys, and the newest changes for those who watch.
/// Neither is replicated state. Owned by one <see cref="CountingStore"/>; another one over each table that it restores.
/// </summary>
internal sealed class CounterLedger
{
    /// <summary>A ledger over a table as it is.</summary>
    public CounterLedger(CountTable counters, ChangeRing changes)
    {
        (Counters, Changes) = (counters, changes);
        Sums.Load(counters);
    }

    /// <summary>The counters.</summary>
    public CountTable Counters { get; }

    /// <summary>Sums over those whose keys are integers.</summary>
    public RangeSums Sums { get; } = new();

    /// <summary>What has changed last.</summary>
    public ChangeRing Changes { get; }

    /// <summary>The entry that is being applied.</summary>
    public LogIndex Index { get; set; }

    /// <summary>Gives a counter another value; the number, the key and its hash are of one entry.</summary>
    public void SetAt(int number, ReadOnlySpan<byte> key, ulong hash, long value)
    {
        var heldBytes = Counters.HoldsBytes(number);
        if (!heldBytes && Counters.ValueAt(number) == value)
            return; // Nothing that anybody could see.
        Counters.SetAt(number, hash, value);
        if (IntegerKey.TryParse(key, out var integer))
        {
            if (heldBytes)
                Sums.Insert(integer, value);
            else
                Sums.Set(integer, value);
        }

        Changes.Add(Index, key, value);
    }

    /// <summary>Lets a key hold bytes; the number, the key and its hash are of one entry, and the caller has asked <see cref="CountTable.HasRoomForValues"/>.</summary>
    public void SetBytesAt(int number, ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value)
    {
        var heldBytes = Counters.HoldsBytes(number);
        if (heldBytes && Counters.BytesAt(number).SequenceEqual(value))
            return;
        Counters.SetBytesAt(number, hash, value);
        if (!heldBytes && IntegerKey.TryParse(key, out var integer))
            Sums.Remove(integer);
        Changes.AddBytes(Index, key);
    }

    /// <summary>Adds a counter that is not there; the caller has asked <see cref="CountTable.HasRoomFor"/>.</summary>
    public void Insert(ReadOnlySpan<byte> key, ulong hash, long value)
    {
        Counters.Insert(key, hash, value);
        if (IntegerKey.TryParse(key, out var integer))
            Sums.Insert(integer, value);
        Changes.Add(Index, key, value);
    }

    /// <summary>Adds a key that is not there, with bytes; the caller has asked <see cref="CountTable.HasRoomFor"/> and <see cref="CountTable.HasRoomForValues"/>.</summary>
    public void InsertBytes(ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value)
    {
        Counters.InsertBytes(key, hash, value);
        Changes.AddBytes(Index, key);
    }

    /// <summary>Removes a key that is not the table's own memory, whatever it holds.</summary>
    public void RemoveAt(int number, ReadOnlySpan<byte> key)
    {
        var heldBytes = Counters.HoldsBytes(number);
        Counters.RemoveAt(number);
        if (!heldBytes && IntegerKey.TryParse(key, out var integer))
            Sums.Remove(integer);
        Changes.Add(Index, key, null);
    }
}
