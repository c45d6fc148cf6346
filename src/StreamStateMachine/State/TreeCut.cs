namespace RaftStream.StreamStateMachine;

/// <summary>Where a page that has no room for a new cell is cut in two.</summary>
/// <remarks>
/// In the middle, unless the keys of the last cells came in order, up or down: then right behind them or in front of them, so that the page they fill stays full and a run in the
/// midst of other keys is soon alone in its pages. What the cut leaves is never small beside another small page, so no order of changes makes a row of pages of a few cells.
/// </remarks>
internal static class TreeCut
{
    private const int Small = TreeNode.PageSize / 8;

    /// <summary>
    /// How many cells the first page keeps, in the order of keys with the new cell among them: 1 or more, and not all. The cursor leads to the page.
    /// </summary>
    public static int Of(TreeCursor cursor, int level, int place, int size)
    {
        var node = cursor.NodeAt(level);
        var cut = 0;
        if (node.GoesUpTo(place))
            cut = BehindRun(cursor, level, place, size);
        else if (node.GoesDownTo(place))
            cut = BeforeRun(cursor, level, place, size);
        return cut > 0 ? cut : InMiddle(node, place, size);
    }

    /// <summary>The new key is the next one of a run up. 0: no such cut.</summary>
    private static int BehindRun(TreeCursor cursor, int level, int place, int size)
    {
        var node = cursor.NodeAt(level);
        var behind = Sum(node, place, node.Count);
        if (behind < Small)
            return IsSmall(cursor, level, +1) ? 0 : place;
        return node.Used - behind + size is >= Small and <= TreeNode.PageSize ? place + 1 : 0;
    }

    /// <summary>The new key is the next one of a run down. 0: no such cut.</summary>
    private static int BeforeRun(TreeCursor cursor, int level, int place, int size)
    {
        var node = cursor.NodeAt(level);
        var before = Sum(node, 0, place);
        if (before < Small)
            return IsSmall(cursor, level, -1) ? 0 : place + 1;
        return node.Used - before + size is >= Small and <= TreeNode.PageSize ? place : 0;
    }

    private static int InMiddle(TreeNode node, int place, int size)
    {
        var (half, before, cut) = ((node.Used + size) / 2, 0, 0);
        while (true)
        {
            var next = cut == place ? size : node.SizeAt(cut < place ? cut : cut - 1);
            if (before + (next / 2) >= half)
                return Math.Clamp(cut, 1, node.Count);
            before += next;
            cut++;
        }
    }

    /// <summary>Whether a page has a small neighbour on one side, in the same parent.</summary>
    private static bool IsSmall(TreeCursor cursor, int level, int side)
    {
        if (level == 0)
            return false;
        var parent = cursor.NodeAt(level - 1);
        var place = cursor.PlaceAt(level - 1) + side;
        return place >= 0 && place < parent.Count && parent.ChildAt(place).Used < Small;
    }

    private static int Sum(TreeNode node, int from, int to)
    {
        var sum = 0;
        for (var place = from; place < to; place++)
            sum += node.SizeAt(place);
        return sum;
    }
}
