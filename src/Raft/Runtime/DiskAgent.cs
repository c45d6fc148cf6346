using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Owns log and snapshots, and does everything that touches the disk, on a thread of its own: writing entries first, then reading,
/// snapshots and preparing the next segment in slices between the writes.
/// </summary>
/// <remarks>
/// Group commit: all writes that have arrived go into one write and one sync; what arrives meanwhile is the next.
/// [safety] After a failed write or sync nothing is tried again and nothing is acknowledged: what the disk holds is no longer known
/// (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020).
/// </remarks>
internal sealed class DiskAgent(Storage storage, ReadOnlyMemory<byte> members, BoundedQueue<DiskWork> work, BoundedQueue<DiskDone> done) : IDisposable
{
    /// <summary>Bytes in one group commit, beyond which the next one begins.</summary>
    private const int MaxCommitBytes = 8 * 1024 * 1024;

    /// <summary>Bytes of entries read at once.</summary>
    private const int MaxReadBytes = 1024 * 1024;

    /// <summary>Bytes of the next segment that one slice fills.</summary>
    private const int PrebuildStep = 1024 * 1024;

    /// <summary>Places that the answers to one turn may take.</summary>
    private const int AnswersPerTurn = 4;

    private SavingSnapshot? _saving;
    private DiskWork _next;
    private bool _hasNext;
    private bool _hasFailed;
    private long _toPrebuild;

    /// <summary>Syncs of the log since the start.</summary>
    public long Syncs => storage.Log.SyncCount;

    /// <summary>Whether there is work left that no queue shows: a snapshot being saved, or a segment to prepare.</summary>
    public bool HasWork => !_hasFailed && (_hasNext || _saving is not null || storage.Log.NeedsPrebuild);

    /// <summary>
    /// How long the agent may sleep when it had nothing to do. Answers are taken without waking it, so where they had no room it looks
    /// again soon.
    /// </summary>
    public TimeSpan Idle => !_hasFailed && !HasAnswerRoom ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(10);

    /// <summary>The log, for those who watch it.</summary>
    public SegmentedLog Log => storage.Log;

    /// <summary>Works once; returns how much was done, 0 when there is nothing to do.</summary>
    public int Poll()
    {
        if (_hasFailed || !HasAnswerRoom)
            return 0;
        try
        {
            if (TryTake(out var first))
                return first.Kind == DiskWorkKind.Write ? Commit(first) : Do(first);
            if (_saving is not null)
                return SaveSlice();
            return storage.Log.PrebuildSlice() ? 1 : 0;
        }
        catch (IOException failure)
        {
            _hasFailed = true;
            Answer(new() { Kind = DiskDoneKind.Failed, Problem = failure.Message });
            return 1;
        }
    }

    /// <summary>The replica stops: closes what is open.</summary>
    public void Dispose()
    {
        _saving?.Dispose();
        while (TryTake(out var rest))
            rest.Captured?.View.Dispose();
        storage.Dispose();
    }

    private bool HasAnswerRoom => done.Count <= done.Capacity - AnswersPerTurn;

    private bool TryTake(out DiskWork taken)
    {
        if (!_hasNext)
            return work.TryDequeue(out taken);
        (taken, _next, _hasNext) = (_next, default, false);
        return true;
    }

    private int Commit(DiskWork first)
    {
        var count = 0;
        var bytes = 0;
        long sequence;
        var current = first;
        while (true)
        {
            Stage(current);
            sequence = current.Sequence;
            count++;
            bytes += current.Bytes.Length;
            if (bytes >= MaxCommitBytes || !work.TryDequeue(out current))
                break;
            if (current.Kind != DiskWorkKind.Write)
            {
                (_next, _hasNext) = (current, true);
                break;
            }
        }

        storage.Log.Commit();
        Answer(new() { Kind = DiskDoneKind.Durable, Sequence = sequence });
        KeepPace(bytes);
        return count;
    }

    /// <summary>
    /// A steady stream of writes must starve neither the snapshot that bounds the log nor the next segment, which may be twice as
    /// large as this one: it is filled twice as fast as this one fills.
    /// </summary>
    private void KeepPace(int bytes)
    {
        _toPrebuild = storage.Log.NeedsPrebuild ? _toPrebuild + (2 * bytes) : 0;
        if (_toPrebuild >= PrebuildStep)
        {
            _toPrebuild -= PrebuildStep;
            storage.Log.PrebuildSlice();
        }

        if (_saving is not null)
            SaveSlice();
    }

    private void Stage(in DiskWork write)
    {
        if (write.HardState is { } state)
            storage.Log.Stage(state);
        if (write.Count > 0)
            storage.Log.Stage(write.Bytes.Span, write.First, write.Count);
    }

    private int Do(in DiskWork item)
    {
        switch (item.Kind)
        {
            case DiskWorkKind.Install:
                storage.Install();
                Answer(new() { Kind = DiskDoneKind.Installed, Sequence = item.Sequence, Snapshot = storage.Snapshots.OpenReader(item.Chunk.Snapshot) });
                break;
            case DiskWorkKind.ReadForPeer or DiskWorkKind.ReadToApply:
                ReadEntries(item);
                break;
            case DiskWorkKind.SaveSnapshot:
                Invariant.Check(_saving is null, "one snapshot is saved at a time");
                _saving = new(storage.Snapshots, item.Captured!, members);
                break;
            case DiskWorkKind.ReadChunk:
                // Grows only for a piece that there is: a peer that asks for what is not here must not cost a megabyte each time.
                var piece = new ArrayBufferWriter<byte>();
                storage.Snapshots.ReadPiece(item.Chunk.Snapshot, item.Chunk.Chunk, piece);
                Answer(new() { Kind = DiskDoneKind.ChunkRead, Chunk = item.Chunk, Peer = item.Peer, Bytes = piece.WrittenMemory });
                break;
            default:
                TakePiece(item);
                break;
        }

        return 1;
    }

    private void ReadEntries(in DiskWork item)
    {
        var records = new ArrayBufferWriter<byte>();
        var log = storage.Log;
        var last = LogIndex.Min(item.First + (item.Count - 1), log.Last.Index);
        var count = item.First > log.Base.Index && item.First <= last ? log.Read(item.First, last, MaxReadBytes, records) : 0;
        var kind = item.Kind == DiskWorkKind.ReadForPeer ? DiskDoneKind.ReadForPeer : DiskDoneKind.ReadToApply;
        Answer(new() { Kind = kind, First = item.First, Count = count, Message = item.Message, Bytes = records.WrittenMemory });
    }

    private void TakePiece(in DiskWork item)
    {
        var receiver = storage.Snapshots.BeginReceive(item.Chunk.Snapshot);
        var outcome = receiver.Accept(item.Chunk.Chunk, item.Bytes.Span);
        Answer(new()
        {
            Kind = DiskDoneKind.ChunkWritten,
            Chunk = new(item.Chunk.Snapshot, receiver.NextPiece),
            IsComplete = outcome == PieceOutcome.Finished,
        });
    }

    private int SaveSlice()
    {
        if (_saving!.Continue() is { } saved)
        {
            _saving.Dispose();
            _saving = null;
            storage.Compact();
            Answer(new() { Kind = DiskDoneKind.SnapshotSaved, Chunk = new(saved, 0), First = storage.Log.Base.Index });
        }

        return 1;
    }

    private void Answer(in DiskDone answer)
    {
        var taken = done.TryEnqueue(answer);
        Invariant.Check(taken, "the disk agent works only where its answers have room");
    }
}
