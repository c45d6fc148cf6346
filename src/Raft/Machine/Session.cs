using System.Numerics;

namespace RaftStream.Raft;

/// <summary>
/// One client's session: when it was last used, up to where its answers are acknowledged, and the replies to what was applied beyond.
/// Owned by the <see cref="SessionTable"/>.
/// </summary>
/// <remarks>
/// Kept true: every reply has a sequence from <see cref="Acknowledged"/> + 1 to the window's end, in a ring that is at least as long as
/// that span, so two never want one place.
/// </remarks>
internal sealed class Session(SessionId id, long idleTimeout)
{
    private StoredReply?[] _ring = [];
    private ulong _headHash;

    public SessionId Id => id;

    /// <summary>Log time without an entry of the session after which it ends, in nanoseconds.</summary>
    public long IdleTimeout => idleTimeout;

    /// <summary>The log time of its last entry.</summary>
    public long LastTime { get; private set; }

    /// <summary>The index of its last entry.</summary>
    public LogIndex LastIndex { get; private set; }

    /// <summary>The client has the answers up to here.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Complete replies.</summary>
    public int Replies { get; private set; }

    /// <summary>What they are charged.</summary>
    public int Charge { get; private set; }

    /// <summary>Commands that are with the state machine right now.</summary>
    public int Pending { get; set; }

    /// <summary>Whether the session is in the table.</summary>
    public bool IsOpen { get; set; } = true;

    /// <summary>When it expires, if nothing comes.</summary>
    public long Deadline => LastTime + Math.Min(idleTimeout, long.MaxValue - LastTime);

    /// <summary>The table's order of last use.</summary>
    public Session? Older { get; set; }

    /// <summary>The table's order of last use.</summary>
    public Session? Newer { get; set; }

    /// <summary>The place among the deadlines, and the deadline that it was put there for.</summary>
    public (int Place, long For) Due { get; set; }

    /// <summary>Its part of the table's hash, replies included.</summary>
    public ulong Hash { get; private set; }

    /// <summary>An entry of the session was applied, which acknowledges up to a sequence. Returns the charge of the replies forgotten.</summary>
    public int Use(LogIndex index, long time, long acknowledged)
    {
        (LastIndex, LastTime) = (index, time);
        var before = Charge;
        if (acknowledged > Acknowledged)
        {
            Forget(acknowledged);
            Acknowledged = acknowledged;
        }

        var head = SessionHash.Add(SessionHash.Add(SessionHash.Add(1, id.Value), idleTimeout), time);
        head = SessionHash.Add(SessionHash.Add(head, index.Value), Acknowledged);
        Hash += head - _headHash;
        _headHash = head;
        return before - Charge;
    }

    /// <summary>The reply to a sequence, complete or not; null where none is held.</summary>
    public StoredReply? Find(long sequence)
    {
        if (_ring.Length == 0)
            return null;
        var reply = _ring[sequence & (_ring.Length - 1)];
        return reply?.Sequence == sequence ? reply : null;
    }

    /// <summary>A command goes to the state machine; its sequence lies within the window.</summary>
    public StoredReply Begin(long sequence, LogPosition position)
    {
        if (sequence - Acknowledged > _ring.Length)
            Grow(sequence - Acknowledged);
        ref var place = ref _ring[sequence & (_ring.Length - 1)];
        Invariant.Check(place is null, "a sequence in the window has a place of its own");
        return place = new(this, sequence, position);
    }

    /// <summary>Its reply is complete. Returns what it is charged: 0 if it was acknowledged meanwhile.</summary>
    public int Complete(StoredReply reply)
    {
        if (Find(reply.Sequence) != reply)
            return 0;
        Replies++;
        Charge += reply.Charge;
        Hash += reply.Hash;
        return reply.Charge;
    }

    /// <summary>Copies the complete replies, in the order of their sequences.</summary>
    public int CopyReplies(Span<StoredReply> destination)
    {
        Invariant.Check(Pending == 0, "a session is captured between two batches");
        var count = 0;
        for (var sequence = Acknowledged + 1; count < Replies; sequence++)
        {
            if (Find(sequence) is { } reply)
                destination[count++] = reply;
        }

        return count;
    }

    private void Forget(long upTo)
    {
        var last = Acknowledged + Math.Min(upTo - Acknowledged, _ring.Length);
        for (var sequence = Acknowledged + 1; sequence <= last; sequence++)
        {
            ref var place = ref _ring[sequence & (_ring.Length - 1)];
            if (place is not { } reply)
                continue;
            place = null;
            if (!reply.IsComplete)
                continue; // Still with the state machine: nobody will ask for it.
            Replies--;
            Charge -= reply.Charge;
            Hash -= reply.Hash;
        }
    }

    private void Grow(long span)
    {
        var larger = new StoredReply?[(int)BitOperations.RoundUpToPowerOf2((ulong)span)];
        foreach (var reply in _ring)
        {
            if (reply is not null)
                larger[reply.Sequence & (larger.Length - 1)] = reply;
        }

        _ring = larger;
    }
}
