using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>What is taken back leaves nothing in a file.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FileSinkRollbackTests
{
    [Test]
    public void A_poison_record_leaves_nothing_whatever_comes_before_and_behind_it()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        job.Push("poison/900", "a/10", "poison/500", "b/700", "poison/50", "poison/5000");
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(["a/10", "b/700"])));
        job.Push("poison/20");
        job.Push("c/3");
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(["a/10", "b/700", "c/3"])));
        Assert.That(job.Status().DeadLetters, Is.EqualTo(5));
    }

    [Test]
    public void A_poison_record_that_began_a_file_takes_that_back_as_well()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        job.Push("a/60000", "poison/60000", "b/100", "poison/60000", "c/60000");
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(["a/60000", "b/100", "c/60000"])));
    }

    [Test]
    public void A_declined_command_leaves_nothing_and_deletes_nothing()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(options: new() { MaxStateBytes = 1 << 20 }), disk.Disk);
        job.Push("a/60000", "b/60000");
        var before = disk.Files;
        var status = job.Status();
        var keys = Enumerable.Range(0, 2000).Select(static i => $"{i}:{new string('x', 990)}").ToArray();
        Assert.That(job.PushTo(0, "other", keys).Problem, Is.EqualTo(JobProblem.StateFull));
        Assert.That(disk.Files, Is.EqualTo(before));
        Assert.That(job.Status().Files, Is.EqualTo(status.Files));
        job.Push("c");
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(["a/60000", "b/60000", "c"])));
    }

    [Test]
    public void A_record_of_two_lines_or_of_a_line_too_long_is_set_aside()
    {
        using var disk = new SinkDisk();
        var builder = new StreamBuilder("job");
        builder.Ingest("in").ToFile("out.txt", static record => record.StartsWith("long", StringComparison.Ordinal) ? new string('x', FileSinkNode.MaxLineBytes - (record == "long" ? 0 : 1)) : record);
        var job = new JobHarness(builder.Build(), disk.Disk);
        job.Push("a", "two\nlines", "long", "longest", "b");
        Assert.That(disk.Text("job-out-000001.txt"), Is.EqualTo($"a\n{new string('x', FileSinkNode.MaxLineBytes - 1)}\nb\n"));
        Assert.That(job.Status().DeadLetters, Is.EqualTo(2));
    }

    [Test]
    public void A_result_of_a_window_that_is_poison_leaves_nothing()
    {
        using var disk = new SinkDisk();
        var builder = new StreamBuilder("job");
        var changes = builder.Ingest("in", EventTime.Of<string>(static record => record.Length)).KeyBy(static record => record[..1]).Window(Window.Tumbling(TimeSpan.FromMilliseconds(10))).Count("windows").ToStream();
        changes.ToFile("out.txt", static change => $"{change.Key.Key} {change.Value}");
        changes.Map(static change => change.Key.Key == "p" ? throw new PoisonRecordException("It says so itself.") : change.Value).ToSubscription("behind", keep: 1);
        var job = new JobHarness(builder.Build(), disk.Disk);
        job.Push("a", "p", "p", "z");
        job.End();
        Assert.That(disk.Files, Is.EqualTo(new[] { ("job-out-000001.txt", "a 1\nz 1\n") }));
        Assert.That(job.Status().DeadLetters, Is.EqualTo(1));
    }

    [Test]
    public void A_repeated_command_writes_nothing_again()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        job.Push("a", "b");
        var again = job.Commands[^1].Payload;
        var reply = job.Apply(output => System.Buffers.BuffersExtensions.Write(output, again.Span));
        Assert.That(reply.Problem, Is.EqualTo(JobProblem.WrongPosition));
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(["a", "b"])));
    }
}
