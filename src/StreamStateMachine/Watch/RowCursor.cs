namespace RaftStream.StreamStateMachine;

/// <summary>
/// How far the counters of a living table were listed, in the order of their keys' hashes and then bytes: an order that no insert or removal changes. An empty key stands
/// in front of all with its hash.
/// </summary>
internal readonly ref struct RowCursor(ulong hash, ReadOnlySpan<byte> key)
{
    /// <summary>The hash of the last key that was listed, or the first one that was not.</summary>
    public ulong Hash { get; } = hash;

    /// <summary>That key; empty where none with this hash was listed.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>Whether a key was listed, or would have been if it had been there.</summary>
    public bool Covers(ReadOnlySpan<byte> key) => HashOrder.Compare(KeyHash.Of(key), key, Hash, Key) <= 0;
}
