namespace RaftStream.StreamStateMachine;

/// <summary>The entries that a tree had at a capture, read by one thread while another changes the tree; good while the ticket lives.</summary>
/// <param name="Root">The pages.</param>
/// <param name="Count">How many entries.</param>
/// <param name="Hash">The hash of all entries.</param>
internal sealed record FrozenTree(TreeNode Root, int Count, ulong Hash)
{
    /// <summary>
    /// Goes to the smallest key that is not below <paramref name="key"/>, which may be empty; <see cref="TreeCursor.MoveNext"/> goes on from there. False: there is none.
    /// </summary>
    public bool TryCeiling(ReadOnlySpan<byte> key, TreeCursor cursor)
    {
        cursor.Seek(Root, key);
        return cursor.ToCeiling();
    }
}
