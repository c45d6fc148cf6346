namespace RaftStream.Raft;

/// <summary>How a command under an idempotency key was judged.</summary>
/// <param name="Refusal">Why it is not run, or None.</param>
/// <param name="Reply">New: takes the reply. Run before: the reply of that time, perhaps still to come. Refused: null.</param>
/// <param name="IsNew">It goes to the state machine now.</param>
internal readonly record struct KeyedVerdict(Refusal Refusal, KeyedReply? Reply, bool IsNew);

/// <summary>
/// The idempotency keys under which something was applied lately: replicated state, the same on every replica after the same entry. Decides which of their commands reach
/// the state machine. Owned by whoever applies the log.
/// </summary>
/// <remarks>
/// [safety] A key is known for exactly <see cref="SessionLimits.KeyRetention"/> of log time after its command was applied, and never forgotten before, not for want of room:
/// a full table refuses. So under one key one command is run in that time, once, however often, late or out of order the attempts come.
/// Time is the entries' log time, and keys are forgotten only while an entry of a kind that every replica looks at is applied. All are known for equally long, so they are
/// forgotten in the order in which they came.
/// Commands go to the state machine in batches whose bounds differ from replica to replica, so no decision may depend on a reply that is not complete: see
/// <see cref="MustKnowReplies"/>.
/// </remarks>
internal sealed class KeyedTable(SessionLimits limits)
{
    private readonly Dictionary<IdempotencyKey, KeyedReply> _byKey = [];
    private readonly Queue<KeyedReply> _inOrder = new();
    private int _pending;

    /// <summary>Keys that are known.</summary>
    public int Count => _byKey.Count;

    /// <summary>What all keys and replies together are charged.</summary>
    public long Charge { get; private set; }

    /// <summary>The hash of everything in here; 0 without a key.</summary>
    public ulong Hash { get; private set; }

    /// <summary>
    /// Whether the commands under way must be completed before the next one can be judged: their replies, each as large as a kept one can be, might reach the limit. Ask
    /// before anything else is done for an entry.
    /// </summary>
    public bool MustKnowReplies => _pending > 0 && Charge + ((long)_pending * limits.MaxKeyReplyBytes) >= limits.MaxKeyBytes;

    /// <summary>Forgets the keys that are past their time at this log time.</summary>
    public void ExpireAt(long time)
    {
        while (_inOrder.TryPeek(out var oldest) && time - oldest.Time >= limits.KeyRetention)
        {
            _inOrder.Dequeue();
            _byKey.Remove(oldest.Key);
            oldest.IsHeld = false;
            Charge -= oldest.Charge;
            Hash -= oldest.Hash;
        }
    }

    /// <summary>Judges a command at an entry. If it is new, <see cref="Complete"/> follows once the state machine has replied.</summary>
    public KeyedVerdict Judge(IdempotencyKey key, ReadOnlySpan<byte> command, LogPosition position, long time)
    {
        var request = IdempotencyKey.DigestOf(command);
        if (_byKey.TryGetValue(key, out var known))
            return known.Request == request ? new(Refusal.None, known, false) : new(Refusal.IdempotencyKeyReused, null, false);
        if (Count >= limits.MaxKeys || Charge >= limits.MaxKeyBytes)
            return new(Refusal.IdempotencyTableFull, null, false);
        var reply = new KeyedReply(key, request, position, time);
        Hold(reply);
        _pending++;
        return new(Refusal.None, reply, true);
    }

    /// <summary>The state machine replied to a command that was judged new.</summary>
    public void Complete(KeyedReply reply, ReadOnlySpan<byte> bytes)
    {
        reply.Complete(bytes, bytes.Length <= limits.MaxKeyReplyBytes);
        _pending--;
        if (!reply.IsHeld)
            return; // Past its time by a later entry of the same batch.
        Charge += reply.Bytes.Length;
        Hash += reply.Hash;
    }

    /// <summary>Fixes the state of this moment; later entries do not show in it.</summary>
    public KeyedSnapshot Capture()
    {
        Invariant.Check(_pending == 0, "keys are captured between two batches");
        return new(_inOrder.ToArray());
    }

    /// <summary>Replaces everything by what a snapshot holds, and leaves the source behind it.</summary>
    /// <exception cref="InvalidDataException">It holds no keys, or such as no log could have led to.</exception>
    public void Restore(ISnapshotReader source)
    {
        _byKey.Clear();
        _inOrder.Clear();
        (_pending, Charge, Hash) = (0, 0, 0);
        var reader = new KeyedSnapshotReader(source, limits);
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            var reply = reader.Read();
            if (_byKey.ContainsKey(reply.Key))
                throw KeyedSnapshotReader.Damaged($"key {reply.Key}, which stands there twice");
            Hold(reply);
        }
    }

    private void Hold(KeyedReply reply)
    {
        _byKey.Add(reply.Key, reply);
        _inOrder.Enqueue(reply);
        Charge += reply.Charge;
        Hash += reply.Hash;
    }
}
