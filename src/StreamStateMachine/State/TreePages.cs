namespace RaftStream.StreamStateMachine;

/// <summary>Makes the pages of a tree and takes them back; a page that a view may read is copied before its first write. Owned by one <see cref="StateTree"/>.</summary>
internal sealed class TreePages(Captures captures)
{
    private const int FewPages = 16;

    private readonly PagePool<byte> _pool = new(captures, TreeNode.PageSize);

    /// <summary>The pages in use.</summary>
    public int Count { get; private set; }

    /// <summary>An empty page.</summary>
    public TreeNode New(bool isLeaf)
    {
        Count++;
        return new(_pool.Rent(TreeNode.PageSize), captures.Epoch, isLeaf);
    }

    /// <summary>The page to write: this one, or a copy that must take its place in the tree.</summary>
    public TreeNode ToWrite(TreeNode node)
    {
        if (!captures.IsShared(node.Born))
            return node;
        var copy = node.Copy(_pool.Rent(TreeNode.PageSize), captures.Epoch);
        Retire(node);
        return copy;
    }

    /// <summary>Takes back a page that is not part of the tree any more.</summary>
    public void GiveBack(TreeNode node)
    {
        Count--;
        Retire(node);
    }

    /// <summary>A quarter as many as are in use wait to be used again: enough for changes between captures, and a tree that shrinks gives its memory back.</summary>
    private void Retire(TreeNode node) => _pool.Return(node.Bytes, FewPages + (Count / 4));
}
