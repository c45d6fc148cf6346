namespace RaftStream.StreamStateMachine;

/// <summary>
/// The largest counters of a table, largest first and equal ones by their keys' bytes, found in one pass with a heap of
/// <c>limit</c> entries whose root is the one to give up next.
/// </summary>
internal static class TopList
{
    /// <summary>The numbers of the entries, best first: <paramref name="limit"/> of them, or all where there are fewer.</summary>
    public static int[] Of(CountTable table, int limit)
    {
        var heap = new int[Math.Min(limit, table.Integers)];
        if (heap.Length == 0)
            return heap;
        var next = 0;
        for (var filled = 0; filled < heap.Length; next++)
        {
            if (!table.HoldsBytes(next))
                heap[filled++] = next;
        }

        for (var node = (heap.Length / 2) - 1; node >= 0; node--)
            SiftDown(table, heap, node, heap.Length);
        for (var number = next; number < table.Count; number++)
        {
            if (!table.HoldsBytes(number) && Precedes(table, number, heap[0]))
            {
                heap[0] = number;
                SiftDown(table, heap, 0, heap.Length);
            }
        }

        for (var end = heap.Length - 1; end > 0; end--)
        {
            (heap[0], heap[end]) = (heap[end], heap[0]);
            SiftDown(table, heap, 0, end);
        }

        return heap;
    }

    private static bool Precedes(CountTable table, int left, int right)
    {
        var (ours, theirs) = (table.ValueAt(left), table.ValueAt(right));
        return ours != theirs ? ours > theirs : table.KeyAt(left).SequenceCompareTo(table.KeyAt(right)) < 0;
    }

    private static void SiftDown(CountTable table, int[] heap, int node, int end)
    {
        while ((2 * node) + 1 < end)
        {
            var child = (2 * node) + 1;
            if (child + 1 < end && Precedes(table, heap[child], heap[child + 1]))
                child++;
            if (Precedes(table, heap[child], heap[node]))
                return;
            (heap[node], heap[child]) = (heap[child], heap[node]);
            node = child;
        }
    }
}
