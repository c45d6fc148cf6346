namespace RaftStream.StreamStateMachine;

/// <summary>
/// A place in a tree: the pages from the root to a leaf, and where in each. Good until the tree changes; over a frozen tree, while the ticket lives. Owned by one thread at a time.
/// </summary>
internal sealed class TreeCursor
{
    /// <summary>The most levels. A root is cut only where it is full, so each level takes a multiple of the changes that the one below took: no tree comes near.</summary>
    private const int MaxDepth = 64;

    private readonly TreeNode[] _nodes = new TreeNode[MaxDepth];
    private readonly int[] _places = new int[MaxDepth];

    /// <summary>The level of the leaf; the root's is 0.</summary>
    public int Level { get; private set; }

    /// <summary>The leaf.</summary>
    public TreeNode Leaf => _nodes[Level];

    /// <summary>Where in the leaf, which may be behind its last cell.</summary>
    public int Place => _places[Level];

    /// <summary>The key here.</summary>
    public ReadOnlySpan<byte> Key => Leaf.KeyAt(Place);

    /// <summary>The value here.</summary>
    public ReadOnlySpan<byte> Value => Leaf.ValueAt(Place);

    /// <summary>The page of a level.</summary>
    public TreeNode NodeAt(int level) => _nodes[level];

    /// <summary>Where in the page of a level.</summary>
    public int PlaceAt(int level) => _places[level];

    /// <summary>Puts another page in the place of one, which must have the same cells.</summary>
    public void Replace(int level, TreeNode node) => _nodes[level] = node;

    /// <summary>Goes to a key, or where it would be put. True: it is there.</summary>
    public bool Seek(TreeNode root, ReadOnlySpan<byte> key)
    {
        var node = root;
        for (Level = 0; !node.IsLeaf; Level++)
        {
            var place = node.ChildFor(key);
            (_nodes[Level], _places[Level]) = (node, place);
            node = node.ChildAt(place);
        }

        var found = node.Find(key);
        (_nodes[Level], _places[Level]) = (node, found < 0 ? ~found : found);
        return found >= 0;
    }

    /// <summary>Goes behind the last key.</summary>
    public void SeekEnd(TreeNode root)
    {
        Level = 0;
        DescendLast(root);
        _places[Level]++;
    }

    /// <summary>Where no key is here, goes to the first one behind; false: there is none.</summary>
    public bool ToCeiling()
    {
        if (Place < Leaf.Count)
            return true;
        var level = Level - 1;
        while (level >= 0 && _places[level] == _nodes[level].Count - 1)
            level--;
        if (level < 0)
            return false;
        var child = _nodes[level].ChildAt(++_places[level]);
        for (Level = level + 1; !child.IsLeaf; Level++)
        {
            (_nodes[Level], _places[Level]) = (child, 0);
            child = child.ChildAt(0);
        }

        (_nodes[Level], _places[Level]) = (child, 0);
        return true;
    }

    /// <summary>Goes to the next key; false: there is none.</summary>
    public bool MoveNext()
    {
        _places[Level]++;
        return ToCeiling();
    }

    /// <summary>Goes to the key in front of this place; false: there is none.</summary>
    public bool MovePrevious()
    {
        if (--_places[Level] >= 0)
            return true;
        var level = Level - 1;
        while (level >= 0 && _places[level] == 0)
            level--;
        if (level < 0)
            return false;
        var child = _nodes[level].ChildAt(--_places[level]);
        Level = level + 1;
        DescendLast(child);
        return true;
    }

    private void DescendLast(TreeNode node)
    {
        for (; !node.IsLeaf; Level++)
        {
            (_nodes[Level], _places[Level]) = (node, node.Count - 1);
            node = node.ChildAt(node.Count - 1);
        }

        (_nodes[Level], _places[Level]) = (node, node.Count - 1);
    }
}
