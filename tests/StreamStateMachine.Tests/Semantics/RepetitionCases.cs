using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Records that repeat others. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RepetitionCases
{
    private static JobHarness Once(Func<KeyedStream<string, string>, KeyedStream<string, string>> once)
    {
        var builder = new StreamBuilder("job");
        once(builder.Ingest("in", Time()).KeyBy(KeyOf)).ToStream().ToSubscription("out", format: static record => record.Value);
        return new(builder.Build());
    }

    [Test]
    public void Distinct_lets_the_first_record_of_a_key_through_that_comes()
    {
        var job = Once(static keyed => keyed.Distinct());
        job.Push("a@5", "a@1", "b@3", "a@100000");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@5", "b@3" }), "the first in the log, not the earliest");
    }

    [Test]
    public void Deduplicate_drops_what_repeats_a_record_within_the_span()
    {
        var job = Once(static keyed => keyed.Deduplicate(Ms(10)));
        job.Push("a@0", "a@9", "b@9", "a@10");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@0", "b@9", "a@10" }), "the span is measured from what was let through");
    }

    [Test]
    public void Deduplicate_drops_what_comes_out_of_order_within_the_span_as_well()
    {
        var job = Once(static keyed => keyed.Deduplicate(Ms(10)));
        job.Push("a@20", "a@11", "a@10");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@20", "a@10" }));
    }

    [Test]
    public void Deduplicate_forgets_what_no_record_on_time_can_repeat()
    {
        var job = Once(static keyed => keyed.Deduplicate(Ms(10)));
        job.Push("b@0");
        job.Push("a@1");
        var before = job.Instance.Tree.Count;
        job.Push("c@50");
        Assert.That(job.Instance.Tree.Count, Is.LessThan(before), "a and b are gone, c is there, and an output more");
    }
}
