using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>The callers of this node whose proposals and reads are on their way through the core. Owned by the consensus agent.</summary>
/// <remarks>
/// Kept true: every request gets exactly one answer. A proposal that the core took is answered by the entry at its very position
/// and term, or as unknown: never by another entry that came to stand at its index.
/// </remarks>
internal sealed class ClientRequests(RaftCore core, ApplyFeed feed, ProvisionalWrites provisional, int maxWaiting)
{
    private readonly List<ClientRequest> _batch = [];
    private readonly Queue<ClientRequest> _reads = new();
    private long _nextRead = 1;
    private long _firstRead = 1;

    /// <summary>Takes a proposal into the batch under way. False: it was refused and answered.</summary>
    public bool Admit(ClientRequest request)
    {
        if (request.Payload.Length > LogRecord.MaxPayload)
        {
            request.Refuse(Refusal.TooLarge);
            return false;
        }

        _batch.Add(request);
        return true;
    }

    /// <summary>The core refused the batch.</summary>
    public void RefuseBatch(Refusal refusal)
    {
        foreach (var request in _batch)
            request.Refuse(refusal);
        _batch.Clear();
    }

    /// <summary>The core took the batch: writes its records, and waits for each.</summary>
    public void AcceptBatch(in Proposed proposed, long time, Span<byte> records)
    {
        var position = new LogPosition(proposed.First, proposed.Term);
        foreach (var request in _batch)
        {
            var record = new LogRecord(position, time, request.EntryKind, request.Payload.Length);
            records = records[record.Write(records, request.Payload.Span)..];
            if (request.Concern == WriteConcern.Leader)
                provisional.Expect(position, request);
            else
                feed.Expect(position, request);
            position = position with { Index = position.Index.Next };
        }

        _batch.Clear();
    }

    /// <summary>Takes a query. True: the core was asked, and its output must be drained.</summary>
    public bool Read(ClientRequest request, Instant now, LogIndex applied)
    {
        if (_reads.Count + feed.WaitingReads >= maxWaiting)
            feed.DropAbandonedReads();
        if (_reads.Count + feed.WaitingReads >= maxWaiting)
        {
            request.Refuse(Refusal.Overloaded);
            return false;
        }

        if (request.Kind is not (RequestKind.Read or RequestKind.Confirm))
        {
            ReadHere(request, now, applied);
            return false;
        }

        var refusal = core.Read(now, _nextRead);
        if (refusal == Refusal.None)
        {
            _nextRead++;
            _reads.Enqueue(request);
        }
        else
        {
            request.Refuse(refusal);
        }

        return true;
    }

    /// <summary>Reads that no other node is asked for: the core judges them by this instant, sampled after the request was taken.</summary>
    private void ReadHere(ClientRequest request, Instant now, LogIndex applied)
    {
        switch (request.Kind)
        {
            case RequestKind.ReadByLease:
                var refusal = core.ReadByLease(now);
                if (refusal == Refusal.None)
                    feed.Query(core.Commit, request);
                else
                    request.Refuse(refusal);
                break;
            case RequestKind.ReadBounded:
                if (core.FreshnessAt(now) is { } fresh && fresh.Age <= request.MaxAge)
                {
                    request.Age = fresh.Age;
                    feed.Query(fresh.Index, request);
                }
                else
                {
                    request.Refuse(Refusal.TooStale);
                }

                break;
            case RequestKind.ReadLocal or RequestKind.ReadTentative:
                request.Age = core.FreshnessAt(now) is { } known && known.Index <= applied ? known.Age : null;
                feed.Query(applied, request);
                break;
            default:
                feed.Query(request.AtLeast, request);
                break;
        }
    }

    /// <summary>Reads that the core's output ends: in the order in which it took them.</summary>
    public void Finish(CoreOutput output)
    {
        foreach (var ready in output.ReadsReady)
            feed.Query(ready.Index, Next(ready.Id));
        foreach (var failed in output.ReadsFailed)
            Next(failed).Refuse(Refusal.LostLeadership);
    }

    /// <summary>The replica stops.</summary>
    public void Stop()
    {
        RefuseBatch(Refusal.Stopped);
        while (_reads.TryDequeue(out var read))
            read.Refuse(Refusal.Stopped);
    }

    private ClientRequest Next(long id)
    {
        Invariant.Check(id == _firstRead && _reads.Count > 0, "the core ends reads in the order in which it took them");
        _firstRead++;
        return _reads.Dequeue();
    }
}
