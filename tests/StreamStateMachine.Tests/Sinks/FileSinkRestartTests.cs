using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>A machine that starts makes its files out of snapshot and log, whatever a crash has left in its folder.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FileSinkRestartTests
{
    private const string Current = "job-out-000005.txt";
    private const string Older = "job-out-000004.txt";

    private static readonly (string Name, Action<SinkDisk> Leave)[] Leftovers =
    [
        ("as it was", static _ => { }),
        ("the current file longer", static disk => disk.Put(Current, [.. disk.Bytes(Current), .. "half a li"u8])),
        ("the current file shorter", static disk => disk.Put(Current, disk.Bytes(Current)[..1000])),
        ("the current file empty", static disk => disk.Put(Current, [])),
        ("the current file of zeros", static disk => disk.Put(Current, new byte[disk.Bytes(Current).Length])),
        ("a bit of the current file turned", static disk => Flip(disk, Current)),
        ("the current file missing", static disk => disk.Delete(Current)),
        ("an older file longer", static disk => disk.Put(Older, [.. disk.Bytes(Older), 1])),
        ("an older file shorter", static disk => disk.Put(Older, disk.Bytes(Older)[..^1])),
        ("a bit of an older file turned", static disk => Flip(disk, Older)),
        ("an older file missing", static disk => disk.Delete(Older)),
        ("generations that are to come", static disk => Put(disk, 6, 7, 900)),
        ("generations that were deleted", static disk => Put(disk, 1, 2, 3)),
        ("files of others", static disk => disk.Put("anything", [1, 2, 3])),
        ("nothing", static disk => disk.Names.ToList().ForEach(disk.Delete)),
    ];

    [Test]
    public void Whatever_the_folder_holds_the_files_are_those_of_the_log([ValueSource(nameof(LeftoverNames))] string leftover, [Values] bool hasSnapshot)
    {
        var job = SinkJob.Build();
        using var disk = new SinkDisk();
        var source = new JobHarness(job, disk.Disk);
        var records = Enumerable.Range(0, 30).Select(static i => $"k{i % 3}/{9_000 + i}").ToArray();
        foreach (var record in records)
            source.Push(record);
        using var replica = new SinkReplica(job);
        byte[]? snapshot = null;
        const int Taken = 15;
        foreach (var command in source.Commands)
        {
            replica.Apply(command);
            if (hasSnapshot && replica.Applied == Taken)
                snapshot = replica.Snapshot();
        }

        Assert.That(replica.Disk.Files, Is.EqualTo(SinkJob.Expect(records)));
        Assert.That(replica.Disk.Names, Is.EqualTo(new[] { Older, Current }));
        Leftovers.Single(one => one.Name == leftover).Leave(replica.Disk);
        replica.Restart(snapshot, Taken);
        Assert.That(replica.Disk.Files, Is.EqualTo(SinkJob.Expect(hasSnapshot ? records[..(Taken - 2)] : [])), "the files of the snapshot: without those of the two commands that began to read");
        foreach (var command in source.Commands.Skip(replica.Applied))
            replica.Apply(command);
        Assert.That(replica.Disk.Files, Is.EqualTo(SinkJob.Expect(records)));
        Assert.That(replica.Machine.StateHash, Is.EqualTo(source.Machine.StateHash));
    }

    [Test]
    public void A_snapshot_that_a_living_machine_takes_replaces_its_files()
    {
        var job = SinkJob.Build();
        using var disk = new SinkDisk();
        var source = new JobHarness(job, disk.Disk);
        using var behind = new SinkReplica(job);
        for (var i = 0; i < 40; i++)
        {
            source.Push($"k/{5_000 + (i * 100)}");
            if (i == 4)
                source.Commands.ForEach(behind.Apply);
        }

        behind.Restore(source.Snapshot(), source.Commands.Count);
        Assert.That(behind.Disk.Files, Is.EqualTo(disk.Files));
        var from = source.Commands.Count;
        source.Push("more/60000", "and/6000", "more");
        source.Commands.Skip(from).ToList().ForEach(behind.Apply);
        Assert.That(behind.Disk.Files, Is.EqualTo(disk.Files));
    }

    private static IEnumerable<string> LeftoverNames() => Leftovers.Select(static leftover => leftover.Name);

    private static void Flip(SinkDisk disk, string name)
    {
        var bytes = disk.Bytes(name);
        bytes[bytes.Length / 2] ^= 4;
        disk.Put(name, bytes);
    }

    private static void Put(SinkDisk disk, params int[] generations)
    {
        foreach (var generation in generations)
            disk.Put(SinkJob.NameOf(generation), [.. Enumerable.Repeat((byte)'?', 5_000)]);
    }
}
