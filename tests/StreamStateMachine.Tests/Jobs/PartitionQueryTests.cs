namespace RaftStream.StreamStateMachine.Tests.Jobs;

/// <summary>Where one partition of a source stands: answered alone, however many others there are.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PartitionQueryTests
{
    [Test]
    public void It_stands_where_the_status_says_and_the_answer_is_as_long_as_one_position()
    {
        var job = Job();
        for (var number = 0; number < 300; number++)
            job.PushTo(0, $"p-{number}", Enumerable.Repeat("line", 1 + (number % 3)).ToArray());
        job.PushTo(1, "p-7", "other");
        var status = job.Status().Partitions;
        Assert.That(status, Has.Count.EqualTo(301));
        foreach (var at in status)
        {
            var (position, bytes) = job.Partition(at.Source, at.Partition);
            Assert.That((position, ProducerPosition.SequenceOf(position!.Value)), Is.EqualTo(((SourcePosition?)at.At.Position, (long?)at.At.Records)), $"{at.Source} {at.Partition}");
            Assert.That(bytes, Is.LessThanOrEqualTo(16));
        }
    }

    [Test]
    public void One_that_is_not_known_stands_at_the_start()
    {
        var job = Job();
        job.PushTo(0, "p", "line");
        Assert.That(job.Partition("in", "q").Position, Is.EqualTo((SourcePosition?)default(SourcePosition)));
        Assert.That(job.Partition("also", "p").Position, Is.EqualTo((SourcePosition?)default(SourcePosition)), "another source's");
    }

    [Test]
    public void A_source_that_there_is_none_of_and_a_job_that_has_not_begun_have_no_answer()
    {
        var job = Job();
        Assert.That(job.Partition("in", "p").Position, Is.Null, "it has not begun");
        job.PushTo(0, "p", "line");
        Assert.That(job.Partition("nothing", "p").Position, Is.Null);
    }

    private static JobHarness Job()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in").KeyBy(static line => line).Count("counts");
        builder.Ingest("also").KeyBy(static line => line).Count("others");
        return new(builder.Build());
    }
}
