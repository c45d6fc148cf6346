namespace RaftStream.Raft;

/// <summary>
/// What a session's command was answered, for whoever sends it again. Made when the command goes to the state machine, completed with
/// its reply, never changed after that: a snapshot being written shares it.
/// </summary>
internal sealed class StoredReply(Session owner, long sequence, LogPosition position) : IEarlierReply
{
    private static readonly byte[] Empty = [];

    public Session Owner => owner;

    public long Sequence => sequence;

    /// <inheritdoc/>
    public LogPosition Position => position;

    /// <inheritdoc/>
    /// <remarks>Empty until it is complete.</remarks>
    public byte[] Bytes { get; private set; } = Empty;

    /// <summary>Whether the state machine has replied.</summary>
    public bool IsComplete { get; private set; }

    /// <inheritdoc/>
    public bool IsKept { get; private set; }

    /// <summary>What it counts against the limits.</summary>
    public int Charge => SessionLimits.ReplyOverhead + Bytes.Length;

    /// <summary>Its part of the table's hash, once it is complete.</summary>
    public ulong Hash { get; private set; }

    /// <summary>The state machine replied.</summary>
    public void Complete(ReadOnlySpan<byte> bytes, bool isKept)
    {
        (IsComplete, IsKept) = (true, isKept);
        if (isKept && !bytes.IsEmpty)
            Bytes = bytes.ToArray();
        var hash = SessionHash.Add(SessionHash.Add(SessionHash.Add(2, owner.Id.Value), sequence), position.Index.Value);
        hash = SessionHash.Add(SessionHash.Add(hash, position.Term.Value), isKept ? Bytes.Length : -1);
        Hash = SessionHash.Add(hash, Bytes);
    }
}
