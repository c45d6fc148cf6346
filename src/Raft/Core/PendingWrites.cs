namespace RaftStream.Raft.Core;

/// <summary>
/// Which writes the disk still owes us, and so how far the log is durable here.
/// </summary>
/// <remarks>
/// <para>Every output that must reach the disk carries one sequence number; the disk completes them in order.</para>
/// <para>
/// [safety] A completion counts only for what the log still holds of that write. Counter-example without this: entry 5 of term 2
/// is written as sequence 7; before it completes, the leader of term 3 truncates entry 5 and appends its own entry 5 as sequence
/// 8. Completion 7 arrives, entry "5" is taken for durable and acknowledged to the leader of term 3, power fails before 8: a
/// committed entry is gone. So a truncation lowers what every write under way may prove.
/// </para>
/// </remarks>
internal sealed class PendingWrites
{
    private Write[] _ring = new Write[16];
    private int _start;
    private int _count;

    /// <summary>The newest sequence handed out; 0 before the first.</summary>
    public long LastSequence { get; private set; }

    /// <summary>All writes up to this sequence are on disk.</summary>
    public long CompletedSequence { get; private set; }

    /// <summary>The log is on disk up to here.</summary>
    public LogIndex Durable { get; private set; }

    /// <summary>When the oldest write under way was handed out; <see cref="Instant.Never"/> if none is.</summary>
    public Instant OldestIssued => _count == 0 ? Instant.Never : _ring[_start].IssuedAt;

    /// <summary>At the start, everything recovered is on disk.</summary>
    public void Recover(LogIndex last) => Durable = last;

    /// <summary>Reserves the next sequence; <see cref="Issue"/> must follow before the output is handed out.</summary>
    public long Reserve() => ++LastSequence;

    /// <summary>Records the reserved write: once it is complete, the log is durable up to <paramref name="last"/>.</summary>
    public void Issue(long sequence, LogIndex last, Instant now)
    {
        if (_count == _ring.Length)
            Grow();
        _ring[(_start + _count++) & (_ring.Length - 1)] = new(sequence, last, now);
    }

    /// <summary>The write whose completion makes <paramref name="index"/> durable: 0 if it is already, -1 if no write under way covers it.</summary>
    public long SequenceCovering(LogIndex index)
    {
        if (index <= Durable)
            return 0;
        for (var i = 0; i < _count; i++)
        {
            ref readonly var write = ref _ring[(_start + i) & (_ring.Length - 1)];
            if (write.Last >= index)
                return write.Sequence;
        }

        return -1;
    }

    /// <summary>The log was truncated and now ends at <paramref name="last"/>: no earlier write proves anything behind it.</summary>
    public void Truncated(LogIndex last)
    {
        Durable = LogIndex.Min(Durable, last);
        for (var i = 0; i < _count; i++)
        {
            ref var write = ref _ring[(_start + i) & (_ring.Length - 1)];
            write = write with { Last = LogIndex.Min(write.Last, last) };
        }
    }

    /// <summary>The disk completed all writes up to <paramref name="sequence"/>. Late or repeated completions change nothing.</summary>
    public void Complete(long sequence)
    {
        while (_count > 0 && _ring[_start].Sequence <= sequence)
        {
            CompletedSequence = _ring[_start].Sequence;
            Durable = LogIndex.Max(Durable, _ring[_start].Last);
            _start = (_start + 1) & (_ring.Length - 1);
            _count--;
        }
    }

    /// <summary>Makes <paramref name="other"/> equal.</summary>
    public void CopyTo(PendingWrites other)
    {
        if (other._ring.Length < _ring.Length)
            other._ring = new Write[_ring.Length];
        for (var i = 0; i < _count; i++)
            other._ring[i] = _ring[(_start + i) & (_ring.Length - 1)];
        (other._start, other._count) = (0, _count);
        (other.LastSequence, other.CompletedSequence, other.Durable) = (LastSequence, CompletedSequence, Durable);
    }

    /// <summary>Adds the writes to a fingerprint: how many are under way and what they prove, not their numbers.</summary>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Durable.Value);
        fingerprint.Add(_count);
        for (var i = 0; i < _count; i++)
            fingerprint.Add(_ring[(_start + i) & (_ring.Length - 1)].Last.Value);
    }

    private void Grow()
    {
        var larger = new Write[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        _ring = larger;
        _start = 0;
    }

    private readonly record struct Write(long Sequence, LogIndex Last, Instant IssuedAt);
}
