using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>What becomes of records behind the watermark. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LatenessCases
{
    [Test]
    public void Without_allowed_lateness_a_record_for_a_closed_window_is_dropped_and_counted()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@1", "a@10");
        job.Push("a@2");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 10-20: 1" }));
        Assert.That(LateAt(job, "windows"), Is.EqualTo(1));
    }

    [Test]
    public void A_record_behind_the_watermark_counts_where_its_window_is_open()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@8");
        job.Push("a@2");
        Assert.That(job.Outputs("out"), Is.Empty, "it does not close the window");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 2" }));
    }

    [Test]
    public void A_late_record_is_taken_until_the_watermark_reaches_the_last_instant_and_the_lateness()
    {
        var job = CountingWithLate(Window.Tumbling(Ms(10)), lateness: 5);
        job.Push("a@1", "b@14"); // The watermark is 13.
        job.Push("a@2");
        Assert.That(job.Outputs("late"), Is.Empty);
        job.Push("b@15"); // 14 = 9 + 5.
        job.Push("a@3");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 0-10: 2" }));
        Assert.That(job.Outputs("late"), Is.EqualTo(new[] { "a@3" }));
    }

    [Test]
    public void Each_late_record_within_the_lateness_gives_the_window_out_again()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.AllowedLateness(Ms(50)));
        job.Push("a@1", "b@20");
        job.Push("a@2", "a@3");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 0-10: 2", "a 0-10: 3" }));
    }

    [Test]
    public void A_late_record_within_the_lateness_begins_a_window_that_never_was()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.AllowedLateness(Ms(50)));
        job.Push("b@20");
        job.Push("a@3");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1" }));
    }

    [Test]
    public void Where_the_trigger_purges_a_late_record_gives_itself_alone()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.AllowedLateness(Ms(50)).Trigger(Trigger.OnClose.Purging()));
        job.Push("a@1", "a@2", "b@20");
        job.Push("a@3");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 2", "a 0-10: 1" }));
    }

    [Test]
    public void A_record_goes_to_the_late_output_only_if_it_is_late_for_all_of_its_windows()
    {
        var job = CountingWithLate(Window.Hopping(Ms(10), Ms(5)));
        job.Push("b@11"); // The watermark is 10: 0-10 is closed, 5-15 is not.
        job.Push("a@7");
        Assert.That(job.Outputs("late"), Is.Empty);
        job.Push("b@15");
        job.Push("a@7");
        Assert.That(job.Outputs("late"), Is.EqualTo(new[] { "a@7" }));
        job.End();
        Assert.That(job.Outputs("out").Where(static result => result[0] == 'a'), Is.EqualTo(new[] { "a 5-15: 1" }));
    }

    [Test]
    public void The_late_output_has_the_records_as_they_came()
    {
        var job = CountingWithLate(Window.Tumbling(Ms(10)));
        job.Push("b@30");
        job.Push("a@1", "c@2");
        Assert.That(job.Outputs("late"), Is.EqualTo(new[] { "a@1", "c@2" }));
        Assert.That(LateAt(job, "windows"), Is.EqualTo(2));
    }

    [Test]
    public void A_window_is_forgotten_when_no_record_can_change_it_any_more()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.AllowedLateness(Ms(5)));
        job.Push("a@1", "b@14");
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(2));
        job.Push("b@15");
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(1));
    }

    [Test]
    public void Retention_keeps_a_window_for_those_who_ask_and_not_for_late_records()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.Retain(Ms(50)));
        job.Push("a@1", "b@20");
        job.Push("a@2");
        Assert.That(LateAt(job, "windows"), Is.EqualTo(1));
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(2));
        job.Push("b@60"); // 59 = 9 + 50.
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(2), "b 20-30 and b 60-70");
    }

    [Test]
    public void A_trigger_that_counts_takes_late_records_within_the_lateness_as_others()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.AllowedLateness(Ms(50)).Trigger(Trigger.Count(2)));
        job.Push("a@1", "b@20");
        job.Push("a@2");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 2" }), "only the number decides, not that the window is closed");
    }

    [Test]
    public void A_window_that_closes_and_is_forgotten_at_once_gives_its_result_first()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@9", "b@10");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1" }));
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(1));
    }

    [Test]
    public void Grace_of_Kafka_Streams_is_bound_and_lateness_together()
    {
        // Kafka closes 0-10 with a grace of 7 when its stream time is 17: here 4 of them are the bound, 3 the lateness.
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.AllowedLateness(Ms(3)), bound: 4);
        job.Push("a@1", "b@16");
        job.Push("a@2");
        job.Push("b@17");
        job.Push("a@3");
        Assert.That(LateAt(job, "windows"), Is.EqualTo(1));
    }

    [Test]
    public void The_rows_that_are_there_at_the_end_of_all_sources_stay_for_those_who_ask()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@1", "a@15");
        job.End();
        Assert.That(job.Rows("windows"), Is.EqualTo(new[] { "a,10,20=1" }), "the first one was forgotten before the end");
    }

    [Test]
    public void A_session_that_is_only_kept_for_those_who_ask_grows_together_with_none()
    {
        foreach (var retention in new[] { 0, 1000 })
        {
            var job = Counting(Window.Session(Ms(10)), windowed => windowed.Retain(Ms(retention)), bound: 5);
            job.Push("a@0", "b@20"); // The watermark is 14: the session from 0 to 10 is closed.
            job.Push("a@10");
            job.End();
            Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1", "a 10-20: 1", "b 20-30: 1" }), $"kept for {retention} ms");
        }
    }

    [Test]
    public void A_window_that_is_only_kept_for_those_who_ask_tells_nothing_by_log_time()
    {
        var job = Counting(Window.Tumbling(Ms(10)), static windowed => windowed.Trigger(Trigger.Every(TimeSpan.FromSeconds(1))).Retain(Ms(1000)));
        job.Push("a@1");
        job.Push("b@20");
        job.Tick(TimeSpan.FromSeconds(5));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "b 20-30: 1" }));
        Assert.That(job.Rows("windows"), Is.EqualTo(new[] { "a,0,10=1", "b,20,30=1" }));
    }
}
