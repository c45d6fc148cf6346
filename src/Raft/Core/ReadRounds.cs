namespace RaftStream.Raft.Core;

/// <summary>
/// Linearizable reads without a log entry (ReadIndex, dissertation 6.4): a commit index noted after a read arrived is safe to
/// answer from once a majority answered a round that began after that. It is noted when the round begins.
/// </summary>
/// <remarks>
/// Reads share rounds: while one round is out, those that arrive wait for the next, so that any number of readers costs one
/// message a peer and round trip.
/// [safety] No index is noted before an entry of the leader's own term is committed: only then does its commit index cover all that
/// earlier leaders answered (dissertation 6.4, step 1). Reads that come sooner wait for it.
/// [safety] A round's number is greater than that of every append sent before the read: an answer to an older append
/// proves nothing about now.
/// </remarks>
internal sealed class ReadRounds(CoreOptions options, NodeId self)
{
    private Pending[] _ring = new Pending[16];
    private int _start;
    private int _count;
    private int _assigned;
    private long _confirmed;

    /// <summary>How many reads wait.</summary>
    public int Count => _count;

    /// <summary>A term of leadership begins.</summary>
    public void Start() => _confirmed = 0;

    /// <summary>Takes a read of this node, or one that a follower asks for. False: too many wait already.</summary>
    public bool TryAdd(long id, NodeId asker = default)
    {
        if (_count == options.MaxPendingReads)
            return false;
        if (_count == _ring.Length)
            Grow();
        _ring[(_start + _count++) & (_ring.Length - 1)] = new(id, asker, LogIndex.Zero, 0);
        return true;
    }

    /// <summary>Whether a round should begin for reads that have none: not while an earlier one is out.</summary>
    public bool WantsRound => _count > 0 && _assigned == 0;

    /// <summary>A round has begun: reads that had none get it, with the commit index of this moment. An entry of the leader's term is committed.</summary>
    public void Assign(long round, LogIndex commit)
    {
        for (; _assigned < _count; _assigned++)
        {
            ref var read = ref _ring[(_start + _assigned) & (_ring.Length - 1)];
            read = read with { Round = round, Index = commit };
        }
    }

    /// <summary>A quorum answered up to <paramref name="round"/>: hands out the reads that this confirms.</summary>
    public void Confirm(long round, Term term, CoreOutput output)
    {
        _confirmed = Math.Max(_confirmed, round);
        for (; _assigned > 0 && _ring[_start].Round <= _confirmed; _assigned--)
        {
            var (id, asker, index, _) = _ring[_start];
            if (asker == NodeId.None)
                output.Ready(id, index);
            else
                output.Send(new() { Kind = MessageKind.ReadIndexReply, From = self, To = asker, Term = term, Position = new(index, Term.Zero), Round = id }, 0);
            Drop();
        }
    }

    /// <summary>Leadership is lost, and every read with it; followers ask the next leader.</summary>
    public void FailAll(CoreOutput output)
    {
        while (_count > 0)
        {
            if (_ring[_start].Asker == NodeId.None)
                output.Fail(_ring[_start].Id);
            Drop();
        }

        _assigned = 0;
    }

    public void CopyTo(ReadRounds other)
    {
        if (other._ring.Length < _ring.Length)
            other._ring = new Pending[_ring.Length];
        for (var i = 0; i < _count; i++)
            other._ring[i] = _ring[(_start + i) & (_ring.Length - 1)];
        (other._start, other._count, other._assigned, other._confirmed) = (0, _count, _assigned, _confirmed);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_assigned > 0 ? _confirmed : 0); // A read that gets its round later waits for a later one.
        fingerprint.Add(_count);
        for (var i = 0; i < _count; i++)
        {
            fingerprint.Add(_ring[(_start + i) & (_ring.Length - 1)].Round);
            fingerprint.Add(_ring[(_start + i) & (_ring.Length - 1)].Index.Value);
        }
    }

    private void Drop()
    {
        _start = (_start + 1) & (_ring.Length - 1);
        _count--;
    }

    private void Grow()
    {
        var larger = new Pending[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        _ring = larger;
        _start = 0;
    }

    private readonly record struct Pending(long Id, NodeId Asker, LogIndex Index, long Round);
}
