using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>Snapshots carry the files: as they were at the capture, checked while they are read.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FileSinkSnapshotTests
{
    [Test]
    public void A_snapshot_has_the_same_bytes_after_a_restart()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        job.Push(Enumerable.Range(0, 30).Select(static i => $"k{i % 3}/{9_000 + i}").ToArray());
        var bytes = job.Restart();
        Assert.That(job.Snapshot(), Is.EqualTo(bytes));
    }

    [Test]
    public void A_view_reads_the_files_of_its_moment_while_they_grow_and_are_deleted()
    {
        using SinkDisk disk = new(), copy = new();
        var job = SinkJob.Build();
        var source = new JobHarness(job, disk.Disk);
        source.Push("a/40000", "b/40000", "c/100");
        var (files, hash) = (disk.Files, source.Machine.StateHash);
        var view = source.Machine.Capture();
        for (var i = 0; i < 20; i++)
            source.Push($"more/{20_000 + i}");
        Assert.That(disk.Names, Does.Not.Contain(SinkJob.NameOf(1)).And.Not.Contain(SinkJob.NameOf(2)));
        var machine = new StreamMachine([job], files: copy.Disk);
        machine.Restore(new JobHarness.SnapshotBytes(SinkReplica.Write(view), new(new(3), new(1))));
        Assert.That(copy.Files, Is.EqualTo(files));
        Assert.That(machine.StateHash, Is.EqualTo(hash));
    }

    [Test]
    public void A_view_goes_on_when_its_machine_takes_the_snapshot_of_another()
    {
        using SinkDisk disk = new(), ahead = new();
        var job = SinkJob.Build();
        var behind = new JobHarness(job, disk.Disk);
        var source = new JobHarness(job, ahead.Disk);
        behind.Push("a/40000", "b/40000");
        source.Push("a/40000", "b/40000");
        source.Push("c/50000", "d/50000");
        var before = behind.Snapshot();
        var view = behind.Machine.Capture();
        behind.Machine.Restore(new JobHarness.SnapshotBytes(source.Snapshot(), new(new(4), new(1))));
        Assert.That(disk.Files, Is.EqualTo(ahead.Files));
        Assert.That(SinkReplica.Write(view), Is.EqualTo(before));
    }

    [TestCase(1, 100)]
    [TestCase(1, 39_999)]
    [TestCase(2, 0)]
    public void Damage_in_a_file_is_found_when_a_snapshot_is_written(int generation, int at)
    {
        using var disk = new SinkDisk();
        var job = Filled(disk);
        var bytes = disk.Bytes(SinkJob.NameOf(generation));
        bytes[at] ^= 1;
        disk.Put(SinkJob.NameOf(generation), bytes);
        Assert.That(job.Snapshot, Throws.TypeOf<InvalidDataException>().With.Message.StartsWith($"The file '{SinkJob.NameOf(generation)}' of a sink is damaged: its first {bytes.Length} bytes are not those that were written."));
    }

    [Test]
    public void A_file_that_was_cut_is_found_when_a_snapshot_is_written()
    {
        using var disk = new SinkDisk();
        var job = Filled(disk);
        disk.Put(SinkJob.NameOf(2), disk.Bytes(SinkJob.NameOf(2))[..^1]);
        Assert.That(job.Snapshot, Throws.TypeOf<InvalidDataException>().With.Message.Contains("is damaged"));
    }

    [Test]
    public void A_file_that_is_missing_is_found_when_the_state_is_captured()
    {
        using var disk = new SinkDisk();
        var job = Filled(disk);
        disk.Delete(SinkJob.NameOf(1));
        Assert.That(job.Snapshot, Throws.InstanceOf<IOException>().With.Message.StartsWith($"The file '{SinkJob.NameOf(1)}' of sink '{SinkJob.Sink}' cannot be opened:"));
    }

    [Test]
    public void A_snapshot_whose_files_are_damaged_is_refused()
    {
        using SinkDisk disk = new(), copy = new();
        var job = Filled(disk);
        job.Push("c/400000");
        var whole = job.Snapshot();
        byte[] bytes = [.. whole];
        bytes[^5000] ^= 1; // In the last file.
        var machine = new StreamMachine([SinkJob.Build()], files: copy.Disk);
        Assert.That(() => machine.Restore(new JobHarness.SnapshotBytes(bytes, new(new(3), new(1)))), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a checksum that is not that of a job's file"));
        Assert.That(() => machine.Restore(new JobHarness.SnapshotBytes(whole[..^1], new(new(3), new(1)))), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a job's file that is cut short"));
        Assert.That(() => machine.Restore(new JobHarness.SnapshotBytes(whole[..^400_000], new(new(3), new(1)))), Throws.TypeOf<InvalidDataException>().With.Message.Contains("the length of a job's file"));
        machine.Restore(new JobHarness.SnapshotBytes(whole, new(new(3), new(1))));
        Assert.That(copy.Files, Is.EqualTo(disk.Files), "the whole one is taken by the same machine");
    }

    [Test]
    public void A_disposed_view_has_closed_its_files()
    {
        var disk = new CountingDisk();
        var job = new JobHarness(SinkJob.Build(), disk);
        job.Push("a/40000", "b/40000");
        var before = disk.Open;
        var view = job.Machine.Capture();
        Assert.That(disk.Open, Is.EqualTo(before + 2));
        view.Dispose();
        Assert.That(disk.Open, Is.EqualTo(before));
        Assert.That(() => view.WriteNext(new System.Buffers.ArrayBufferWriter<byte>()), Throws.TypeOf<ObjectDisposedException>());
        SinkReplica.Write(job.Machine.Capture());
        Assert.That(disk.Open, Is.EqualTo(before), "a view that was written to its end has closed them, too");
    }

    private static JobHarness Filled(SinkDisk disk)
    {
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        job.Push("a/40000", "b/40000");
        return job;
    }
}
