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
internal sealed class ReadRounds(CoreOptions options)
{
    private Pending[] _ring = new Pending[16];
    private int _start;
    private int _count;
    private long _confirmed;

    /// <summary>The round that appends carry now; rounds count from 1 within a term of leadership.</summary>
    public long Current { get; private set; }

    /// <summary>How many reads wait.</summary>
    public int Count => _count;

    /// <summary>A term of leadership begins.</summary>
    public void Start() => (Current, _confirmed) = (1, 0);

    /// <summary>Takes a read. False: too many wait already.</summary>
    public bool TryAdd(long id)
    {
        if (_count == options.MaxPendingReads)
            return false;
        if (_count == _ring.Length)
            Grow();
        _ring[(_start + _count++) & (_ring.Length - 1)] = new(id, LogIndex.Zero, 0);
        return true;
    }

    /// <summary>
    /// Gives reads without a round the next one, with the commit index of this moment, if it may start now. True: a round starts
    /// and must be sent.
    /// </summary>
    public bool StartRound(LogIndex commit, bool ownTermCommitted)
    {
        if (_count == 0 || !ownTermCommitted || _confirmed < Current)
            return false;
        return Assign(commit);
    }

    /// <summary>A majority answered up to <paramref name="round"/>: hands out the reads that this confirms.</summary>
    public void Confirm(long round, CoreOutput output)
    {
        _confirmed = Math.Max(_confirmed, Math.Min(round, Current));
        while (_count > 0 && _ring[_start].Round != 0 && _ring[_start].Round <= _confirmed)
        {
            output.Ready(_ring[_start].Id, _ring[_start].Index);
            _start = (_start + 1) & (_ring.Length - 1);
            _count--;
        }
    }

    /// <summary>Leadership is lost, and every read with it.</summary>
    public void FailAll(CoreOutput output)
    {
        for (; _count > 0; _count--)
        {
            output.Fail(_ring[_start].Id);
            _start = (_start + 1) & (_ring.Length - 1);
        }
    }

    public void CopyTo(ReadRounds other)
    {
        if (other._ring.Length < _ring.Length)
            other._ring = new Pending[_ring.Length];
        for (var i = 0; i < _count; i++)
            other._ring[i] = _ring[(_start + i) & (_ring.Length - 1)];
        (other._start, other._count, other._confirmed, other.Current) = (0, _count, _confirmed, Current);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Current);
        fingerprint.Add(_confirmed);
        fingerprint.Add(_count);
        for (var i = 0; i < _count; i++)
        {
            fingerprint.Add(_ring[(_start + i) & (_ring.Length - 1)].Round);
            fingerprint.Add(_ring[(_start + i) & (_ring.Length - 1)].Index.Value);
        }
    }

    private bool Assign(LogIndex commit)
    {
        var assigned = false;
        for (var i = 0; i < _count; i++)
        {
            ref var read = ref _ring[(_start + i) & (_ring.Length - 1)];
            if (read.Round != 0)
                continue;
            read = read with { Round = Current + 1, Index = commit };
            assigned = true;
        }

        if (assigned)
            Current++;
        return assigned;
    }

    private void Grow()
    {
        var larger = new Pending[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        _ring = larger;
        _start = 0;
    }

    private readonly record struct Pending(long Id, LogIndex Index, long Round);
}
