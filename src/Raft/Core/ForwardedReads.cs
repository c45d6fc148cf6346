namespace RaftStream.Raft.Core;

/// <summary>
/// Linearizable reads at a follower: it asks the leader for the index that they must see and answers them itself (dissertation 6.4, last
/// paragraph). One question is out at a time; reads that arrive meanwhile share the next.
/// </summary>
/// <remarks>
/// [safety] An answer counts for the question of its very number only, and numbers begin at random in each life of a process: the
/// index of an older question may lack what was written before a read of the newer.
/// </remarks>
internal sealed class ForwardedReads(CoreOptions options, NodeId self, ulong seed)
{
    private readonly Queue<long> _asked = new();
    private readonly Queue<long> _waiting = new();
    private long _question = (long)(new Prng(~seed).Next() >> 2);
    private Instant _askedAt;

    /// <summary>When the question must be asked again; never while none is out.</summary>
    public Instant AskAgainAt => _asked.Count == 0 ? Instant.Never : _askedAt + options.RetransmitAfter;

    /// <summary>Takes a read. False: too many wait already.</summary>
    public bool TryAdd(long id)
    {
        if (_asked.Count + _waiting.Count >= options.MaxPendingReads)
            return false;
        _waiting.Enqueue(id);
        return true;
    }

    /// <summary>Asks what there is to ask; without a leader, every read fails.</summary>
    public void Poll(NodeId leader, Term term, Instant now, CoreOutput output)
    {
        if (_asked.Count + _waiting.Count == 0)
            return;
        if (leader == NodeId.None || leader == self)
        {
            FailAll(output);
            return;
        }

        if (_asked.Count == 0)
        {
            _question++;
            while (_waiting.TryDequeue(out var id))
                _asked.Enqueue(id);
        }
        else if (now < AskAgainAt)
        {
            return;
        }

        _askedAt = now;
        output.Send(new() { Kind = MessageKind.ReadIndex, From = self, To = leader, Term = term, Round = _question }, 0);
    }

    /// <summary>The leader answered.</summary>
    public void OnReply(in Message reply, CoreOutput output)
    {
        if (reply.Round != _question)
            return;
        while (_asked.TryDequeue(out var id))
            output.Ready(id, reply.Position.Index);
    }

    /// <summary>There is nobody to ask.</summary>
    public void FailAll(CoreOutput output)
    {
        while (_asked.TryDequeue(out var id) || _waiting.TryDequeue(out id))
            output.Fail(id);
    }

    public void CopyTo(ForwardedReads other)
    {
        other._asked.Clear();
        other._waiting.Clear();
        foreach (var id in _asked)
            other._asked.Enqueue(id);
        foreach (var id in _waiting)
            other._waiting.Enqueue(id);
        (other._question, other._askedAt) = (_question, _askedAt);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_asked.Count);
        fingerprint.Add(_waiting.Count);
        fingerprint.Add(_asked.Count > 0 ? _question : 0);
    }
}
