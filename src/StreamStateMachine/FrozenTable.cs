namespace RaftStream.StreamStateMachine;

/// <summary>The keys and values of a table at a capture, read by one thread while another changes the table.</summary>
/// <param name="Count">How many keys.</param>
/// <param name="Segments">The index, in the order of hashes.</param>
/// <param name="Entries">The entries.</param>
/// <param name="Keys">The keys.</param>
/// <param name="Values">The values that are bytes.</param>
internal sealed record FrozenTable(int Count, KeySegment[] Segments, EntryPage[] Entries, FrozenKeys Keys, FrozenValues Values)
{
    /// <summary>An entry's key.</summary>
    public ReadOnlySpan<byte> KeyAt(int number) => Keys.KeyOf(EntryPages.At(Entries, number));
}
