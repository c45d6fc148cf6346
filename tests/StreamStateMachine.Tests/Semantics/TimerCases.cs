using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Timers of process functions. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TimerCases
{
    [Test]
    public void A_timer_fires_once_for_a_key_and_time_however_often_it_was_set()
    {
        var job = Process(static () => new Timers());
        job.Push("a:50@1", "a:50@2", "b:50@3", "a:-@100");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 50, watermark 50", "b at 50, watermark 50" }));
    }

    [Test]
    public void A_timer_fires_when_the_watermark_has_come_to_its_time()
    {
        var job = Process(static () => new Timers());
        job.Push("a:50@1", "a:-@50");
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Push("a:-@51");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 50, watermark 50" }));
    }

    [Test]
    public void Timers_fire_in_the_order_of_their_times()
    {
        var job = Process(static () => new Timers());
        job.Push("a:70@1", "b:50@2", "c:60@3", "a:-@100");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "b at 50, watermark 50", "c at 60, watermark 60", "a at 70, watermark 70" }));
    }

    [Test]
    public void A_timer_for_a_time_gone_by_fires_at_the_end_of_the_command()
    {
        var job = Process(static () => new Timers());
        job.Push("a:-@100");
        job.Push("a:50@101");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 50, watermark 99" }));
    }

    [Test]
    public void A_timer_that_was_taken_back_does_not_fire()
    {
        var job = Process(static () => new Timers());
        job.Push("a:50@1", "b:50@1");
        job.Push("a:x50@2", "a:-@100");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "b at 50, watermark 50" }), "timers of other keys stay");
    }

    [Test]
    public void A_timer_set_by_a_timer_fires_with_the_same_watermark_where_it_is_due()
    {
        var job = Process(static () => new Repeating());
        job.Push("a@1", "b@25");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 11", "a 21" }));
        job.Push("b@32");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 11", "a 21", "a 31" }));
    }

    [Test]
    public void A_record_is_processed_before_the_timers_of_the_watermark_that_it_brings()
    {
        var job = Process(static () => new Timers());
        job.Push("a:50@1");
        job.Push("a:x50@100");
        Assert.That(job.Outputs("out"), Is.Empty, "it took the timer back in time");
    }

    [Test]
    public void All_timers_of_event_time_fire_at_the_end_of_all_sources()
    {
        var job = Process(static () => new Timers());
        job.Push("a:9000000000000000000@1");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 9000000000000000000, watermark 9000000000000000000" }));
    }

    [Test]
    public void What_a_timer_gives_out_is_on_time_for_windows_behind_it()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time()).KeyBy(KeyOf).Process("process", static () => new Timers()).Window(Window.Tumbling(Ms(10))).Count("windows").ToStream().ToSubscription("out", format: Show);
        var job = new JobHarness(builder.Build());
        job.Push("a:59@1", "a:-@100");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 50-60: 1" }));
    }

    [Test]
    public void A_timer_of_log_time_fires_when_log_time_has_come_there()
    {
        var job = Process(static () => new LogTimers());
        job.Push("a@1", "a@2", "b@3");
        job.Tick(Ms(999));
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Tick(Ms(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at watermark 2", "b at watermark 2" }), "once for each key and time");
    }

    [Test]
    public void Timers_of_log_time_go_on_after_the_end_of_all_sources()
    {
        var job = Process(static () => new LogTimers());
        job.Push("a@1");
        job.End();
        job.Tick(TimeSpan.FromSeconds(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { $"a at watermark {long.MaxValue}" }));
    }

    /// <summary>A record "key:time@..." sets a timer, "key:xtime@..." takes it back, "key:-@..." does nothing.</summary>
    private sealed class Timers : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context)
        {
            var what = ValueOf(value);
            if (what[0] == 'x')
                context.CancelTimer(Number(what[1..]));
            else if (what[0] != '-')
                context.SetTimer(Number(what));
        }

        public override void OnTimer(ProcessContext<string, string> context) => context.Emit($"{context.Key} at {context.Time}, watermark {context.Watermark}");

        private static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A timer every ten milliseconds for the key "a", from its first record on, three times.</summary>
    private sealed class Repeating : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context)
        {
            if (string.Equals(context.Key, "a", StringComparison.Ordinal))
                context.SetTimer(context.Time + 10);
        }

        public override void OnTimer(ProcessContext<string, string> context)
        {
            context.Emit($"{context.Key} {context.Time}");
            if (context.Time < 31)
                context.SetTimer(context.Time + 10);
        }
    }

    private sealed class LogTimers : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context) => context.SetLogTimer(context.LogTime + TimeSpan.FromSeconds(1));

        public override void OnTimer(ProcessContext<string, string> context) => context.Emit($"{context.Key} at watermark {context.Time}");
    }
}
