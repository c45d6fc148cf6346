using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Sorts a table's entries by their keys' bytes, seven bytes at a time: each key is looked at once a pass and the comparing is done on
/// plain numbers, which makes a million keys a matter of a tenth of a second.
/// </summary>
internal sealed class KeyOrder(CountTable table, int capacity)
{
    private const int Step = 7;

    private readonly ulong[] _chunks = new ulong[capacity];

    /// <summary>Sorts entry numbers, no more than the capacity.</summary>
    public void Sort(Span<int> numbers) => Sort(numbers, 0);

    /// <summary>Sorts entries whose first <paramref name="depth"/> bytes are equal.</summary>
    private void Sort(Span<int> numbers, int depth)
    {
        while (numbers.Length > 1)
        {
            var chunks = _chunks.AsSpan(0, numbers.Length);
            for (var i = 0; i < numbers.Length; i++)
                chunks[i] = Chunk(table.KeyAt(numbers[i]), depth);
            chunks.Sort(numbers);
            depth += Step;
            if (chunks[0] != chunks[^1])
            {
                SortTies(numbers, depth);
                return;
            }

            // All alike: go on in this frame, or a long common prefix would take a frame for every seven bytes.
        }
    }

    /// <summary>Finds the runs of equal chunks and sorts each by what follows. The deeper pass overwrites the chunks, so runs are found from the end.</summary>
    private void SortTies(Span<int> numbers, int depth)
    {
        var end = numbers.Length;
        while (end > 1)
        {
            var chunk = Chunk(table.KeyAt(numbers[end - 1]), depth - Step);
            var start = end - 1;
            while (start > 0 && Chunk(table.KeyAt(numbers[start - 1]), depth - Step) == chunk)
                start--;
            if (end - start > 1)
                Sort(numbers[start..end], depth);
            end = start;
        }
    }

    /// <summary>
    /// Seven bytes, padded with zeros, above a byte that tells how many are left, 8 for "more than these". So "a" stands before "a\0",
    /// and two keys that end here never tie.
    /// </summary>
    private static ulong Chunk(ReadOnlySpan<byte> key, int depth)
    {
        if (depth >= key.Length)
            return 0;
        var rest = key[depth..];
        if (rest.Length > Step)
            return (BinaryPrimitives.ReadUInt64BigEndian(rest) & ~0xFFUL) | (Step + 1);
        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        rest.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded) | (uint)rest.Length;
    }
}
