using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>A log on a simulated disk, and what the tests do with it.</summary>
internal static class LogBench
{
    public static readonly LogIdentity Identity = new(new Guid("6f1d2b54-9a3c-4a87-8a5e-1f0c9f0f7b11"), new NodeId(2));

    public static readonly LogOptions Small = new() { FirstSegmentSize = 4096, MaxSegmentSize = 16 * 1024, MaxBatchSize = 1024 * 1024 };

    public static SegmentedLog Open(IDisk disk, LogOptions? options = null)
    {
        var opening = SegmentedLog.Open(disk, Identity, options ?? Small, saltSeed: 17);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Opened), opening.Problem?.Sentence);
        return opening.Log!;
    }

    public static TestEntry Entry(long index, long term, int length = 20, byte fill = 0x5A)
    {
        var payload = new byte[length];
        payload.AsSpan().Fill(fill);
        return new(new(new(index), new(term)), (index * 1000) + term, payload);
    }

    public static void Stage(this SegmentedLog log, params TestEntry[] entries) =>
        log.Stage(entries.SelectMany(entry => entry.ToBytes()).ToArray(), entries[0].Position.Index, entries.Length);

    public static void Append(this SegmentedLog log, params TestEntry[] entries)
    {
        log.Stage(entries);
        log.Commit();
    }

    public static void AppendMany(this SegmentedLog log, long from, long to, long term, int length = 200)
    {
        for (var index = from; index <= to; index++)
            log.Append(Entry(index, term, length, (byte)index));
    }

    public static LogPosition At(long index, long term) => new(new(index), new(term));

    public static HardState State(long term, int vote) => new(new(term), new(vote));

    public static SimDisk NewDisk(ulong seed = 1) => new(new SimRandom(seed));

    /// <summary>Every file, byte by byte.</summary>
    public static byte[] Bytes(this IDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        Assert.That(file.Read(0, bytes), Is.EqualTo(bytes.Length));
        return bytes;
    }
}
