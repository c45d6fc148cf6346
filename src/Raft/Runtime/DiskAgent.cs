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
/// <para>
/// A full disk is no failure. It is met where nothing is lost by waiting: when the next segment is prepared (told at once, while the one
/// in use still has room), and when a batch needs a segment that is not there (nothing of the batch has been written: it stays staged,
/// nobody is answered, everything behind it waits). Both are tried again every <see cref="RetryAfter"/>. A snapshot that finds no room is
/// given up; one under way has the room first, because it alone can make some: the log that it covers goes.
/// </para>
/// </remarks>
internal sealed class DiskAgent(Storage storage, BoundedQueue<DiskWork> work, BoundedQueue<DiskDone> done) : IDisposable
{
    /// <summary>Bytes in one group commit, beyond which the next one begins.</summary>
    private const int MaxCommitBytes = 8 * 1024 * 1024;

    /// <summary>Bytes of entries read at once.</summary>
    private const int MaxReadBytes = 1024 * 1024;

    /// <summary>Bytes of the next segment that one slice fills.</summary>
    private const int PrebuildStep = 1024 * 1024;

    /// <summary>Places that the answers to one turn may take.</summary>
    private const int AnswersPerTurn = 4;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>How long the agent waits before it looks again whether a full disk has room.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly DiskQueue _queue = new(work);
    private readonly SnapshotIntake _intake = new(storage.Snapshots);
    private SavingSnapshot? _saving;
    private bool _hasFailed;
    private bool _isFull;
    private bool _isBlocked;
    private Instant _retryAt;
    private long _stagedSequence;
    private long _toPrebuild;

    /// <summary>Syncs of the log since the start.</summary>
    public long Syncs => storage.Log.SyncCount;

    /// <summary>What became of the chunks of snapshots since the start.</summary>
    public SnapshotCounters Snapshots => storage.Snapshots.Counters;

    /// <summary>Whether there is something to do now, in the queue or besides: a snapshot being saved or received, or a segment to prepare.</summary>
    public bool HasWork => !_hasFailed
        && (_saving is not null || (!_isBlocked && (_intake.IsLooking || _queue.HasWork)) || (!_isFull && storage.Log.NeedsPrebuild));

    /// <summary>When the agent wants to be polled though nothing came in: while the disk is full, else never.</summary>
    public Instant NextDeadline => _isFull && !_hasFailed ? _retryAt : Instant.Never;

    /// <summary>The log, for those who watch it.</summary>
    public SegmentedLog Log => storage.Log;

    /// <summary>
    /// How long the agent may sleep when it had nothing to do. Answers are taken without waking it, so where they had no room it looks
    /// again soon.
    /// </summary>
    public TimeSpan Idle(Instant now)
    {
        if (!_hasFailed && !HasAnswerRoom)
            return TimeSpan.FromMilliseconds(1);
        return NextDeadline < now + Longest ? NextDeadline - now : Longest;
    }

    /// <summary>Works once; returns how much was done, 0 when there is nothing to do.</summary>
    public int Poll(IClock clock)
    {
        if (_hasFailed || !HasAnswerRoom)
            return 0;
        var now = clock.Now;
        try
        {
            if (_isBlocked && IsToWait(now))
                return _saving is null ? 0 : SaveSlice();
            if (storage.Log.HasStaged)
                return CommitStaged(0, now);
            if (_queue.TryTake(out var first))
                return first.Kind == DiskWorkKind.Write ? Commit(first, now) : Do(first, now);
            return _saving is not null ? SaveSlice() : _intake.IsLooking ? LookSlice() : Prebuild(now);
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
        while (_queue.TryTake(out var rest))
            rest.Captured?.View.Dispose();
        storage.Dispose();
    }

    private bool HasAnswerRoom => done.Count <= done.Capacity - AnswersPerTurn;

    private int Commit(DiskWork first, Instant now)
    {
        var count = 0;
        var bytes = 0;
        var current = first;
        while (true)
        {
            Stage(current);
            _stagedSequence = current.Sequence;
            count++;
            bytes += current.Bytes.Length;
            if (bytes >= MaxCommitBytes || !_queue.TryTakeWrite(out current))
                break;
        }

        _ = CommitStaged(bytes, now);
        return count;
    }

    private int CommitStaged(int bytes, Instant now)
    {
        _isBlocked = !storage.Log.Commit();
        if (_isBlocked)
        {
            WaitForRoom(now);
            return 0;
        }

        Answer(new() { Kind = DiskDoneKind.Durable, Sequence = _stagedSequence });
        KeepPace(bytes, now);
        return 1;
    }

    /// <summary>Fills a slice of the next segment ahead; while the disk is full, no more often than a retry is due.</summary>
    private int Prebuild(Instant now)
    {
        if (_isFull ? IsToWait(now) : !storage.Log.NeedsPrebuild)
            return 0;
        try
        {
            storage.Log.PrebuildSlice();
        }
        catch (DiskFullException)
        {
            WaitForRoom(now);
            return 0;
        }

        // Told only when the whole segment is there: else a disk with room for a slice at a time would be full and free by turns.
        if (_isFull && !storage.Log.NeedsPrebuild)
        {
            _isFull = false;
            Answer(new() { Kind = DiskDoneKind.StorageFreed });
        }

        return 1;
    }

    private bool IsToWait(Instant now) => _saving is not null || now < _retryAt;

    private void WaitForRoom(Instant now)
    {
        _retryAt = now + RetryAfter;
        if (_saving is not null)
            storage.Log.DropPrebuilt();
        if (_isFull)
            return;
        _isFull = true;
        Answer(new() { Kind = DiskDoneKind.StorageFull });
    }

    /// <summary>
    /// A steady stream of writes must starve neither the snapshot that bounds the log, nor one that is received, nor the next segment, which may
    /// be twice as large as this one: it is filled twice as fast as this one fills.
    /// </summary>
    private void KeepPace(int bytes, Instant now)
    {
        _toPrebuild = storage.Log.NeedsPrebuild ? _toPrebuild + (2 * bytes) : 0;
        if (_toPrebuild >= PrebuildStep)
        {
            _toPrebuild -= PrebuildStep;
            Prebuild(now);
        }

        if (_saving is not null)
            SaveSlice();
        else if (_intake.IsLooking)
            LookSlice();
    }

    private void Stage(in DiskWork write)
    {
        if (write.HardState is { } state)
            storage.Log.Stage(state);
        if (write.Count > 0)
            storage.Log.Stage(write.Bytes.Span, write.First, write.Count);
    }

    private int Do(in DiskWork item, Instant now)
    {
        switch (item.Kind)
        {
            case DiskWorkKind.Install:
                return Install(item, now);
            case DiskWorkKind.ReadForPeer or DiskWorkKind.ReadToApply:
                ReadEntries(item);
                break;
            case DiskWorkKind.SaveSnapshot:
                BeginSaving(item);
                break;
            case DiskWorkKind.ReadChunk:
                // Grows only for a piece that there is: a peer that asks for what is not here must not cost a megabyte each time.
                var piece = new ArrayBufferWriter<byte>();
                storage.Snapshots.ReadPiece(item.Chunk.Snapshot, item.Chunk.Chunk, piece);
                Answer(new() { Kind = DiskDoneKind.ChunkRead, Chunk = item.Chunk, Peer = item.Peer, Bytes = piece.WrittenMemory });
                break;
            default:
                if (_intake.Take(item.Chunk, item.Bytes.Span) is { } answer)
                    Answer(answer);
                break;
        }

        return 1;
    }

    private int Install(in DiskWork item, Instant now)
    {
        _isBlocked = storage.Install() == InstallOutcome.NoRoom;
        if (_isBlocked)
        {
            _queue.PutBack(item);
            WaitForRoom(now);
            return 0;
        }

        Answer(new() { Kind = DiskDoneKind.Installed, Sequence = item.Sequence, Snapshot = storage.Snapshots.OpenReader(item.Chunk.Snapshot) });
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

    private int LookSlice()
    {
        if (_intake.Look() is { } answer)
            Answer(answer);
        return 1;
    }

    private void BeginSaving(in DiskWork item)
    {
        Invariant.Check(_saving is null, "one snapshot is saved at a time");
        if (_isFull)
            storage.Log.DropPrebuilt();
        try
        {
            _saving = new(storage.Snapshots, item.Captured!, item.Members);
        }
        catch (DiskFullException)
        {
            item.Captured!.View.Dispose();
        }
    }

    private int SaveSlice()
    {
        LogPosition? saved;
        try
        {
            saved = _saving!.Continue();
        }
        catch (DiskFullException)
        {
            _saving!.Abandon();
            EndSaving();
            return 1;
        }

        if (saved is { } position)
        {
            EndSaving();
            storage.Compact();
            _retryAt = default; // Dropping segments may have made the room that a full disk waits for.
            Answer(new() { Kind = DiskDoneKind.SnapshotSaved, Chunk = new(position, 0), First = storage.Log.Base.Index });
        }

        return 1;
    }

    private void EndSaving()
    {
        _saving!.Dispose();
        _saving = null;
    }

    private void Answer(in DiskDone answer)
    {
        var taken = done.TryEnqueue(answer);
        Invariant.Check(taken, "the disk agent works only where its answers have room");
    }
}
