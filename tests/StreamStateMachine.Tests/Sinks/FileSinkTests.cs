using RaftStream.Raft.Log;
using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>What a file sink writes, and where it begins the next file.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FileSinkTests
{
    private static readonly string[] Letters = ["a", "b"];

    [Test]
    public void Each_record_is_a_line_in_the_order_of_the_log()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        Assert.That(disk.Names, Is.Empty, "there is no file before the first line");
        job.Push("a", "b", "a");
        job.Push("c");
        Assert.That(disk.Files, Is.EqualTo(new[] { ("job-out-000001.txt", "a 1\nb 1\na 2\nc 1\n") }));
    }

    [Test]
    public void Without_a_format_a_line_is_the_json_of_its_record()
    {
        using var disk = new SinkDisk();
        var builder = new StreamBuilder("words");
        builder.Ingest("in").ToFile("plain");
        var job = new JobHarness(builder.Build(), disk.Disk);
        job.Push("say \"hi\"", "two\nlines");
        Assert.That(disk.Files, Is.EqualTo(new[] { ("words-plain-000001", "\"say \\u0022hi\\u0022\"\n\"two\\nlines\"\n") }));
    }

    [Test]
    public void A_line_that_would_make_its_file_too_large_begins_the_next_and_the_oldest_is_deleted()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(keep: 3), disk.Disk);
        var records = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            records.Add($"k{i % 4}/{10_000 + (i * 37)}");
            job.Push(records[^1]);
            Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(records, keep: 3)), $"after {i + 1} records");
        }

        Assert.That(disk.Names, Is.EqualTo(new[] { SinkJob.NameOf(4), SinkJob.NameOf(5), SinkJob.NameOf(6) }));
    }

    [Test]
    public void A_file_may_be_full_to_the_last_byte_and_a_line_larger_than_a_file_stands_alone()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(keep: 5), disk.Disk);
        job.Push("a/32768", "b/32768", "c/100000", "d/5");
        Assert.That(disk.Files.Select(static file => file.Text.Length), Is.EqualTo(new[] { 65_536, 100_000, 6 }));
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(["a/32768", "b/32768", "c/100000", "d/5"], keep: 5)));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void One_command_may_fill_more_files_than_are_kept(int keep)
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(keep), disk.Disk);
        string[] records = ["first", .. Enumerable.Range(0, 40).Select(static i => $"k/{20_000 + i}")];
        job.Push(records[0]);
        job.Push(records[1..]);
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect(records, keep)));
        job.Push("last");
        Assert.That(disk.Files, Is.EqualTo(SinkJob.Expect([.. records, "last"], keep)));
    }

    [Test]
    public void Several_sinks_and_jobs_write_files_of_their_own()
    {
        using var disk = new SinkDisk();
        var builder = new StreamBuilder("job");
        var stream = builder.Ingest("in");
        stream.ToFile("one.csv", static record => $"1,{record}");
        stream.ToFile("two.csv", static record => $"2,{record}");
        var job = new JobHarness(builder.Build(), disk.Disk);
        job.Push(Letters);
        Assert.That(disk.Files, Is.EqualTo(new[] { ("job-one-000001.csv", "1,a\n1,b\n"), ("job-two-000001.csv", "2,a\n2,b\n") }));
    }

    [Test]
    public void The_status_tells_how_far_the_sink_has_come()
    {
        using var disk = new SinkDisk();
        var job = new JobHarness(SinkJob.Build(), disk.Disk);
        job.Push("a/40000", "b/40000", "c");
        var status = job.Status().Files.Single();
        var bytes = disk.Bytes(SinkJob.NameOf(2));
        Assert.That(status, Is.EqualTo(new FileSinkStatus(SinkJob.Sink, 4, 2, bytes.Length, Crc32C.Of(bytes))));
    }

    [Test]
    public void A_machine_without_a_folder_refuses_a_job_with_a_file_sink()
    {
        Assert.That(() => new StreamMachine([SinkJob.Build()]), Throws.ArgumentException.With.Message.StartsWith("Job 'job' writes files, to its sink 'out.txt', and this machine has no folder for them: give it one"));
    }

    [Test]
    public void Two_sinks_that_would_write_the_same_files_are_refused()
    {
        using var disk = new SinkDisk();
        Assert.That(() => new StreamMachine([Writing("a-b", "c"), Writing("a", "b-c")], files: disk.Disk), Throws.ArgumentException.With.Message.StartsWith(
            "The file sinks 'c' of job 'a-b' and 'b-c' of job 'a' would both write 'a-b-c-N': give one of them another name."));
    }

    [TestCase(65_535, 4)]
    [TestCase((1L << 30) + 1, 4)]
    [TestCase(65_536, 0)]
    [TestCase(65_536, 1001)]
    public void Options_out_of_their_range_are_refused(long rotateBytes, int keep) =>
        Assert.That(() => SinkJob.Build(keep, rotateBytes), Throws.ArgumentException.With.Message.Contains("between these"));

    private static Job Writing(string job, string sink)
    {
        var builder = new StreamBuilder(job);
        builder.Ingest("in").ToFile(sink);
        return builder.Build();
    }
}
