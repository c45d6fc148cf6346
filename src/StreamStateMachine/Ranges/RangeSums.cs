namespace RaftStream.StreamStateMachine;

/// <summary>
/// The counters whose keys are integers, in the order of those: sums over ranges without a walk over them. Owned by one <see cref="CountingStore"/>. No part of
/// what is replicated: a replica makes it of its counters, so snapshots have nothing of it, and queries see it only between two commands, so captures have not either.
/// </summary>
/// <remarks>
/// Keys lie sorted in blocks, and a <see cref="Fenwick"/> tree runs over the blocks' sums. A change of a value is two binary searches and a walk up the tree; a sum is
/// the same twice, and the adding of what stands in front in one block. A full block is cut in two, a nearly empty one goes into its neighbour, and the
/// tree is then made anew, which at least a quarter of a block of inserts or removals have paid for.
/// <para>
/// Full blocks take 16 bytes a key; the emptiest that there may be, two neighbours with a quarter of a block between them, 128. A store without such keys has one block of
/// 8 KiB. Blocks that are given up are used again, so once it is warm nothing is allocated.
/// </para>
/// </remarks>
internal sealed class RangeSums
{
    /// <summary>Keys of a block.</summary>
    public const int BlockKeys = 512;

    private readonly Fenwick _tree = new();
    private readonly Stack<Block> _spare = new();
    private Block[] _blocks = [new()];
    private long[] _firsts = [long.MinValue];
    private int _count = 1;

    /// <summary>No keys.</summary>
    public RangeSums() => BuildTree();

    /// <summary>How many keys.</summary>
    public long Count => _tree.First(_count).Count;

    /// <summary>How many blocks they lie in.</summary>
    public int Blocks => _count;

    /// <summary>Replaces everything by the keys of a table.</summary>
    public void Load(CountTable counters)
    {
        var (keys, values) = (new List<long>(), new List<long>());
        for (var number = 0; number < counters.Count; number++)
        {
            if (counters.HoldsBytes(number) || !IntegerKey.TryParse(counters.KeyAt(number), out var key))
                continue;
            keys.Add(key);
            values.Add(counters.ValueAt(number));
        }

        var (sorted, sortedValues) = (keys.ToArray(), values.ToArray());
        Array.Sort(sorted, sortedValues);
        const int filled = BlockKeys * 3 / 4;
        _count = Math.Max(1, (sorted.Length + filled - 1) / filled);
        (_blocks, _firsts) = (new Block[_count], new long[_count]);
        for (var place = 0; place < _count; place++)
        {
            var start = place * filled;
            _blocks[place] = new();
            _blocks[place].Append(sorted.AsSpan(start, Math.Min(filled, sorted.Length - start)), sortedValues.AsSpan(start));
            _firsts[place] = place == 0 ? long.MinValue : sorted[start];
        }

        _spare.Clear();
        BuildTree();
    }

    /// <summary>Adds a key that is not there.</summary>
    public void Insert(long key, long value)
    {
        var place = PlaceOf(key);
        if (_blocks[place].Count == BlockKeys)
        {
            Cut(place);
            place = PlaceOf(key);
        }

        _blocks[place].Insert(key, value);
        _tree.Add(place, new(value, 1));
    }

    /// <summary>Gives a key that is there another value.</summary>
    public void Set(long key, long value)
    {
        var place = PlaceOf(key);
        _tree.Add(place, new((Int128)value - _blocks[place].Set(key, value), 0));
    }

    /// <summary>Removes a key that is there.</summary>
    public void Remove(long key)
    {
        var place = PlaceOf(key);
        var block = _blocks[place];
        _tree.Add(place, new(-(Int128)block.Remove(key), -1));
        if (block.Count > BlockKeys / 4)
            return;
        if (place > 0 && block.Count + _blocks[place - 1].Count <= BlockKeys * 3 / 4)
            Join(place - 1);
        else if (place + 1 < _count && block.Count + _blocks[place + 1].Count <= BlockKeys * 3 / 4)
            Join(place);
    }

    /// <summary>The sum of the values of all keys from <paramref name="from"/> to <paramref name="to"/>, both included; nothing where the range is empty.</summary>
    public RangeSum Between(long from, long to)
    {
        if (from > to)
            return default;
        var (first, last) = (PlaceOf(from), PlaceOf(to));
        return _tree.First(last) + _blocks[last].UpTo(to) - _tree.First(first) - (from == long.MinValue ? default : _blocks[first].UpTo(from - 1));
    }

    /// <summary>The block that holds a key, if any does.</summary>
    private int PlaceOf(long key)
    {
        var found = _firsts.AsSpan(0, _count).BinarySearch(key);
        return found >= 0 ? found : ~found - 1;
    }

    private void Cut(int place)
    {
        if (_count == _blocks.Length)
        {
            Array.Resize(ref _blocks, _count * 2);
            Array.Resize(ref _firsts, _count * 2);
        }

        Array.Copy(_blocks, place + 1, _blocks, place + 2, _count - place - 1);
        Array.Copy(_firsts, place + 1, _firsts, place + 2, _count - place - 1);
        var upper = _spare.TryPop(out var spare) ? spare : new();
        (_blocks[place + 1], _firsts[place + 1]) = (upper, _blocks[place].MoveUpperHalf(upper));
        _count++;
        BuildTree();
    }

    /// <summary>Puts a block's right neighbour into it.</summary>
    private void Join(int place)
    {
        var gone = _blocks[place + 1];
        _blocks[place].Append(gone.Keys, gone.Values);
        gone.Clear();
        _spare.Push(gone);
        _count--;
        Array.Copy(_blocks, place + 2, _blocks, place + 1, _count - place - 1);
        Array.Copy(_firsts, place + 2, _firsts, place + 1, _count - place - 1);
        _blocks[_count] = null!;
        if (_spare.Count > _count)
            _spare.Pop();
        BuildTree();
    }

    private void BuildTree()
    {
        _tree.Begin(_count);
        for (var place = 0; place < _count; place++)
            _tree.Set(place, new(_blocks[place].Sum, _blocks[place].Count));
        _tree.Build();
    }

    /// <summary>Some keys in order, with their values.</summary>
    private sealed class Block
    {
        private readonly long[] _keys = new long[BlockKeys];
        private readonly long[] _values = new long[BlockKeys];

        public int Count { get; private set; }

        public Int128 Sum { get; private set; }

        public ReadOnlySpan<long> Keys => _keys.AsSpan(0, Count);

        public ReadOnlySpan<long> Values => _values.AsSpan(0, Count);

        public void Append(ReadOnlySpan<long> keys, ReadOnlySpan<long> values)
        {
            keys.CopyTo(_keys.AsSpan(Count));
            values[..keys.Length].CopyTo(_values.AsSpan(Count));
            Count += keys.Length;
            foreach (var value in values[..keys.Length])
                Sum += value;
        }

        public void Insert(long key, long value)
        {
            var place = ~Keys.BinarySearch(key);
            Invariant.Check(place >= 0, "a new key is not there");
            Array.Copy(_keys, place, _keys, place + 1, Count - place);
            Array.Copy(_values, place, _values, place + 1, Count - place);
            (_keys[place], _values[place]) = (key, value);
            Count++;
            Sum += value;
        }

        /// <summary>Gives the value from before.</summary>
        public long Set(long key, long value)
        {
            var place = Find(key);
            var before = _values[place];
            _values[place] = value;
            Sum += (Int128)value - before;
            return before;
        }

        /// <summary>Gives the value that it had.</summary>
        public long Remove(long key)
        {
            var place = Find(key);
            var value = _values[place];
            Count--;
            Array.Copy(_keys, place + 1, _keys, place, Count - place);
            Array.Copy(_values, place + 1, _values, place, Count - place);
            Sum -= value;
            return value;
        }

        /// <summary>Gives the first key that was moved.</summary>
        public long MoveUpperHalf(Block upper)
        {
            var half = Count / 2;
            upper.Append(Keys[half..], Values[half..]);
            Count = half;
            Sum -= upper.Sum;
            return upper._keys[0];
        }

        public void Clear() => (Count, Sum) = (0, 0);

        /// <summary>The keys up to this one.</summary>
        public RangeSum UpTo(long key)
        {
            var found = Keys.BinarySearch(key);
            var count = found >= 0 ? found + 1 : ~found;
            Int128 sum = 0;
            foreach (var value in Values[..count])
                sum += value;
            return new(sum, count);
        }

        private int Find(long key)
        {
            var place = Keys.BinarySearch(key);
            Invariant.Check(place >= 0, "a key that is changed is there");
            return place;
        }
    }
}
