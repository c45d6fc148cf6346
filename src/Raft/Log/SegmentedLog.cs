using System.Buffers;

namespace RaftStream.Raft.Log;

/// <summary>
/// The log of one replica: term, vote and entries in one sequence of batches, so that a vote and an append can never be reordered on
/// disk. Dissertation 3.8 (persistent state) and 10.2.1 (writing to disk in parallel). Owned by the disk agent, used from one thread.
/// </summary>
/// <remarks>
/// What it keeps true. <br/>
/// 1. When <see cref="Commit"/> returns, everything staged before it survives a power cut. <br/>
/// 2. After any crash the log opens with a prefix of the batches written that includes every batch whose commit returned, or says
/// that it is corrupt. <br/>
/// 3. An operation that did not come to its end leaves the log unusable: what reached the disk is unknown, and a second attempt could
/// report as durable what is not. <br/>
/// The format is described byte by byte in docs/log-format.md.
/// </remarks>
internal sealed class SegmentedLog : IDisposable
{
    private readonly IDisk _disk;
    private readonly LogOptions _options;
    private readonly SegmentBuilder _builder;
    private readonly List<Segment> _segments;
    private readonly LogState _state;
    private readonly StagedBatch _staged;
    private readonly List<long> _leftovers = [];
    private LogIndex _stagedLast;
    private Term _stagedTerm;
    private int _writeOffset;
    private int _nextSize;
    private bool _isBroken;

    private SegmentedLog(IDisk disk, LogOptions options, SegmentBuilder builder, List<Segment> segments, LogState state, int writeOffset)
    {
        _disk = disk;
        _options = options;
        _builder = builder;
        _segments = segments;
        _state = state;
        _staged = new StagedBatch(options.MaxBatchSize);
        _writeOffset = writeOffset;
        _nextSize = options.SizeAfter(segments[^1].Size);
        ForgetStaged();
    }

    /// <summary>The newest durable term and vote.</summary>
    public HardState HardState => _state.HardState;

    /// <summary>
    /// The last entry dropped in front, <see cref="LogPosition.Zero"/> while none is. Entries leave by whole segments, so it may lie far
    /// below the index given to <see cref="CompactTo"/>: what is still there can be read, and is there after a restart.
    /// </summary>
    public LogPosition Base => _state.Base;

    /// <summary>The last durable entry, or <see cref="Base"/>.</summary>
    public LogPosition Last => _state.Last;

    /// <summary>The log time of <see cref="Last"/>, in nanoseconds.</summary>
    public long LastTime => _state.LastTime;

    /// <summary>What the log got when it was begun.</summary>
    public LogBirth Birth => _state.Birth;

    /// <summary>Whether anything is staged and not yet committed.</summary>
    public bool HasStaged => !_staged.IsEmpty;

    /// <summary>What is staged, in bytes.</summary>
    public int StagedBytes => _staged.Size - BatchHeader.Size;

    /// <summary>How many entries are held.</summary>
    public long EntryCount => _state.Entries.Count;

    /// <summary>How many segments.</summary>
    public int SegmentCount => _segments.Count;

    /// <summary>The bytes that the segments take on disk, zeros included.</summary>
    public long BytesHeld { get; private set; }

    /// <summary>Batches committed since the log was opened.</summary>
    public long CommitCount { get; private set; }

    /// <summary>Syncs since the log was opened: one a commit, and those for making segments.</summary>
    public long SyncCount => CommitCount + _builder.Syncs;

    /// <summary>Bytes written since the log was opened, zeros filled ahead included.</summary>
    public long BytesWritten => CommittedBytes + _builder.BytesWritten;

    /// <summary>Bytes of batches committed.</summary>
    public long CommittedBytes { get; private set; }

    /// <summary>
    /// Opens the log of a folder, or begins one in that incarnation of the cluster. Salts and a new folder's number follow from the seed.
    /// </summary>
    /// <exception cref="IOException">The medium failed. Damaged bytes are a typed result.</exception>
    public static LogOpening Open(IDisk disk, LogIdentity identity, LogOptions options, ulong saltSeed, uint incarnation = 0)
    {
        options.Check();
        var recovery = new LogRecovery(disk, identity);
        SegmentBuilder? builder = null;
        SegmentedLog? log = null;
        try
        {
            if (recovery.Run() is { } problem)
                return new(null, problem, recovery.Facts);
            builder = new(disk, identity, saltSeed);
            var state = recovery.State;
            var offset = recovery.WriteOffset;
            if (state is null)
            {
                var start = new Checkpoint(default, LogPosition.Zero, 0, FirstBatch: 1, IsReset: false, LogBirth.New(saltSeed, incarnation));
                recovery.Segments.Add(builder.TryActivate(1, options.FirstSegmentSize, start)
                    ?? throw new DiskFullException("There is no room for the first segment of the log: make room in the data folder."));
                state = new LogState(start);
                offset = SegmentHeader.Size;
            }

            log = new SegmentedLog(disk, options, builder, recovery.Segments, state, offset);
            log.CountBytesHeld();
            log._leftovers.AddRange(recovery.Leftovers);
            return new(log, null, recovery.Facts);
        }
        finally
        {
            if (log is null)
            {
                builder?.Dispose();
                recovery.Segments.ForEach(segment => segment.Dispose());
            }
        }
    }

    /// <summary>
    /// Deletes the segments that an unfinished compaction or reset left, once it is known that the log without them is whole: until
    /// then they may be what somebody needs to mend it.
    /// </summary>
    public void RemoveLeftovers()
    {
        foreach (var number in _leftovers)
            _disk.Delete(Segment.NameOf(number));
        _leftovers.Clear();
    }

    /// <summary>The number of the first segment.</summary>
    public long FirstSegment => _segments[0].Number;

    /// <summary>The term of an entry held or of the base; null for any other index.</summary>
    public Term? TermAt(LogIndex index) => _state.TermAt(index);

    /// <summary>What the core knows of an entry, which must be held: for handing all of them to it at a start.</summary>
    public EntryShape ShapeOf(LogIndex index)
    {
        var place = _state.Entries[index];
        return new(_state.Entries.TermOf(index), place.Kind, place.Length);
    }

    /// <summary>Adds a term and vote to the batch. The term must not go back.</summary>
    public void Stage(HardState state)
    {
        Invariant.Check(state.Term >= _stagedTerm, "the term never goes back");
        HardStateRecord.Write(_staged.Extend(HardStateRecord.Size), state);
        _stagedTerm = state.Term;
    }

    /// <summary>
    /// Adds entries to the batch: <paramref name="count"/> whole <see cref="LogRecord"/>s, the first at index <paramref name="first"/>.
    /// Entries already held from there on are dropped: they are replaced, here and at recovery by the same rule.
    /// </summary>
    public void Stage(ReadOnlySpan<byte> records, LogIndex first, int count)
    {
        Invariant.Check(first > Base.Index && first <= _stagedLast.Next, "staged entries join the log without a gap and above its base");
        var cursor = new BatchCursor(records);
        var next = first;
        while (cursor.MoveNext())
        {
            Invariant.Check(!cursor.IsHardState && cursor.Entry.Position.Index == next, "staged records are entries at consecutive indexes");
            next = next.Next;
        }

        Invariant.Check(!cursor.IsDamaged && next - first == count && count > 0, "staged records are whole and as many as was said");
        records.CopyTo(_staged.Extend(records.Length));
        _stagedLast = next.Previous;
    }

    /// <summary>
    /// Makes everything staged durable with one write and one sync; nothing happens when nothing is staged. Where the segment is full
    /// the next one is activated first. False: the disk has no room for that one. Nothing has been written, everything stays staged:
    /// call again when there may be room.
    /// </summary>
    /// <exception cref="IOException">It may or may not be durable; the log is unusable from here on.</exception>
    public bool Commit()
    {
        if (_staged.IsEmpty)
            return true;
        RefuseWhenBroken();
        if (_staged.Size > _segments[^1].Size - _writeOffset
            && !TryRoll(_state.Checkpoint, Math.Max(_options.FirstSegmentSize, SegmentHeader.Size + _staged.Size)))
            return false;

        _isBroken = true;
        var segment = _segments[^1];
        var batch = _staged.Seal(segment, _writeOffset, _state.LastBatch + 1, _state.LastBatch);
        segment.File.Write(_writeOffset, batch);
        segment.File.SyncData();
        CommitCount++;
        CommittedBytes += batch.Length;

        var problem = _state.Apply(_staged.Body, segment, _writeOffset + BatchHeader.Size);
        Invariant.Check(problem is null, "what was staged can be applied");
        _writeOffset += batch.Length;
        ForgetStaged();
        _isBroken = false;
        return true;
    }

    /// <summary>
    /// Appends whole records to <paramref name="destination"/>: durable entries from <paramref name="from"/> to at most
    /// <paramref name="to"/> (included), at most <paramref name="maxBytes"/> but at least one. Returns how many: 0 where
    /// <paramref name="from"/> is not held.
    /// </summary>
    /// <exception cref="IOException">The medium failed, or a record no longer matches its checksum.</exception>
    public int Read(LogIndex from, LogIndex to, int maxBytes, IBufferWriter<byte> destination) =>
        _state.Entries.Holds(from) ? EntryReader.Read(_state, _segments, from, LogIndex.Min(to, Last.Index), maxBytes, destination) : 0;

    /// <summary>
    /// Drops the segments in front whose entries are all at or below <paramref name="index"/>, which a durable snapshot must cover.
    /// </summary>
    public void CompactTo(LogIndex index)
    {
        RefuseWhenBroken();
        var keep = Segment.FirstToKeep(_segments, index);
        if (keep == 0)
            return;
        _isBroken = true;
        Drop(keep);
        _state.DropThrough(_segments[0].Checkpoint);
        _isBroken = false;
    }

    /// <summary>
    /// Throws away all entries and goes on behind <paramref name="newBase"/>, which a durable snapshot must stand for; term and vote
    /// stay. Durable when it returns. Nothing may be staged. False: the disk has no room for a segment. Nothing has changed.
    /// </summary>
    /// <remarks>
    /// The new segment is durable, with a checkpoint that voids all older entries, before the first old file is deleted. A crash before
    /// its rename leaves the old log, and <see cref="Storage.Open"/> resets again; a crash after it leaves old files that recovery
    /// passes over and removes.
    /// </remarks>
    public bool Reset(LogPosition newBase, long time)
    {
        Invariant.Check(_staged.IsEmpty, "nothing is staged when the log is reset");
        RefuseWhenBroken();
        var start = _state.Checkpoint with { Base = newBase, BaseTime = time, IsReset = true };
        if (!TryRoll(start, _options.FirstSegmentSize))
            return false;
        _isBroken = true;
        _state.StartAt(start);
        Drop(_segments.Count - 1);
        ForgetStaged();
        _isBroken = false;
        return true;
    }

    /// <summary>
    /// From here on the log belongs to a later incarnation of the cluster; durable when it returns. Nothing may be staged. False: no room.
    /// </summary>
    public bool BeginIncarnation(uint incarnation)
    {
        Invariant.Check(_staged.IsEmpty && incarnation > Birth.Incarnation, "an incarnation begins between batches, and is a later one");
        RefuseWhenBroken();
        var start = _state.Checkpoint with { Birth = Birth with { Incarnation = incarnation } };
        if (!TryRoll(start, _options.FirstSegmentSize))
            return false;
        _state.BelongTo(start.Birth);
        return true;
    }

    /// <summary>
    /// Fills at most 1 MiB of the next segment ahead of its use; true while there is more to do. To be called while the disk is idle.
    /// </summary>
    /// <exception cref="DiskFullException">There is no room. The log itself goes on: committing works until the segment in use is full.</exception>
    /// <exception cref="IOException">The disk is faulty.</exception>
    public bool PrebuildSlice()
    {
        RefuseWhenBroken();
        return _builder.FillSlice(_nextSize);
    }

    /// <summary>Gives up what was filled ahead, for something that needs the room more.</summary>
    public void DropPrebuilt() => _builder.GiveUp();

    /// <summary>Whether the next segment is not whole yet.</summary>
    public bool NeedsPrebuild => _builder.Filled < _nextSize;

    /// <summary>Closes the files. What is staged and not committed is gone.</summary>
    public void Dispose()
    {
        _builder.Dispose();
        _segments.ForEach(segment => segment.Dispose());
    }

    private bool TryRoll(in Checkpoint start, int smallest)
    {
        _isBroken = true;
        var next = _builder.TryActivate(_segments[^1].Number + 1, smallest, start);
        _isBroken = false;
        if (next is null)
            return false;
        _segments.Add(next);
        _writeOffset = SegmentHeader.Size;
        _nextSize = _options.SizeAfter(_nextSize);
        CountBytesHeld();
        return true;
    }

    // The newest goes first, durably: the gap it leaves is where recovery stops looking back, whichever of the others a power cut
    // brings back. Without it the log could seem to begin at a segment in between, whose checkpoint may name an entry replaced since.
    private void Drop(int count)
    {
        for (var place = count - 1; place >= 0; place--)
        {
            _segments[place].Dispose();
            _disk.Delete(_segments[place].Name);
            if (place == count - 1)
                _disk.SyncFolder();
        }

        _segments.RemoveRange(0, count);
        CountBytesHeld();
    }

    private void ForgetStaged()
    {
        _staged.Clear();
        _stagedLast = Last.Index;
        _stagedTerm = HardState.Term;
    }

    private void CountBytesHeld()
    {
        BytesHeld = 0;
        foreach (var segment in _segments)
            BytesHeld += segment.Size;
    }

    private void RefuseWhenBroken()
    {
        if (_isBroken)
            throw new IOException("The log takes no more writes after one that failed: what reached the disk is unknown until the node starts again.");
    }
}
