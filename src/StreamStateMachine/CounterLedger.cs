namespace RaftStream.StreamStateMachine;

/// <summary>
/// Every change of a counter goes through here, so that what is kept beside the table goes with it: the sums over integer keys, and the newest changes for those who watch.
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
        if (Counters.ValueAt(number) == value)
            return; // Nothing that anybody could see.
        Counters.SetAt(number, hash, value);
        if (IntegerKey.TryParse(key, out var integer))
            Sums.Set(integer, value);
        Changes.Add(Index, key, value);
    }

    /// <summary>Adds a counter that is not there; the caller has asked <see cref="CountTable.HasRoomFor"/>.</summary>
    public void Insert(ReadOnlySpan<byte> key, ulong hash, long value)
    {
        Counters.Insert(key, hash, value);
        if (IntegerKey.TryParse(key, out var integer))
            Sums.Insert(integer, value);
        Changes.Add(Index, key, value);
    }

    /// <summary>Removes a counter, whose key is not the table's own memory.</summary>
    public void RemoveAt(int number, ReadOnlySpan<byte> key)
    {
        Counters.RemoveAt(number);
        if (IntegerKey.TryParse(key, out var integer))
            Sums.Remove(integer);
        Changes.Add(Index, key, null);
    }
}
