using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>A disk that fails stops its replica, with a sentence: a state whose files are not those of the log must not go on.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FileSinkFailureTests
{
    [Test]
    public void A_write_that_fails_leaves_Apply_with_the_file_and_the_mend([Values] bool isFull, [Values] bool isFirst)
    {
        var disk = new CountingDisk();
        var job = new JobHarness(SinkJob.Build(), disk);
        if (!isFirst)
            job.Push("a");
        disk.Failure = isFull ? new DiskFullException("There is no room.") : new IOException("errno 5.");
        Assert.That(() => job.Push("b"), Throws.InstanceOf<IOException>().With.InnerException.SameAs(disk.Failure).And.Message.EqualTo(
            $"The file 'job-out-000001.txt' of sink 'out.txt' cannot be written: {(isFull ? "There is no room" : "errno 5")}. Mend the disk or make room, and start this node again, which makes its files anew out of snapshot and log."));
    }

    [Test]
    public void A_machine_that_starts_where_another_failed_has_the_files_of_the_log()
    {
        var disk = new CountingDisk();
        var job = SinkJob.Build();
        var source = new JobHarness(job, disk);
        source.Push("a", "b");
        disk.Failure = new DiskFullException("There is no room.");
        Assert.That(() => source.Push("c"), Throws.InstanceOf<IOException>());
        disk.Failure = null;
        var machine = new StreamMachine([job], files: disk);
        Assert.That(disk.List(), Is.Empty);
        var results = new Results(new System.Buffers.ArrayBufferWriter<byte>(), new int[source.Commands.Count]);
        machine.Apply(new CommandBatch(source.Commands.ToArray()), ref results);
        Assert.That(Text(disk, SinkJob.NameOf(1)), Is.EqualTo("a 1\nb 1\nc 1\n"));
    }

    private static string Text(IDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        return System.Text.Encoding.UTF8.GetString(bytes);
    }
}
