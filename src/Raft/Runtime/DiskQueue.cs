namespace RaftStream.Raft.Runtime;

/// <summary>
/// What the disk agent does next: a write, or a piece of a snapshot, before the reads of entries that were asked for earlier, in turns, so that neither
/// waits for more than one of the other kind. But for the reads everything keeps its place. Owned by the disk agent.
/// </summary>
/// <remarks>
/// A leader that feeds peers from its disk has hundreds of reads under way; its own write behind them all would make its disk look stalled, and the
/// leader step down, again and again. [safety] Reads may find a log that is newer than when they were asked for: what is read to apply is committed and
/// durable, so no write changes it, and no snapshot makes the log forget it; what is read for a peer is sent only by a leader that still leads the term in which it asked, and a leader
/// never changes what its log holds: it may have forgotten it, and then reads nothing. An install, which throws the log away, waits for the reads before it.
/// </remarks>
internal sealed class DiskQueue(BoundedQueue<DiskWork> work)
{
    private readonly Queue<DiskWork> _reads = new();
    private DiskWork? _next;
    private bool _isReadersTurn;

    /// <summary>Whether anything waits.</summary>
    public bool HasWork => _next is not null || _reads.Count > 0 || work.Count > 0;

    /// <summary>Takes what is to be done next.</summary>
    public bool TryTake(out DiskWork taken)
    {
        SetReadsAside();
        var isRead = _reads.Count > 0 && (_isReadersTurn || _next is null or { Kind: DiskWorkKind.Install });
        _isReadersTurn = !isRead;
        if (isRead)
            return _reads.TryDequeue(out taken);
        taken = _next.GetValueOrDefault();
        (var any, _next) = (_next is not null, null);
        return any;
    }

    /// <summary>Takes another write, if one comes next: it shares the sync of the one before.</summary>
    public bool TryTakeWrite(out DiskWork taken)
    {
        SetReadsAside();
        taken = _next.GetValueOrDefault();
        if (_next is not { Kind: DiskWorkKind.Write })
            return false;
        _next = null;
        return true;
    }

    /// <summary>What could not be done yet comes next again.</summary>
    public void PutBack(in DiskWork item)
    {
        Invariant.Check(_next is null, "one piece of work is put back at a time");
        _next = item;
    }

    /// <summary>Looks for the first that is no read, as far as the reads that wait are no more than the queue has places.</summary>
    private void SetReadsAside()
    {
        while (_next is null && _reads.Count < work.Capacity && work.TryDequeue(out var item))
        {
            if (item.Kind is DiskWorkKind.ReadForPeer or DiskWorkKind.ReadToApply)
                _reads.Enqueue(item);
            else
                _next = item;
        }
    }
}
