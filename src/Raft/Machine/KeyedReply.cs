namespace RaftStream.Raft;

/// <summary>
/// What was applied under an idempotency key and what it was answered. Made when the command goes to the state machine, completed with its reply, never changed after
/// that: a snapshot being written shares it.
/// </summary>
/// <param name="key">The key.</param>
/// <param name="request">Digest of the command that was applied, so that another one under the key is told from it.</param>
/// <param name="position">Where it was applied.</param>
/// <param name="time">The log time of that entry, in nanoseconds.</param>
internal sealed class KeyedReply(IdempotencyKey key, UInt128 request, LogPosition position, long time) : IEarlierReply
{
    private static readonly byte[] Empty = [];

    public IdempotencyKey Key => key;

    public UInt128 Request => request;

    /// <inheritdoc/>
    public LogPosition Position => position;

    public long Time => time;

    /// <inheritdoc/>
    /// <remarks>Empty until it is complete.</remarks>
    public byte[] Bytes { get; private set; } = Empty;

    /// <inheritdoc/>
    public bool IsKept { get; private set; }

    /// <summary>Whether the state machine has replied.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether the key is still in the table: a later entry of the same batch may be behind its time.</summary>
    public bool IsHeld { get; set; } = true;

    /// <summary>What it counts against the limits.</summary>
    public int Charge => SessionLimits.KeyOverhead + Bytes.Length;

    /// <summary>Its part of the table's hash, once it is complete; 0 before.</summary>
    public ulong Hash { get; private set; }

    /// <summary>The state machine replied.</summary>
    public void Complete(ReadOnlySpan<byte> bytes, bool isKept)
    {
        (IsComplete, IsKept) = (true, isKept);
        if (isKept && !bytes.IsEmpty)
            Bytes = bytes.ToArray();
        var hash = Add(Add(4, key.Digest), request);
        hash = SessionHash.Add(SessionHash.Add(SessionHash.Add(hash, position.Index.Value), position.Term.Value), time);
        Hash = SessionHash.Add(SessionHash.Add(hash, isKept ? Bytes.Length : -1), Bytes);
    }

    private static ulong Add(ulong hash, UInt128 value) => SessionHash.Add(SessionHash.Add(hash, (long)(ulong)value), (long)(ulong)(value >> 64));
}
