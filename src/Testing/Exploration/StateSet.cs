namespace RaftStream.Testing;

/// <summary>The fingerprints of the states that were visited: open addressing in 64 tables, so that one table at a time grows.</summary>
/// <remarks>
/// Two states with one fingerprint would be taken for one, and what follows the second would go unseen. Among n states the chance of it is about n²/2^65:
/// 1 in 3,700 for 100 million.
/// </remarks>
internal sealed class StateSet
{
    private const int Tables = 64;
    private readonly ulong[][] _tables = new ulong[Tables][];
    private readonly int[] _counts = new int[Tables];

    public StateSet()
    {
        for (var table = 0; table < Tables; table++)
            _tables[table] = new ulong[1024];
    }

    /// <summary>How many states.</summary>
    public long Count { get; private set; }

    /// <summary>The memory that the tables take, in bytes.</summary>
    public long Bytes { get; private set; } = Tables * 1024 * sizeof(ulong);

    /// <summary>Adds a fingerprint. False: it was there.</summary>
    public bool Add(ulong fingerprint)
    {
        fingerprint = fingerprint == 0 ? 1 : fingerprint;
        var number = (int)(fingerprint >> 58);
        var table = _tables[number];
        var mask = (uint)table.Length - 1;
        var place = (uint)fingerprint & mask;
        for (; table[place] != 0; place = (place + 1) & mask)
        {
            if (table[place] == fingerprint)
                return false;
        }

        table[place] = fingerprint;
        Count++;
        if (++_counts[number] * 4L > table.Length * 3L)
            Grow(number);
        return true;
    }

    private void Grow(int number)
    {
        var old = _tables[number];
        var table = new ulong[old.Length * 2];
        var mask = (uint)table.Length - 1;
        foreach (var fingerprint in old)
        {
            if (fingerprint == 0)
                continue;
            var place = (uint)fingerprint & mask;
            while (table[place] != 0)
                place = (place + 1) & mask;
            table[place] = fingerprint;
        }

        _tables[number] = table;
        Bytes += (table.Length - old.Length) * (long)sizeof(ulong);
    }
}
