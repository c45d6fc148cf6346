namespace RaftStream.Raft.Log;

/// <summary>
/// Reads the segments of a folder back into a <see cref="LogState"/>. Used once, by <see cref="SegmentedLog.Open"/>, which owns what it
/// leaves open.
/// </summary>
/// <remarks>
/// Which segments count: the unbroken run of numbers that ends with the newest, from the newest reset on. Others are what an
/// unfinished compaction or reset left behind, in any subset: the segment just before the first one kept is deleted first, durably,
/// so the gap that ends the run is where the log was meant to begin. Should a segment in the middle be gone for another reason, the run
/// begins behind it and its base is above the newest snapshot, which <see cref="Storage"/> refuses; therefore what is left over is
/// removed only after that. Left over or not, every segment must be of this node and of one log.
/// <para>
/// <b>Safety.</b> What recovery sees is not yet durable: if only the process died, names and bytes may stand in the system's cache
/// alone, and after a sync that failed the cache even passes them for written. A vote read from there and then lost in a power cut
/// would be given twice. So the folder is synced first, and the newest batch, the only one whose commit may not have returned, is
/// written once more and synced before anybody acts on it.
/// </para>
/// </remarks>
internal sealed class LogRecovery(IDisk disk, LogIdentity identity)
{
    /// <summary>Bytes read at a time: an unreadable sector is told to within so many.</summary>
    private const int ReadSize = 64 * 1024;

    private readonly List<Segment> _segments = [];
    private byte[] _bytes = [];
    private long _batches;

    /// <summary>The segments in use, in order; empty where there is no log yet.</summary>
    public List<Segment> Segments => _segments;

    /// <summary>What they hold; null where there is no log yet.</summary>
    public LogState? State { get; private set; }

    /// <summary>The numbers of segments that do not count.</summary>
    public List<long> Leftovers { get; } = [];

    /// <summary>Where the next batch goes in the last segment.</summary>
    public int WriteOffset { get; private set; }

    /// <summary>What was found; entries and batches are counted at the end.</summary>
    public RecoveryFacts Facts { get; private set; }

    /// <summary>Recovers. Returns the problem, or null.</summary>
    public OpeningProblem? Run()
    {
        var numbers = new List<long>();
        foreach (var name in disk.List())
        {
            if (Segment.TryParse(name, out var number))
                numbers.Add(number);
        }

        disk.Delete(SegmentBuilder.TemporaryName);
        if (numbers.Count == 0)
        {
            Facts = new(Created: true, 0, 0, 0, 0);
            return null;
        }

        disk.SyncFolder();
        numbers.Sort();
        if (OpenRun(numbers) is { } unreadable)
            return unreadable;
        foreach (var number in numbers)
        {
            if (number < _segments[0].Number)
                Leftovers.Add(number);
        }

        if (CheckLeftovers() is { } mixed)
            return mixed;
        State = new LogState(_segments[0].Checkpoint);
        for (var place = 0; place < _segments.Count; place++)
        {
            if (Replay(place) is { } damage)
                return damage;
        }

        _bytes = [];
        Facts = Facts with { Entries = State.Entries.Count, Batches = _batches, Leftovers = Leftovers.Count };
        return null;
    }

    private OpeningProblem? OpenRun(List<long> numbers)
    {
        for (var place = numbers.Count - 1; place >= 0; place--)
        {
            var number = numbers[place];
            if (_segments.Count > 0 && number != _segments[0].Number - 1)
                return null;
            if (OpenSegment(number, counts: true) is { } problem)
                return problem;
            if (_segments[0].Checkpoint.IsReset)
                return null;
        }

        return null;
    }

    // One that is damaged can be left over: a file that is about to go need not be whole. One of another log tells that this one, or
    // the newest, was put here by hand.
    private OpeningProblem? CheckLeftovers()
    {
        foreach (var number in Leftovers)
        {
            if (OpenSegment(number, counts: false) is { Kind: not (OpeningKind.Corrupt or OpeningKind.Unreadable) } problem)
                return problem;
        }

        return null;
    }

    private OpeningProblem? OpenSegment(long number, bool counts)
    {
        var name = Segment.NameOf(number);
        IDiskFile file;
        try
        {
            file = disk.Open(name);
        }
        catch (IOException failure)
        {
            return OpeningProblem.CannotOpen(name, failure);
        }

        var kept = false;
        try
        {
            var sector = new byte[SegmentHeader.Size];
            var state = SegmentHeader.Read(sector.AsSpan(0, file.Read(0, sector)), out var header);
            if (state == HeaderState.UnsupportedVersion)
                return new(OpeningKind.UnsupportedVersion, $"'{name}' has a format of another version than {SegmentHeader.Version}: start the program that wrote it, or a newer one.");
            if (state == HeaderState.Damaged || header.Number != number)
                return OpeningProblem.Damage(name, 0, "the segment's header cannot be read", identity.Node);
            if (header.Identity.ClusterId != identity.ClusterId)
                return new(OpeningKind.ForeignCluster, $"'{name}' belongs to cluster {header.Identity.ClusterId} and this node to cluster {identity.ClusterId}: give it its own data folder.");
            if (header.Identity.Node != identity.Node)
                return new(OpeningKind.ForeignNode, $"'{name}' belongs to node {header.Identity.Node} and this is node {identity.Node}: give it its own data folder.");
            if (_segments.Count > 0 && header.Checkpoint.Birth.Disk != _segments[^1].Checkpoint.Birth.Disk)
                return new(OpeningKind.StaleSegment, $"'{name}' and '{_segments[^1].Name}' belong to two logs of node {identity.Node}, one from before its folder was emptied: move the one that was put here by hand out of the folder and start the node again; where that is not known, {OpeningProblem.WayBack(identity.Node)}");
            if (!counts)
                return null;
            if (file.Length != header.FileSize)
                return OpeningProblem.Damage(name, Math.Min(file.Length, header.FileSize), $"the file has {file.Length} bytes and was made with {header.FileSize}", identity.Node);
            _segments.Insert(0, new Segment(header, file));
            kept = true;
            return null;
        }
        catch (IOException unreadable)
        {
            return OpeningProblem.Unreadable(name, 0, unreadable, identity.Node);
        }
        finally
        {
            if (!kept)
                file.Dispose();
        }
    }

    private OpeningProblem? Replay(int place)
    {
        var (segment, state) = (_segments[place], State!);
        if (place > 0 && segment.Checkpoint with { Birth = state.Birth } != state.Checkpoint)
        {
            return OpeningProblem.Damage(
                _segments[place - 1].Name, _segments[place - 1].Size, $"it ends with entry {state.Last} and batch {state.LastBatch} and the next segment goes on behind {segment.Checkpoint.Base} with batch {segment.Checkpoint.FirstBatch}", identity.Node);
        }

        state.BelongTo(segment.Checkpoint.Birth);
        if (Load(segment) is { } unreadable)
            return unreadable;
        var bytes = _bytes.AsSpan(0, segment.Size);
        var last = place == _segments.Count - 1;
        var end = last ? long.MaxValue : _segments[place + 1].Checkpoint.FirstBatch;
        var offset = SegmentHeader.Size;
        var newest = offset..offset;
        while (state.LastBatch + 1 < end && TryBatch(bytes, offset, segment, state.LastBatch + 1, out var header))
        {
            var problem = state.Apply(bytes.Slice(offset + BatchHeader.Size, header.Length), segment, offset + BatchHeader.Size);
            if (problem is not null)
                return OpeningProblem.Damage(segment.Name, offset, problem, identity.Node);
            newest = offset..(offset + header.TotalSize);
            offset += header.TotalSize;
            _batches++;
        }

        if (last)
            return EndAt(bytes, offset, newest, segment);
        return state.LastBatch + 1 == end
            ? null
            : OpeningProblem.Damage(segment.Name, offset, $"batch {state.LastBatch + 1} cannot be read although a later segment says it was durable", identity.Node);
    }

    /// <summary>Reads the header of the batch with that number; false where the whole batch does not stand at that place.</summary>
    public static bool TryBatch(ReadOnlySpan<byte> bytes, int offset, Segment segment, long number, out BatchHeader header) =>
        BatchHeader.TryRead(bytes[offset..], segment.Salt, segment.Number, out header)
        && header.Number == number
        && header.TotalSize <= bytes.Length - offset
        && Crc32C.Of(bytes.Slice(offset + BatchHeader.Size, header.Length)) == header.BodyChecksum;

    // The tail becomes zeros again, durably, before anything is written there: else a later, shorter batch could be followed by
    // remains of this one, and a crash in the middle of it could not be recognised by its blank sectors.
    private OpeningProblem? EndAt(ReadOnlySpan<byte> bytes, int offset, Range newest, Segment segment)
    {
        WriteOffset = offset;
        var kind = LogTail.Judge(bytes, offset, segment, State!.LastBatch + 1, out var why);
        if (kind == TailKind.Corrupt)
            return OpeningProblem.Damage(segment.Name, offset, why, identity.Node);
        if (kind == TailKind.Torn)
        {
            var torn = bytes[offset..].LastIndexOfAnyExcept((byte)0) + 1;
            segment.File.Write(offset, new byte[torn]);
            Facts = Facts with { TornBytes = torn };
        }

        segment.File.Write(newest.Start.Value, bytes[newest]);
        segment.File.SyncData();
        return null;
    }

    private OpeningProblem? Load(Segment segment)
    {
        if (_bytes.Length < segment.Size)
            _bytes = new byte[segment.Size];
        for (var offset = 0; offset < segment.Size; offset += ReadSize)
        {
            var part = _bytes.AsSpan(offset, Math.Min(ReadSize, segment.Size - offset));
            try
            {
                var count = segment.File.Read(offset, part);
                if (count < part.Length)
                    throw new IOException($"it gave {count} bytes of {part.Length}");
            }
            catch (IOException failure)
            {
                return OpeningProblem.Unreadable(segment.Name, offset, failure, identity.Node);
            }
        }

        return null;
    }
}
