using System.Diagnostics.CodeAnalysis;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Hands committed entries to the apply agent in log order, each exactly once, from the cache or from disk, with the callers that
/// wait for them; and queries once what they must see was handed over before them. Owned by the consensus agent.
/// </summary>
internal sealed class ApplyFeed(
    EntryCache cache, BoundedQueue<DiskWork> disk, BoundedQueue<ApplyWork> apply, BoundedQueue<EntryRun> spare, SnapshotPolicy policy, LogIndex from)
{
    private const int MaxRunBytes = 256 * 1024;

    private readonly Queue<(LogPosition Position, ClientRequest Request)> _proposals = new();
    private readonly PriorityQueue<ClientRequest, (long Index, long Order)> _reads = new();
    private long _readOrder;
    private LogIndex _fed = from;
    private LogIndex _target = from;
    private bool _isReading;
    private bool _isInstalling;

    /// <summary>Queries that wait here.</summary>
    public int WaitingReads => _reads.Count;

    /// <summary>A caller waits for the entry at a position.</summary>
    public void Expect(LogPosition position, ClientRequest request) => _proposals.Enqueue((position, request));

    /// <summary>A query must see the state at or behind an index.</summary>
    public void Query(LogIndex index, ClientRequest request) => _reads.Enqueue(request, (index.Value, _readOrder++));

    /// <summary>
    /// Drops the queries whose callers have gone: one that waits for an index that never comes must not keep its place for ever.
    /// </summary>
    public void DropAbandonedReads()
    {
        var kept = _reads.UnorderedItems.Where(static item => !item.Element.IsAbandoned).ToList();
        _reads.Clear();
        _reads.EnqueueRange(kept);
    }

    /// <summary>Leadership is lost: entries not yet handed over may or may not be committed by another leader.</summary>
    public void LoseProposals()
    {
        while (_proposals.TryDequeue(out var proposal))
            proposal.Request.Complete(new(Outcome.Unknown, Refusal.LostLeadership, proposal.Position, default));
    }

    /// <summary>A snapshot takes the place of all entries up to its position.</summary>
    public void Install(LogPosition position)
    {
        (_fed, _isInstalling, _isReading) = (position.Index, true, false);
        _target = LogIndex.Max(_target, position.Index);
        policy.Installed();
    }

    /// <summary>The snapshot is under the log: the state machine restores it, then entries go on.</summary>
    public void Restore(SnapshotReader snapshot)
    {
        var taken = apply.TryEnqueue(new() { Kind = ApplyWorkKind.Restore, Snapshot = snapshot });
        Invariant.Check(taken, "the apply queue keeps a place free for a snapshot");
        _isInstalling = false;
    }

    /// <summary>Hands over what is committed up to <paramref name="target"/> and fits; returns how much was done.</summary>
    public int Poll(LogIndex target)
    {
        _target = LogIndex.Max(_target, target);
        var done = 0;
        while (!_isInstalling && HasRoom)
        {
            if (_reads.TryPeek(out var read, out var place) && place.Index <= _fed.Value)
            {
                _reads.Dequeue();
                apply.TryEnqueue(new() { Kind = ApplyWorkKind.Query, Request = read });
            }
            else if (_fed >= _target || _isReading || !TryFeed())
            {
                break;
            }

            done++;
        }

        return done;
    }

    /// <summary>Entries that were read from disk because the cache had dropped them.</summary>
    public void OnRead(LogIndex first, int count, ReadOnlyMemory<byte> records)
    {
        if (!_isReading || first != _fed.Next)
            return; // A snapshot came in between.
        _isReading = false;
        Invariant.Check(count > 0, "committed entries that are not in a snapshot are on disk");
        if (!HasRoom || !TryRent(out var run))
            return; // Read again when there is.
        for (; count > 0 && !IsFull(run); count--)
        {
            var size = AddTo(run, records);
            records = records[size..];
        }

        Hand(run);
    }

    /// <summary>The replica stops: nobody may be left waiting.</summary>
    public void Stop()
    {
        LoseProposals();
        while (_reads.TryDequeue(out var read, out _))
            read.Refuse(Refusal.Stopped);
    }

    // One place is kept free for a snapshot's restore.
    private bool HasRoom => apply.Count < apply.Capacity - 1;

    private bool TryFeed()
    {
        if (!cache.Holds(_fed.Next))
        {
            var count = (int)Math.Min(_target - _fed, EntryRun.MaxCommands);
            _isReading = disk.TryEnqueue(new() { Kind = DiskWorkKind.ReadToApply, First = _fed.Next, Count = count });
            return false;
        }

        if (!TryRent(out var run))
            return false;
        for (var index = _fed.Next; index <= _target && cache.Holds(index) && !IsFull(run) && run.Bytes < MaxRunBytes; index = index.Next)
            AddTo(run, cache.RecordAt(index));
        Hand(run);
        return true;
    }

    private int AddTo(EntryRun run, ReadOnlyMemory<byte> bytes)
    {
        var read = LogRecord.TryReadHeader(bytes.Span, out var record);
        Invariant.Check(read && record.Position.Index > _fed, "entries are handed over in log order");
        var payload = bytes.Slice(LogRecord.HeaderSize, record.Length);
        switch (record.Kind)
        {
            case EntryKind.Command:
                run.Add(new(record.Position, record.Time, payload), RequestFor(record.Position), record.Size);
                break;
            case EntryKind.Session:
                run.AddSession(new(record.Position, record.Time, payload), RequestFor(record.Position), record.Size);
                break;
            case EntryKind.SnapshotPoint:
                run.EndAtSnapshotPoint(record.Position, record.Time, record.Size);
                RequestFor(record.Position)?.Complete(new(Outcome.Applied, Refusal.None, record.Position, default));
                break;
            default:
                run.Skip(record.Position, record.Time, record.Size);
                break;
        }

        policy.HandedOver(record);
        return record.Size;
    }

    // Behind a snapshot point another run begins, so that what is captured is the state of that very entry.
    private static bool IsFull(EntryRun run) => run.Count == EntryRun.MaxCommands || run.IsSnapshotPoint;

    private void Hand(EntryRun run)
    {
        _fed = run.Last.Index;
        var taken = apply.TryEnqueue(new() { Kind = ApplyWorkKind.Entries, Run = run });
        Invariant.Check(taken, "a run is made only where the apply queue has room");
    }

    /// <summary>The caller that proposed the entry at this position; one whose place went to another leader's entry is told so.</summary>
    private ClientRequest? RequestFor(LogPosition position)
    {
        while (_proposals.TryPeek(out var proposal) && proposal.Position.Index <= position.Index)
        {
            _proposals.Dequeue();
            if (proposal.Position == position)
                return proposal.Request;
            proposal.Request.Refuse(Refusal.LostLeadership);
        }

        return null;
    }

    private bool TryRent([NotNullWhen(true)] out EntryRun? run) => spare.TryDequeue(out run);
}
