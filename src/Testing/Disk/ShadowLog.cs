using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// What a node's disk holds and what of it is durable, told from the bytes that the node writes and syncs, not from what it believes:
/// the judge of every acknowledgement and vote.
/// </summary>
/// <remarks>
/// Each entry's chain is a hash of its own record and the chain before it: two logs that agree on the chain at an index agree on
/// everything up to it (the log matching property as a single comparison).
/// </remarks>
internal sealed class ShadowLog
{
    private readonly Dictionary<string, (ulong Salt, long Number)> _segments = new(StringComparer.Ordinal);
    private readonly List<PendingBatch> _pending = [];
    private readonly HashSet<LogPosition> _lost = [];
    private readonly List<(Term Term, ulong Chain)> _entries = [];
    private LogPosition _base;
    private bool _isUnknown;
    private bool _isRecovering;
    private ulong _baseChain;
    private LogIndex _keptAtLeast = new(long.MaxValue);
    private LogIndex _durableBeforeReset;

    /// <summary>The last entry written.</summary>
    public LogPosition Last => _entries.Count == 0 ? _base : new(_base.Index + _entries.Count, _entries[^1].Term);

    /// <summary>The log as it is now is durable up to here.</summary>
    public LogIndex Durable { get; private set; }

    /// <summary>
    /// Up to here no crash takes anything away: while a snapshot takes the log's place, either the old log comes back or the snapshot holds more.
    /// </summary>
    public LogIndex Held => LogIndex.Max(Durable, _durableBeforeReset);

    /// <summary>The durable term and vote.</summary>
    public HardState DurableHardState { get; private set; }

    /// <summary>Called for each entry written: position and chain.</summary>
    public Action<LogPosition, ulong>? Appended { get; set; }

    /// <summary>Called for each configuration written: position and payload.</summary>
    public Action<LogPosition, byte[]>? Configured { get; set; }

    /// <summary>The chain of a committed entry, for logs that begin behind it.</summary>
    public Func<LogIndex, ulong>? CommittedChain { get; set; }

    /// <summary>Counts truncations.</summary>
    public long Truncations { get; private set; }

    /// <summary>The term and chain of an entry, or null where the log does not hold it.</summary>
    public (Term Term, ulong Chain)? At(LogIndex index) =>
        index == _base.Index ? (_base.Term, _baseChain)
        : index > _base.Index && index <= Last.Index ? _entries[(int)(index - _base.Index) - 1] : null;

    /// <summary>
    /// The process ended. What the recovery writes next are batches that it found and makes durable: nothing new. After a power cut
    /// nobody knows until then what is there at all, and what was not synced need not be.
    /// </summary>
    public void Down(bool powerCut)
    {
        (_isRecovering, _isUnknown) = (true, powerCut || _isUnknown);
        if (powerCut)
            _pending.Clear();
    }

    /// <summary>Whether the entry was durable when the disk was lost.</summary>
    public bool HeldWhenLost(LogPosition position) => _lost.Contains(position);

    /// <summary>The disk was replaced by an empty one, or will never be read again.</summary>
    public void Forget()
    {
        for (var index = _base.Index.Next; index <= Durable; index = index.Next)
            _lost.Add(new(index, At(index)!.Value.Term));
        _segments.Clear();
        _pending.Clear();
        _entries.Clear();
        (_base, _baseChain, Durable, DurableHardState) = (default, 0, default, default);
        (_isUnknown, _isRecovering, _keptAtLeast, _durableBeforeReset) = (false, false, new(long.MaxValue), default);
    }

    /// <summary>Bytes went to a file.</summary>
    public void Wrote(string file, long offset, ReadOnlySpan<byte> bytes)
    {
        if (_isUnknown)
            return;
        if (offset == 0 && SegmentHeader.Read(bytes, out var header) == HeaderState.Valid)
        {
            _segments[file] = (header.Salt, header.Number);
            if (header.Checkpoint.IsReset)
            {
                Reset(header.Checkpoint.Base);
                _pending.Add(new(file, Last.Index, null));
            }
        }
        else if (_segments.TryGetValue(file, out var segment) && BatchHeader.TryRead(bytes, segment.Salt, segment.Number, out var batch))
        {
            Take(file, bytes.Slice(BatchHeader.Size, batch.Length));
        }
    }

    /// <summary>
    /// A crash came in the middle of a write: the medium may hold all of it, none or a part. If it holds all, the log ends before the first entry
    /// that was to be replaced, whatever of the new ones follows.
    /// </summary>
    public void MayHaveWritten(string file, long offset, ReadOnlySpan<byte> bytes)
    {
        if (_isUnknown)
            return;
        if (offset == 0 && SegmentHeader.Read(bytes, out var header) == HeaderState.Valid)
        {
            if (header.Checkpoint.IsReset)
                _keptAtLeast = LogIndex.Zero;
        }
        else if (_segments.TryGetValue(file, out var segment) && BatchHeader.TryRead(bytes, segment.Salt, segment.Number, out var batch))
        {
            var cursor = new BatchCursor(bytes.Slice(BatchHeader.Size, batch.Length));
            while (cursor.MoveNext())
            {
                if (!cursor.IsHardState)
                    _keptAtLeast = LogIndex.Min(_keptAtLeast, cursor.Entry.Position.Index.Previous);
            }
        }
    }

    /// <summary>A file was renamed.</summary>
    public void Renamed(string from, string to)
    {
        if (_segments.Remove(from, out var segment))
            _segments[to] = segment;
        for (var i = 0; i < _pending.Count; i++)
        {
            if (_pending[i].File == from)
                _pending[i] = _pending[i] with { File = to };
        }
    }

    /// <summary>A file's data was synced.</summary>
    public void Synced(string file)
    {
        var kept = 0;
        for (var i = 0; i < _pending.Count; i++)
        {
            var batch = _pending[i];
            if (batch.File != file)
            {
                _pending[kept++] = batch;
                continue;
            }

            Durable = LogIndex.Max(Durable, batch.Last);
            if (Durable >= _base.Index)
                _durableBeforeReset = default;
            if (batch.HardState is { } state)
                DurableHardState = state;
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
    }

    /// <summary>
    /// After a start: what was recovered is what the log holds. After a power cut it is also what is on the medium; after a mere
    /// end of the process, what was not synced still waits for its sync. What was durable must be there, unless <paramref name="isDamaged"/>:
    /// a bit that turned over in the last batch looks like a torn write, and only the leader can tell what the node had.
    /// </summary>
    public void Recovered(SimDisk disk, SegmentedLog log, bool isOnMedium, bool isDamaged)
    {
        _isRecovering = false;
        var keptAt = LogIndex.Min(Durable, _keptAtLeast);
        var kept = isDamaged ? null : At(keptAt);
        _keptAtLeast = new(long.MaxValue);
        if (!isDamaged)
        {
            ViolationException.Require(log.Last.Index >= keptAt, "DurableKept", $"Entries up to {keptAt} were durable, and entries up to {log.Last.Index} are recovered.");
            ViolationException.Require(
                log.HardState.Term > DurableHardState.Term || (log.HardState.Term == DurableHardState.Term && (log.HardState.Vote == DurableHardState.Vote || DurableHardState.Vote == NodeId.None)),
                "DurableKept",
                $"Term and vote {DurableHardState} were durable, and {log.HardState} is recovered.");
        }

        if (!isOnMedium)
            return;
        _isUnknown = false;
        LearnSegments(disk);
        _pending.Clear();
        _entries.Clear();
        (_base, _baseChain) = (log.Base, CommittedChain?.Invoke(log.Base.Index) ?? 0);
        var records = new ArrayBufferWriter<byte>();
        while (Last.Index < log.Last.Index)
        {
            records.ResetWrittenCount();
            var count = log.Read(Last.Index.Next, log.Last.Index, int.MaxValue, records);
            ViolationException.Require(count > 0, "Recovery", $"The recovered log cannot read its entry {Last.Index.Next}.");
            for (var rest = records.WrittenSpan; LogRecord.TryRead(rest, out var record); rest = rest[record.Size..])
                Append(record, rest[..record.Size]);
        }

        (Durable, DurableHardState, _durableBeforeReset) = (Last.Index, log.HardState, default);
        if (kept is { } before && At(keptAt) is { } now)
            ViolationException.Require(before == now, "DurableKept", $"Entry {keptAt} was durable, and it or one before it is recovered as another.");
    }

    /// <summary>A crash may have come between a header and our hearing of it.</summary>
    private void LearnSegments(SimDisk disk)
    {
        Span<byte> sector = stackalloc byte[SegmentHeader.Size];
        foreach (var name in disk.List())
        {
            using var file = disk.Open(name);
            if (file.Read(0, sector) == sector.Length && SegmentHeader.Read(sector, out var header) == HeaderState.Valid)
                _segments[name] = (header.Salt, header.Number);
        }
    }

    private void Take(string file, ReadOnlySpan<byte> body)
    {
        if (_isRecovering)
            return;
        HardState? state = null;
        var cursor = new BatchCursor(body);
        while (cursor.MoveNext())
        {
            if (cursor.IsHardState)
                state = cursor.HardState;
            else
                Append(cursor.Entry, body.Slice(cursor.Offset, cursor.Entry.Size));
        }

        _pending.Add(new(file, Last.Index, state));
    }

    private void Append(LogRecord entry, ReadOnlySpan<byte> record)
    {
        if (entry.Position.Index <= Last.Index)
            Truncate(entry.Position.Index);
        var before = _entries.Count == 0 ? _baseChain : _entries[^1].Chain;
        var high = Math.BigMul(before ^ Crc32C.Of(record), 0x9E37_79B9_7F4A_7C15 ^ (ulong)entry.Position.Term.Value, out var low);
        var chain = high ^ low ^ (ulong)entry.Position.Index.Value;
        _entries.Add((entry.Position.Term, chain));
        Appended?.Invoke(entry.Position, chain);
        if (entry.Kind == EntryKind.Configuration)
            Configured?.Invoke(entry.Position, record.Slice(LogRecord.HeaderSize, entry.Length).ToArray());
    }

    private void Truncate(LogIndex from)
    {
        Truncations++;
        _entries.RemoveRange((int)(from - _base.Index) - 1, (int)(Last.Index - from) + 1);
        Durable = LogIndex.Min(Durable, from.Previous);
        for (var i = 0; i < _pending.Count; i++)
            _pending[i] = _pending[i] with { Last = LogIndex.Min(_pending[i].Last, from.Previous) };
    }

    private void Reset(LogPosition position)
    {
        _entries.Clear();
        for (var i = 0; i < _pending.Count; i++)
            _pending[i] = _pending[i] with { Last = LogIndex.Zero };
        _durableBeforeReset = Held;
        (_base, _baseChain, Durable) = (position, CommittedChain?.Invoke(position.Index) ?? 0, LogIndex.Zero);
    }

    private readonly record struct PendingBatch(string File, LogIndex Last, HardState? HardState);
}
