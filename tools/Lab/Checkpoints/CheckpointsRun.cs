using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Lab.Checkpoints;

/// <summary>Which hundredth of the state is another one at the second snapshot.</summary>
internal enum StateChange
{
    /// <summary>It was put behind the rest, as lines of a sink are.</summary>
    Appended = 0,

    /// <summary>It was put in front of the rest, which moves.</summary>
    PutInFront = 1,

    /// <summary>One stretch somewhere, as the timers and windows of a job are.</summary>
    OneStretch = 2,

    /// <summary>Twenty stretches.</summary>
    TwentyStretches = 3,

    /// <summary>Every hundredth record of 100 bytes, as counters with keys in the order of their hashes are.</summary>
    EveryHundredthRecord = 4,
}

/// <summary>What both snapshots took, the second one also where there is nothing to share. Times include all syncs.</summary>
internal sealed record CheckpointFigures(
    string Change, long StateBytes, long FirstBytes, double FirstSeconds, long SharingBytes, double SharingSeconds, long WholeBytes, double WholeSeconds, bool Verified)
{
    /// <summary>The figures for people.</summary>
    public string ToText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Change,-20} first {FirstBytes / 1e6,6:0.0} MB in {FirstSeconds:0.00} s; second: sharing {SharingBytes / 1e6,6:0.0} MB in {SharingSeconds:0.00} s, whole {WholeBytes / 1e6,6:0.0} MB in {WholeSeconds:0.00} s{(Verified ? "" : "; IT DOES NOT READ BACK")}");
}

/// <summary>One run: two snapshots into one folder, and the second one again into an empty one, all with the node's own code on a real disk.</summary>
internal static class CheckpointsRun
{
    private const int RecordBytes = 100;
    private const int PieceBytes = 64 * 1024;

    /// <summary>Runs it in a folder that it makes.</summary>
    public static CheckpointFigures Run(int megabytes, StateChange change, string folder)
    {
        var random = new SimRandom(1);
        var first = new byte[megabytes * 1_000_000 / RecordBytes * RecordBytes];
        random.Fill(first);
        var second = Changed(first, change, random);

        using var disk = FileDisk.OpenFolder(folder);
        using var snapshots = SnapshotStore.Open(disk);
        var (firstBytes, firstSeconds) = Write(snapshots, 1, first);
        var (sharingBytes, sharingSeconds) = Write(snapshots, 2, second);
        using var empty = FileDisk.OpenFolder(folder + "-whole");
        using var alone = SnapshotStore.Open(empty);
        var (wholeBytes, wholeSeconds) = Write(alone, 2, second);
        return new(
            change.ToString(), second.Length, firstBytes, firstSeconds, sharingBytes, sharingSeconds, wholeBytes, wholeSeconds,
            ReadsBack(snapshots, second) && ReadsBack(alone, second) && snapshots.Newest!.ListHash == alone.Newest!.ListHash);
    }

    private static (long Bytes, double Seconds) Write(SnapshotStore snapshots, long index, byte[] state)
    {
        var (clock, before) = (Stopwatch.StartNew(), snapshots.Counters.WrittenBytes.Value);
        using var writer = snapshots.BeginWrite(new(new(new(index), new(1)), 0, 0, ReadOnlyMemory<byte>.Empty));
        for (var offset = 0; offset < state.Length; offset += PieceBytes)
            writer.Write(state.AsSpan(offset, Math.Min(PieceBytes, state.Length - offset)));
        writer.Finish();
        return (snapshots.Counters.WrittenBytes.Value - before, clock.Elapsed.TotalSeconds);
    }

    private static bool ReadsBack(SnapshotStore snapshots, byte[] state)
    {
        using var reader = snapshots.OpenReader(snapshots.Newest!.Position);
        var buffer = new byte[PieceBytes];
        var offset = 0;
        for (var count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
        {
            if (!buffer.AsSpan(0, count).SequenceEqual(state.AsSpan(offset, count)))
                return false;
            offset += count;
        }

        return offset == state.Length;
    }

    private static byte[] Changed(byte[] state, StateChange change, SimRandom random)
    {
        var part = new byte[state.Length / 100];
        random.Fill(part);
        if (change == StateChange.Appended)
            return [.. state, .. part];
        if (change == StateChange.PutInFront)
            return [.. part, .. state];
        var pieces = change == StateChange.OneStretch ? 1 : change == StateChange.TwentyStretches ? 20 : part.Length / RecordBytes;
        var changed = (byte[])state.Clone();
        var size = part.Length / pieces;
        for (var piece = 0; piece < pieces; piece++)
            part.AsSpan(piece * size, size).CopyTo(changed.AsSpan((int)((long)state.Length * piece / pieces)));
        return changed;
    }
}
