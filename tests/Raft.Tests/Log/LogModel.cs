using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Tests.Log;

/// <summary>One entry as a test knows it.</summary>
internal sealed record TestEntry(LogPosition Position, long Time, byte[] Payload)
{
    public LogRecord Record => new(Position, Time, EntryKind.Command, Payload.Length);

    public byte[] ToBytes()
    {
        var bytes = new byte[Record.Size];
        Record.Write(bytes, Payload);
        return bytes;
    }
}

/// <summary>What a log must hold, kept the simple way: everything since the last reset in a list.</summary>
internal sealed class LogModel
{
    public HardState HardState { get; set; }

    public LogPosition Start { get; private set; }

    public long StartTime { get; private set; }

    /// <summary>How far a compaction may have gone.</summary>
    public LogIndex Compactable { get; set; }

    public List<TestEntry> Entries { get; } = [];

    public LogPosition Last => Entries.Count == 0 ? Start : Entries[^1].Position;

    public long LastTime => Entries.Count == 0 ? StartTime : Entries[^1].Time;

    public LogModel Copy()
    {
        var copy = new LogModel { HardState = HardState, Start = Start, StartTime = StartTime, Compactable = Compactable };
        copy.Entries.AddRange(Entries);
        return copy;
    }

    public void Put(TestEntry entry)
    {
        var place = (int)(entry.Position.Index - Start.Index) - 1;
        Entries.RemoveRange(place, Entries.Count - place);
        Entries.Add(entry);
    }

    public void Reset(LogPosition start, long time)
    {
        Entries.Clear();
        Start = start;
        StartTime = time;
        Compactable = start.Index;
    }

    /// <summary>Says how a log differs from the model, or null.</summary>
    public string? DifferenceTo(SegmentedLog log)
    {
        if (log.HardState != HardState)
            return $"hard state {log.HardState} instead of {HardState}";
        if (log.Last != Last || log.LastTime != LastTime)
            return $"last {log.Last} at {log.LastTime} instead of {Last} at {LastTime}";
        if (log.Base.Index < Start.Index || log.Base.Index > LogIndex.Max(Compactable, Start.Index))
            return $"base {log.Base} outside {Start} to {Compactable}";
        var expectedBase = log.Base.Index == Start.Index ? Start : Entries[(int)(log.Base.Index - Start.Index) - 1].Position;
        if (log.Base != expectedBase)
            return $"base {log.Base} instead of {expectedBase}";

        var bytes = new ArrayBufferWriter<byte>();
        var count = log.Read(log.Base.Index.Next, log.Last.Index, int.MaxValue, bytes);
        if (count != log.Last.Index - log.Base.Index)
            return $"{count} entries behind {log.Base} instead of up to {log.Last}";
        var expected = Entries.Skip((int)(log.Base.Index - Start.Index)).ToList();
        if (!bytes.WrittenSpan.SequenceEqual(expected.SelectMany(entry => entry.ToBytes()).ToArray()))
            return "the entries have other bytes";
        foreach (var entry in expected)
        {
            if (log.ShapeOf(entry.Position.Index) != entry.Record.Shape || log.TermAt(entry.Position.Index) != entry.Position.Term)
                return $"entry {entry.Position} has shape {log.ShapeOf(entry.Position.Index)}";
        }

        return null;
    }
}
