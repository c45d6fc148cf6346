namespace RaftStream.Raft.Log;

/// <summary>
/// What the log holds, in memory. Changed in one way only, by applying the records of a durable batch: the running log and recovery
/// use the same function, so what a replica believes is what it would read back.
/// </summary>
internal sealed class LogState
{
    /// <summary>Begins at a checkpoint.</summary>
    public LogState(in Checkpoint start) => StartAt(start);

    /// <summary>The newest term and vote.</summary>
    public HardState HardState { get; private set; }

    /// <summary>The last entry before the first one held.</summary>
    public LogPosition Base { get; private set; }

    /// <summary>The last entry, or <see cref="Base"/>.</summary>
    public LogPosition Last { get; private set; }

    /// <summary>The log time of <see cref="Last"/>, in nanoseconds.</summary>
    public long LastTime { get; private set; }

    /// <summary>The newest durable batch.</summary>
    public long LastBatch { get; private set; }

    /// <summary>What the log got when it was begun.</summary>
    public LogBirth Birth { get; private set; }

    /// <summary>Where the entries stand.</summary>
    public EntryIndex Entries { get; } = new();

    /// <summary>A checkpoint from which a segment begun now goes on.</summary>
    public Checkpoint Checkpoint => new(HardState, Last, LastTime, LastBatch + 1, IsReset: false, Birth);

    /// <summary>The term of an entry held, or of the base; null for any other index.</summary>
    public Term? TermAt(LogIndex index)
    {
        if (index == Base.Index)
            return Base.Term;
        return Entries.Holds(index) ? Entries.TermOf(index) : null;
    }

    /// <summary>Forgets everything and begins at a checkpoint.</summary>
    public void StartAt(in Checkpoint start)
    {
        HardState = start.HardState;
        LastBatch = start.FirstBatch - 1;
        Base = Last = start.Base;
        LastTime = start.BaseTime;
        Birth = start.Birth;
        Entries.Reset(start.Base.Index);
    }

    /// <summary>From a segment on the log belongs to a later incarnation of the cluster.</summary>
    public void BelongTo(LogBirth birth) => Birth = birth;

    /// <summary>Drops the entries up to the base of a segment that is now the first.</summary>
    public void DropThrough(in Checkpoint start)
    {
        Invariant.Check(TermAt(start.Base.Index) == start.Base.Term, "a segment that becomes the first begins behind an entry of the log");
        Entries.DropThrough(start.Base.Index);
        Base = start.Base;
    }

    /// <summary>
    /// Applies the next batch. Returns null, or what is wrong with it in words that go behind "at byte N:"; the state is then no
    /// longer to be used. An entry at an index already held replaces it and drops all behind it.
    /// </summary>
    public string? Apply(ReadOnlySpan<byte> body, Segment segment, int bodyOffset)
    {
        var cursor = new BatchCursor(body);
        while (cursor.MoveNext())
        {
            if (cursor.IsHardState)
            {
                if (cursor.HardState.Term < HardState.Term)
                    return $"the term goes back from {HardState.Term} to {cursor.HardState.Term}";
                HardState = cursor.HardState;
                continue;
            }

            var entry = cursor.Entry;
            if (entry.Position.Index > Last.Index.Next || entry.Position.Index <= Base.Index)
                return $"entry {entry.Position} does not follow {Last} in a log that begins behind {Base}";
            Entries.Put(entry, segment.Number, bodyOffset + cursor.Offset);
            segment.Lowest = LogIndex.Min(segment.Lowest, entry.Position.Index);
            Last = entry.Position;
            LastTime = entry.Time;
        }

        if (cursor.IsDamaged)
            return "a record is damaged inside a batch whose checksum is right";
        LastBatch++;
        return null;
    }
}
