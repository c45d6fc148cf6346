using System.Globalization;

namespace RaftStream.Raft.Log;

/// <summary>
/// Says what a data folder holds and what is wrong with it: every byte of every segment and snapshot is read. It asks the very recovery
/// that a start runs, over a disk on which nothing lasts (<see cref="FrozenFolder"/>), and looks besides at what a recovery passes over.
/// </summary>
internal sealed class LogInspector
{
    private readonly IDisk _disk;
    private readonly List<LogFinding> _findings = [];
    private readonly List<SegmentReport> _segments = [];
    private readonly List<SnapshotReport> _snapshots = [];
    private readonly HashSet<LogPosition> _needed = [];
    private LogIdentity? _identity;

    private LogInspector(IDisk disk) => _disk = disk;

    /// <summary>Looks at a folder; what it writes there must not last. Null: there is neither a log nor a snapshot.</summary>
    /// <exception cref="IOException">A file cannot be opened at all.</exception>
    public static LogReport? Inspect(IDisk disk)
    {
        var inspector = new LogInspector(disk);
        return inspector.ReadFiles() ? inspector.Recover() : null;
    }

    private bool ReadFiles()
    {
        var numbers = new List<long>();
        var positions = new List<LogPosition>();
        foreach (var name in _disk.List())
        {
            if (Segment.TryParse(name, out var number))
                numbers.Add(number);
            else if (SnapshotFile.TryParse(name, out var position))
                positions.Add(position);
            else
                Note(name);
        }

        numbers.Sort();
        for (var place = 0; place < numbers.Count; place++)
            ReadSegment(numbers[place], isNewest: place == numbers.Count - 1);
        positions.Sort(static (left, right) => right.Index.CompareTo(left.Index));
        for (var place = 0; place < positions.Count; place++)
        {
            if (place < SnapshotStore.Kept)
                ReadSnapshot(positions[place]);
            else
                NoteOlder(positions[place]);
        }

        _snapshots.Reverse();
        return numbers.Count + positions.Count > 0;
    }

    private void Note(string name)
    {
        var what = name switch
        {
            SegmentBuilder.TemporaryName => "is the next segment, filled ahead; the next start removes it",
            SnapshotStore.TakingName => "is a snapshot that was not finished; the next start removes it",
            _ when SnapshotFile.TryParsePart(name, out var position) => $"is the snapshot at {position}, partly received; a start goes on with it or removes it",
            _ => "is no file of a replica; nobody looks at it",
        };
        _findings.Add(new(FindingKind.Note, name, null, $"'{name}' {what}."));
    }

    private void NoteOlder(LogPosition position)
    {
        var name = SnapshotFile.NameOf(position);
        var what = _needed.Contains(position) ? "holds chunks that newer snapshots share with it" : "is needed by no newer snapshot; the next start removes it";
        _findings.Add(new(FindingKind.Note, name, null, $"'{name}' {what}."));
    }

    private void ReadSegment(long number, bool isNewest)
    {
        var name = Segment.NameOf(number);
        using var file = _disk.Open(name);
        try
        {
            var bytes = new byte[Math.Min(file.Length, int.MaxValue)];
            var read = bytes.AsSpan(0, file.Read(0, bytes));
            if (SegmentHeader.Read(read, out var header) == HeaderState.Valid)
            {
                _identity = header.Identity;
                Walk(read, new(header, file), isNewest);
            }
        }
        catch (IOException unreadable)
        {
            // Where it matters the recovery says so, too, with what to do.
            _findings.Add(new(FindingKind.Damaged, name, null, $"'{name}' cannot be read: {unreadable.Message}"));
        }
    }

    private void Walk(ReadOnlySpan<byte> bytes, Segment segment, bool isNewest)
    {
        var (offset, batch) = (SegmentHeader.Size, segment.Checkpoint.FirstBatch);
        var (entries, first, last) = (0L, LogPosition.Zero, LogPosition.Zero);
        while (offset < bytes.Length && LogRecovery.TryBatch(bytes, offset, segment, batch, out var header))
        {
            var cursor = new BatchCursor(bytes.Slice(offset + BatchHeader.Size, header.Length));
            while (cursor.MoveNext())
            {
                if (cursor.IsHardState)
                    continue;
                last = cursor.Entry.Position;
                first = entries == 0 || last.Index < first.Index ? last : first;
                entries++;
            }

            offset += header.TotalSize;
            batch++;
        }

        var start = segment.Checkpoint;
        _segments.Add(new(
            segment.Name, segment.Number, bytes.Length, offset, batch - start.FirstBatch, entries, first.Index.Value, last.Index.Value, first.Term.Value, last.Term.Value,
            start.HardState.Term.Value, start.HardState.Vote.Value, start.Base.Index.Value, start.Base.Term.Value, start.FirstBatch, start.IsReset));
        if (isNewest && offset < bytes.Length && LogTail.Judge(bytes, offset, segment, batch, out _) == TailKind.Torn)
            _findings.Add(new(FindingKind.Torn, segment.Name, offset, $"'{segment.Name}' ends with a torn write at byte {offset}: a crash interrupted it before anybody was told of it, and the next start cuts it."));
    }

    private void ReadSnapshot(LogPosition position)
    {
        var name = SnapshotFile.NameOf(position);
        using var file = SnapshotFile.Open(_disk, position, out var problem);
        var damage = problem?.Sentence ?? file!.Verify();
        if (file is not null)
        {
            var manifest = file.Manifest;
            _needed.UnionWith(file.Layout.Bases.Select(static from => from.Position));
            _snapshots.Add(new(name, position.Index.Value, position.Term.Value, file.FileSize, manifest.Length, manifest.Chunks, manifest.Description.StateHash.ToString("x16", CultureInfo.InvariantCulture)));
        }

        if (damage is not null && problem?.Kind is not (OpeningKind.UnsupportedVersion or OpeningKind.Unreadable))
            _findings.Add(new(FindingKind.Damaged, name, null, $"{damage.TrimEnd('.')}; a start does without it where an older snapshot and the log stand in for it, and removes it."));
    }

    private LogReport Recover()
    {
        var report = new LogReport { Cluster = _identity?.ClusterId.ToString(), Node = _identity?.Node.Value, Segments = _segments, Snapshots = _snapshots, Findings = _findings };
        var opening = Storage.Open(_disk, _identity ?? new(Guid.Empty, new(1)), new(), saltSeed: 1);
        using var storage = opening.Storage;
        if (opening.Facts.Leftovers > 0)
            _findings.Add(new(FindingKind.Note, null, null, $"{opening.Facts.Leftovers} segments in front are left over from a compaction or an installation; the next start removes them."));
        if (opening.LogWasReset)
            _findings.Add(new(FindingKind.Note, null, null, "The newest snapshot was installed and the log does not lead up to it: the next start begins the log behind it."));
        if (opening.Problem is { } problem)
            _findings.Add(new(FindingKind.Refused, problem.File, problem.Offset, problem.Sentence));
        _findings.Sort(static (left, right) => right.Kind.CompareTo(left.Kind));
        if (storage?.Log is not { } log)
            return report;
        for (var index = log.Base.Index.Next; index <= log.Last.Index; index = index.Next)
        {
            var kind = log.ShapeOf(index).Kind.ToString();
            report.Kinds[kind] = report.Kinds.GetValueOrDefault(kind) + 1;
        }

        return report with
        {
            Term = log.HardState.Term.Value,
            Vote = log.HardState.Vote.Value,
            FirstIndex = log.Base.Index.Value + 1,
            LastIndex = log.Last.Index.Value,
            LastTerm = log.Last.Term.Value,
        };
    }
}
