namespace RaftStream.StreamStateMachine;

/// <summary>A sum of values, and how many they are.</summary>
internal readonly record struct RangeSum(Int128 Sum, long Count)
{
    /// <summary>Both together.</summary>
    public static RangeSum operator +(RangeSum left, RangeSum right) => new(left.Sum + right.Sum, left.Count + right.Count);

    /// <summary>The first without the second.</summary>
    public static RangeSum operator -(RangeSum left, RangeSum right) => new(left.Sum - right.Sum, left.Count - right.Count);
}

/// <summary>
/// Sums of the first places of a row of numbers, each found and kept up in O(log n) (P. Fenwick, "A new data structure for cumulative frequency tables",
/// 1994): a node holds the sum of as many places, itself the last, as its lowest bit says.
/// </summary>
internal sealed class Fenwick
{
    private RangeSum[] _nodes = new RangeSum[16];
    private int _count;

    /// <summary>Begins anew with that many places, whose values follow through <see cref="Set"/> and <see cref="Build"/>.</summary>
    public void Begin(int count)
    {
        if (_nodes.Length <= count)
            _nodes = new RangeSum[2 * count];
        _count = count;
    }

    /// <summary>The value of a place, before <see cref="Build"/>.</summary>
    public void Set(int place, RangeSum value) => _nodes[place + 1] = value;

    /// <summary>Makes the tree of the values, in O(n).</summary>
    public void Build()
    {
        for (var node = 1; node <= _count; node++)
        {
            var parent = node + (node & -node);
            if (parent <= _count)
                _nodes[parent] += _nodes[node];
        }
    }

    /// <summary>Adds to the value of a place.</summary>
    public void Add(int place, RangeSum change)
    {
        for (var node = place + 1; node <= _count; node += node & -node)
            _nodes[node] += change;
    }

    /// <summary>The sum of the first <paramref name="count"/> places.</summary>
    public RangeSum First(int count)
    {
        var sum = default(RangeSum);
        for (var node = count; node > 0; node -= node & -node)
            sum += _nodes[node];
        return sum;
    }
}
