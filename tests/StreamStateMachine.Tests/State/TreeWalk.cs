namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Looks through all pages of a tree and says what is wrong with it.</summary>
internal static class TreeWalk
{
    /// <summary>Order, separators, depth and fill are right, and what the tree says about itself is true.</summary>
    public static void AssertSound(StateTree tree, string where)
    {
        var walk = new Walk(where);
        walk.Visit(tree.Root, null, null, 0);
        Assert.That((tree.Count, tree.Bytes, tree.Hash, tree.Pages), Is.EqualTo((walk.Entries, walk.Bytes, walk.Hash, walk.Pages)), where);
    }

    /// <summary>How full the pages are on average, 0 to 1; a single page counts as full.</summary>
    public static double Fill(StateTree tree)
    {
        var walk = new Walk("fill");
        walk.Visit(tree.Root, null, null, 0);
        return tree.Pages == 1 ? 1 : (double)walk.Used / ((long)walk.Pages * TreeNode.PageSize);
    }

    /// <summary>A tree holds exactly what the model does.</summary>
    public static void AssertHolds(FrozenTree tree, SortedDictionary<byte[], byte[]> model, string where)
    {
        if (tree.Count != model.Count)
            Assert.Fail($"{where}: {tree.Count} entries instead of {model.Count}");
        var cursor = new TreeCursor();
        var isThere = tree.TryCeiling(default, cursor);
        foreach (var (key, value) in model)
        {
            if (!isThere || !cursor.Key.SequenceEqual(key) || !cursor.Value.SequenceEqual(value))
                Assert.Fail($"{where}: key {Convert.ToHexString(key)} is not there or holds something else");
            isThere = cursor.MoveNext();
        }

        if (isThere)
            Assert.Fail($"{where}: there is a key behind the last one");
    }

    private sealed class Walk(string where)
    {
        private int _depth = -1;

        public int Pages { get; private set; }

        public int Entries { get; private set; }

        public long Bytes { get; private set; }

        public ulong Hash { get; private set; }

        public long Used { get; private set; }

        public void Visit(TreeNode node, byte[]? from, byte[]? to, int depth)
        {
            Pages++;
            Used += node.Used;
            var used = 0;
            for (var place = 0; place < node.Count; place++)
            {
                var key = node.KeyAt(place);
                used += node.SizeAt(place);
                if (place > 0 && node.KeyAt(place - 1).SequenceCompareTo(key) >= 0)
                    Assert.Fail($"{where}: a key out of order in a page of level {depth}");
                if ((node.IsLeaf || place > 0) && node.Find(key) != place)
                    Assert.Fail($"{where}: a key that is not found in its page of level {depth}");
                if (from is not null && (node.IsLeaf || place > 0) && key.SequenceCompareTo(from) < 0)
                    Assert.Fail($"{where}: a key below its separator in a page of level {depth}");
                if (to is not null && key.SequenceCompareTo(to) >= 0)
                    Assert.Fail($"{where}: a key that is not below the next separator in a page of level {depth}");
                if (node.IsLeaf)
                    VisitEntry(key, node.ValueAt(place));
                else
                    Visit(node.ChildAt(place), place == 0 ? from : key.ToArray(), place + 1 < node.Count ? node.KeyAt(place + 1).ToArray() : to, depth + 1);
            }

            if (used != node.Used || used > TreeNode.PageSize)
                Assert.Fail($"{where}: a page of level {depth} says {node.Used} bytes and has {used}");
            if (!node.IsLeaf && node.KeyAt(0).Length > 0)
                Assert.Fail($"{where}: the first key of an inner page is not the lowest");
            if (depth > 0 && node.Count == 0)
                Assert.Fail($"{where}: an empty page of level {depth}");
            if (depth == 0 && !node.IsLeaf && node.Count < 2)
                Assert.Fail($"{where}: a root with one child");
            if (!node.IsLeaf)
                return;
            if (_depth >= 0 && _depth != depth)
                Assert.Fail($"{where}: leaves of level {_depth} and {depth}");
            _depth = depth;
        }

        private void VisitEntry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            Entries++;
            Bytes += key.Length + value.Length + StateTree.EntryOverhead;
            Hash += KeyHash.Combine(KeyHash.Of(key), KeyHash.Of(value));
        }
    }
}

/// <summary>The order of keys, as the tree has it.</summary>
internal sealed class KeyBytesOrder : IComparer<byte[]>
{
    public static KeyBytesOrder Instance { get; } = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
