namespace RaftStream.StreamStateMachine;

/// <summary>Sums over places that can be asked for. What is kept are the inner sums of a Fenwick tree, so that nobody is shown them as rows.</summary>
internal interface IPlaceSums
{
    /// <summary>How many places each key has.</summary>
    int Places { get; }

    /// <summary>Writes the bytes of a key that somebody typed. False: it is none.</summary>
    bool TryWriteOwner(string text, KeyBuffer output);
}

/// <summary>Where the sums of a <see cref="RangeSumNode{TKey, T}"/> lie.</summary>
internal sealed class PlaceSumInfo<TKey>(string name, TopologyNode node, IKeyCodec<TKey> owner, int places)
    : TableInfo<(TKey First, long Second), long>(name, node, KeyCodecs.Pair(owner, KeyCodecs.Int64), Codecs.Int64, Codecs.Int64.Read), IPlaceSums
{
    /// <summary>How the keys are written that have the sums.</summary>
    public IKeyCodec<TKey> Owner => owner;

    public int Places => places;

    public bool TryWriteOwner(string text, KeyBuffer output)
    {
        if (!owner.TryParse(text, out var parsed))
            return false;
        owner.Write(output, parsed);
        return true;
    }
}

/// <summary>Adds up the entries of a Fenwick tree.</summary>
internal static class PlaceSums
{
    /// <summary>The sum of the values at the first so many places. Each entry has 64 bits, and their sum may have more.</summary>
    public static Int128 OfFirst(int count, Func<int, long> entry)
    {
        Int128 sum = 0;
        for (var at = count; at > 0; at -= at & -at)
            sum += entry(at);
        return sum;
    }
}
