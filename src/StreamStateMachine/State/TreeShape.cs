namespace RaftStream.StreamStateMachine;

/// <summary>
/// The pages of a tree and how they are cut in two and put together again. All its methods take a place whose pages <see cref="Own"/> has made writable. Owned by one <see cref="StateTree"/>.
/// </summary>
/// <remarks>
/// A page without room is cut in two (<see cref="TreeCut"/>). A page that is less than half full is put together with one of its neighbours in the same parent where both take
/// three quarters of a page at most, so that a few changes more do not cut it again; a page without cells is given back.
/// </remarks>
internal sealed class TreeShape
{
    private const int Half = TreeNode.PageSize / 2;
    private const int FullestMerge = TreeNode.PageSize / 4 * 3;
    private const int AppendedTo = TreeNode.PageSize / 10 * 9;

    private readonly TreePages _pages;
    private readonly byte[] _separator = new byte[StateTree.MaxKeyBytes];
    private readonly Captures _captures;

    /// <summary>A tree of one empty page.</summary>
    public TreeShape(Captures captures)
    {
        _captures = captures;
        _pages = new(captures);
        Root = _pages.New(isLeaf: true);
    }

    /// <summary>The first page.</summary>
    public TreeNode Root { get; private set; }

    /// <summary>The pages in use.</summary>
    public int Pages => _pages.Count;

    /// <summary>Copies those pages from the root to the leaf that a view may read.</summary>
    public void Own(TreeCursor cursor)
    {
        for (var level = 0; level <= cursor.Level; level++)
        {
            var node = cursor.NodeAt(level);
            var owned = _pages.ToWrite(node);
            if (owned == node)
                continue;
            if (level == 0)
                Root = owned;
            else
                cursor.NodeAt(level - 1).SetChild(cursor.PlaceAt(level - 1), owned);
            cursor.Replace(level, owned);
        }
    }

    /// <summary>Puts an entry in at a place.</summary>
    public void Insert(TreeCursor cursor, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (value.Length > TreeNode.MaxInlineValue)
            Insert(cursor, cursor.Level, cursor.Place, key, default, new TreeBlob(value, _captures.Epoch), TreeNode.PageSize);
        else
            Insert(cursor, cursor.Level, cursor.Place, key, value, null, TreeNode.PageSize);
    }

    /// <summary>Puts an entry in behind the last one.</summary>
    public void Append(TreeCursor cursor, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (value.Length > TreeNode.MaxInlineValue)
            Insert(cursor, cursor.Level, cursor.Place, key, default, new TreeBlob(value, _captures.Epoch), AppendedTo);
        else
            Insert(cursor, cursor.Level, cursor.Place, key, value, null, AppendedTo);
    }

    /// <summary>Replaces the value at a place.</summary>
    public void Replace(TreeCursor cursor, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var (leaf, place) = (cursor.Leaf, cursor.Place);
        var (used, pages) = (leaf.Used, Pages);
        if (!leaf.TryReplace(place, value, _captures))
        {
            leaf.RemoveAt(place);
            Insert(cursor, key, value);
        }

        if (leaf.Used < used && Pages == pages) // Where a page was cut, the cursor leads to its parents no more, and there is nothing to settle.
            Settle(cursor, cursor.Level);
    }

    /// <summary>Takes out the entry at a place.</summary>
    public void Remove(TreeCursor cursor)
    {
        cursor.Leaf.RemoveAt(cursor.Place);
        Settle(cursor, cursor.Level);
    }

    private void Insert(TreeCursor cursor, int level, int place, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, object? link, int fullest)
    {
        var node = cursor.NodeAt(level);
        var size = TreeNode.SizeOf(key.Length, value.Length);
        if (node.Count == 0 || node.Used + size <= fullest)
        {
            node.Insert(place, key, value, link);
            return;
        }

        // In the order of cells with the new one among them: the first ones stay, and those from this one on go to a page behind.
        var cut = fullest < TreeNode.PageSize ? node.Count : TreeCut.Of(cursor, level, place, size);
        var next = _pages.New(node.IsLeaf);
        node.MoveTail(place < cut ? cut - 1 : cut, next);
        if (place < cut)
            node.Insert(place, key, value, link);
        else
            next.Insert(place - cut, key, value, link);
        var separator = SeparatorOf(node, next);
        if (!next.IsLeaf)
            next.ClearFirstKey();
        if (level == 0)
            Grow(node, separator, next);
        else
            Insert(cursor, level - 1, cursor.PlaceAt(level - 1) + 1, separator, default, next, fullest);
    }

    /// <summary>The shortest key that is above all of one page and not above any of the next; of inner pages, the first one of the next.</summary>
    private ReadOnlySpan<byte> SeparatorOf(TreeNode node, TreeNode next)
    {
        var first = next.KeyAt(0);
        var length = node.IsLeaf ? node.KeyAt(node.Count - 1).CommonPrefixLength(first) + 1 : first.Length;
        first[..length].CopyTo(_separator);
        return _separator.AsSpan(0, length);
    }

    private void Grow(TreeNode node, ReadOnlySpan<byte> separator, TreeNode next)
    {
        Root = _pages.New(isLeaf: false);
        Root.Insert(0, default, default, node);
        Root.Insert(1, separator, default, next);
    }

    /// <summary>Gives a page back that holds nothing, or puts it together with a neighbour if that makes sense.</summary>
    private void Settle(TreeCursor cursor, int level)
    {
        var node = cursor.NodeAt(level);
        if (level == 0)
        {
            Shrink();
            return;
        }

        if (node.Used >= Half)
            return;
        var parent = cursor.NodeAt(level - 1);
        var place = cursor.PlaceAt(level - 1);
        if (node.Count == 0)
            Drop(parent, place);
        else if (place + 1 < parent.Count && FitTogether(parent, place))
            Merge(parent, place, node);
        else if (place > 0 && FitTogether(parent, place - 1))
            Merge(parent, place - 1, ToWrite(parent, place - 1));
        else
            return;
        Settle(cursor, level - 1);
    }

    private static bool FitTogether(TreeNode parent, int place)
    {
        var (node, next) = (parent.ChildAt(place), parent.ChildAt(place + 1));
        return node.Used + next.Used + (node.IsLeaf ? 0 : parent.KeyAt(place + 1).Length) <= FullestMerge;
    }

    private TreeNode ToWrite(TreeNode parent, int place)
    {
        var node = _pages.ToWrite(parent.ChildAt(place));
        parent.SetChild(place, node);
        return node;
    }

    private void Merge(TreeNode parent, int place, TreeNode node)
    {
        node.Absorb(parent.ChildAt(place + 1), parent.KeyAt(place + 1));
        Drop(parent, place + 1);
    }

    private void Drop(TreeNode parent, int place)
    {
        _pages.GiveBack(parent.ChildAt(place));
        parent.RemoveAt(place);
        if (place == 0 && parent.Count > 0)
            parent.ClearFirstKey();
    }

    private void Shrink()
    {
        while (!Root.IsLeaf && Root.Count == 1)
        {
            var root = Root;
            Root = root.ChildAt(0);
            _pages.GiveBack(root);
        }
    }
}
