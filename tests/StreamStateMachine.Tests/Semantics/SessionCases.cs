using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>How session windows begin, grow and end. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SessionCases
{
    private static readonly WindowAssigner Gap10 = Window.Session(Ms(10));

    [Test]
    public void Records_less_than_the_gap_apart_are_one_session()
    {
        var job = Listing(Gap10);
        job.Push("a:1@0", "a:2@9", "a:3@18");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-28: 123" }));
    }

    [Test]
    public void Records_exactly_the_gap_apart_are_one_session()
    {
        var job = Listing(Gap10);
        job.Push("a:1@0", "a:2@10");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-20: 12" }), "0-10 and 10-20 touch");
    }

    [Test]
    public void Records_more_than_the_gap_apart_are_two_sessions()
    {
        var job = Listing(Gap10);
        job.Push("a:1@0", "a:2@11");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 11-21: 2" }));
    }

    [Test]
    public void A_session_closes_one_gap_behind_its_last_record()
    {
        var job = Listing(Gap10);
        job.Push("a:1@0", "a:2@5", "b:x@14"); // The watermark is 13.
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Push("b:y@15"); // 14 is the last instant of 0-15.
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-15: 12" }));
    }

    [Test]
    public void Each_key_has_sessions_of_its_own()
    {
        var job = Listing(Gap10);
        job.Push("a:1@0", "b:x@5", "a:2@8", "b:y@20");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "b 5-15: x", "a 0-18: 12", "b 20-30: y" }));
    }

    [Test]
    public void A_record_between_two_sessions_makes_them_one()
    {
        var job = Listing(Gap10, bound: 100);
        job.Push("a:1@0", "a:3@16", "a:2@8");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-26: 132" }), "the contents of both, the earlier first, and the record behind");
    }

    [Test]
    public void A_record_that_comes_out_of_order_can_begin_a_session_earlier()
    {
        var job = Listing(Gap10, bound: 100);
        job.Push("a:2@20", "a:1@12");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 12-30: 21" }));
    }

    [Test]
    public void A_late_record_counts_where_it_touches_a_session_that_is_open()
    {
        var job = Listing(Gap10);
        job.Push("a:1@0", "a:2@9", "b:x@17"); // The watermark is 16: a session of 0-10 alone would be closed.
        job.Push("a:3@1");
        job.End();
        Assert.That(job.Outputs("out").Where(static result => result[0] == 'a'), Is.EqualTo(new[] { "a 0-19: 123" }));
    }

    [Test]
    public void A_late_record_that_touches_no_session_is_late()
    {
        var job = CountingWithLate(Gap10);
        job.Push("a@100");
        job.Push("a@50");
        Assert.That(job.Outputs("late"), Is.EqualTo(new[] { "a@50" }));
    }

    [Test]
    public void The_last_instant_and_the_lateness_bound_a_session_as_other_windows()
    {
        var job = CountingWithLate(Gap10, lateness: 5);
        job.Push("b@64"); // The watermark is 63; 50-60 is late from 64 = 59 + 5 on.
        job.Push("a@50");
        Assert.That(job.Outputs("late"), Is.Empty);
        job.Push("b@65");
        job.Push("c@50");
        Assert.That(job.Outputs("late"), Is.EqualTo(new[] { "c@50" }));
    }

    [Test]
    public void A_session_that_gave_its_result_grows_by_a_late_record_and_gives_it_again()
    {
        var job = Listing(Gap10, static windowed => windowed.AllowedLateness(Ms(50)));
        job.Push("a:1@0", "b:x@30");
        job.Push("a:2@5");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 0-15: 12" }), "the earlier result is not taken back");
    }

    [Test]
    public void A_late_record_joins_a_session_that_gave_its_result_to_one_that_is_open()
    {
        var job = Listing(Gap10, static windowed => windowed.AllowedLateness(Ms(50)));
        job.Push("a:1@0", "a:3@18"); // The watermark is 17: 0-10 gave its result, 18-28 is open.
        job.Push("a:2@9");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1" }), "the larger session is not closed yet");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 0-28: 132" }));
    }

    [Test]
    public void Of_sessions_that_grow_together_only_the_larger_remains()
    {
        var job = Listing(Gap10, bound: 100);
        job.Push("a:1@0", "a:3@16");
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(2));
        job.Push("a:2@8");
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(1));
    }

    [Test]
    public void Counts_of_sessions_that_grow_together_are_added()
    {
        var job = Listing(Gap10, static windowed => windowed.Trigger(Trigger.Count(3)), bound: 100);
        job.Push("a:1@0", "a:3@16");
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Push("a:2@8");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-26: 132" }));
    }

    [Test]
    public void A_purged_session_grows_without_what_it_gave_out()
    {
        var job = Listing(Gap10, static windowed => windowed.AllowedLateness(Ms(50)).Trigger(Trigger.OnClose.Purging()));
        job.Push("a:1@0", "b:x@30");
        job.Push("a:2@5");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 0-15: 2" }));
    }

    [Test]
    public void Every_so_often_follows_a_session_that_grows()
    {
        var job = Listing(Gap10, static windowed => windowed.Trigger(Trigger.Every(TimeSpan.FromSeconds(1))), bound: 100);
        job.Push("a:1@0", "a:3@16");
        job.Push("a:2@8");
        job.Tick(TimeSpan.FromSeconds(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-26: 132" }), "the timers of the smaller ones are gone");
    }

    [Test]
    public void An_aggregation_that_cannot_merge_is_refused()
    {
        var builder = new StreamBuilder("job");
        var last = new Aggregation<string, string, string>("last", "", static (_, record) => record, static last => last, Codecs.Text, Codecs.Text);
        builder.Ingest("in", Time()).KeyBy(KeyOf).Window(Gap10).Aggregate("windows", last);
        Assert.That(() => builder.Build(), Throws.InstanceOf<TopologyException>());
    }
}
