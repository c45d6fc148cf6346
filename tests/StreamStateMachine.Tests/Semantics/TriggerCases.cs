using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>When windows give out what they hold. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TriggerCases
{
    private static JobHarness Triggered(Trigger trigger) => Listing(Window.Tumbling(Ms(100)), windowed => windowed.Trigger(trigger));

    [Test]
    public void The_trigger_of_a_window_fires_once_when_it_closes()
    {
        var job = Listing(Window.Tumbling(Ms(100)));
        job.Push("a:x@1", "a:y@99");
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Push("a:z@100", "a:w@200");
        job.Tick(TimeSpan.FromHours(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: xy", "a 100-200: z" }));
    }

    [Test]
    public void A_count_fires_with_each_so_many_th_record_of_a_window()
    {
        var job = Triggered(Trigger.Count(2));
        job.Push("a:1@1", "b:x@2", "a:2@3", "a:3@4", "a:4@5");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12", "a 0-100: 1234" }));
    }

    [Test]
    public void A_count_does_not_fire_when_the_window_closes()
    {
        var job = Triggered(Trigger.Count(2));
        job.Push("a:1@1", "a:2@2", "a:3@3");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12" }), "what came behind the last full number is dropped with the window");
    }

    [Test]
    public void A_purging_count_gives_each_record_out_once()
    {
        var job = Triggered(Trigger.Count(2).Purging());
        job.Push("a:1@1", "a:2@2", "a:3@3", "a:4@4");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12", "a 0-100: 34" }));
    }

    [Test]
    public void A_count_of_one_is_the_trigger_for_each_record()
    {
        var job = Triggered(Trigger.Count(1));
        job.Push("a:1@1", "a:2@2");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 1", "a 0-100: 12" }));
    }

    [Test]
    public void Count_or_close_fires_for_both()
    {
        var job = Triggered(Trigger.Count(2).Or(Trigger.OnClose));
        job.Push("a:1@1", "a:2@2", "a:3@3");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12", "a 0-100: 123" }));
    }

    [Test]
    public void Purging_count_or_close_gives_the_rest_when_the_window_closes()
    {
        var job = Triggered(Trigger.Count(2).Or(Trigger.OnClose).Purging());
        job.Push("a:1@1", "a:2@2", "a:3@3");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12", "a 0-100: 3" }));
    }

    [Test]
    public void A_window_that_was_purged_and_got_nothing_since_gives_nothing()
    {
        var job = Triggered(Trigger.Count(2).Or(Trigger.OnClose).Purging());
        job.Push("a:1@1", "a:2@2");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12" }));
    }

    [Test]
    public void Emit_on_update_gives_a_result_with_each_record_and_none_when_the_window_closes()
    {
        var job = Triggered(Trigger.OnUpdate);
        job.Push("a:1@1", "a:2@2");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 1", "a 0-100: 12" }));
    }

    [Test]
    public void Emit_on_window_close_gives_one_final_result()
    {
        var job = Triggered(Trigger.OnClose);
        job.Push("a:1@1", "a:2@2");
        Assert.That(job.Rows("windows"), Has.Count.EqualTo(1), "the row is there to be asked for before");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 12" }));
    }

    [Test]
    public void Every_so_often_fires_at_multiples_of_log_time()
    {
        var job = Triggered(Trigger.Every(TimeSpan.FromSeconds(1)));
        job.Tick(Ms(700));
        job.Push("a:1@1");
        job.Tick(Ms(299)); // The log began at 1 ns: this is 999 ms of it.
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Tick(Ms(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 1" }));
    }

    [Test]
    public void Every_so_often_does_not_fire_again_where_nothing_came_since()
    {
        var job = Triggered(Trigger.Every(TimeSpan.FromSeconds(1)));
        job.Push("a:1@1");
        job.Tick(TimeSpan.FromSeconds(1));
        job.Tick(TimeSpan.FromSeconds(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 1" }));
        job.Push("a:2@2");
        job.Tick(TimeSpan.FromSeconds(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 1", "a 0-100: 12" }));
    }

    [Test]
    public void Every_so_often_fires_once_for_many_records_in_between()
    {
        var job = Triggered(Trigger.Every(TimeSpan.FromSeconds(1)));
        job.Push("a:1@1", "a:2@2");
        job.Tick(Ms(100));
        job.Push("a:3@3");
        job.Tick(TimeSpan.FromSeconds(10));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 123" }));
    }

    [Test]
    public void Every_so_often_does_not_fire_for_a_window_that_was_forgotten()
    {
        var job = Triggered(Trigger.Every(TimeSpan.FromSeconds(1)));
        job.Push("a:1@1");
        job.End();
        job.Tick(TimeSpan.FromSeconds(10));
        Assert.That(job.Outputs("out"), Is.Empty, "add Or(OnClose) where the last result matters");
    }

    [Test]
    public void Early_results_and_a_final_one()
    {
        var job = Triggered(Trigger.Every(TimeSpan.FromSeconds(1)).Or(Trigger.OnClose));
        job.Push("a:1@1");
        job.Tick(TimeSpan.FromSeconds(1));
        job.Push("a:2@2");
        job.End();
        job.Tick(TimeSpan.FromSeconds(10));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-100: 1", "a 0-100: 12" }));
    }

    [Test]
    public void Two_triggers_of_one_kind_are_refused() =>
        Assert.That(() => Trigger.Count(2).Or(Trigger.Count(3)), Throws.ArgumentException);

    [Test]
    public void The_global_window_needs_a_trigger() =>
        Assert.That(() => Counting(Window.Global), Throws.InvalidOperationException);

    [Test]
    public void Global_window_and_purging_count_make_count_windows()
    {
        var job = Listing(Window.Global, static windowed => windowed.Trigger(Trigger.Count(3).Purging()));
        job.Push("a:1@1", "a:2@99999", "b:x@2", "a:3@-50", "a:4@4");
        job.End();
        Assert.That(job.Outputs("out").Select(static result => result[^3..]), Is.EqualTo(new[] { "123" }), "by key, whatever the times are; the rest is never given out");
    }

    [Test]
    public void The_global_window_closes_at_the_end_of_all_sources()
    {
        var job = Listing(Window.Global, static windowed => windowed.Trigger(Trigger.OnClose));
        job.Push("a:1@1", "a:2@5000");
        Assert.That(job.Outputs("out"), Is.Empty);
        job.End();
        Assert.That(job.Outputs("out").Single(), Does.EndWith(": 12"));
    }

    [Test]
    public void No_record_is_late_for_the_global_window()
    {
        var job = Listing(Window.Global, static windowed => windowed.Trigger(Trigger.OnUpdate));
        job.Push("a:1@5000");
        job.Push("a:2@1");
        Assert.That((job.Outputs("out").Count, LateAt(job, "windows")), Is.EqualTo((2, 0)));
    }
}
