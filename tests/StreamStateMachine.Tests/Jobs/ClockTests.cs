using System.Globalization;

namespace RaftStream.StreamStateMachine.Tests.Jobs;

/// <summary>What a watermark that moves in steps, and results that turn out to be poison, may not take back: the smallest cases that the model test found.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ClockTests
{
    private static TimeSpan Ms(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static string KeyOf(string record) => record[..record.IndexOf('@', StringComparison.Ordinal)];

    private static long TimeOf(string record) => long.Parse(record.AsSpan(record.IndexOf('@', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);

    private static KeyedStream<string, string> Keyed(StreamBuilder builder, long outOfOrderness = 0) =>
        builder.Ingest("in", EventTime.Of<string>(TimeOf, Ms(outOfOrderness))).KeyBy(KeyOf);

    private static void ToOut(Table<Windowed<string>, long> counts) =>
        counts.ToStream().ToSubscription("out", format: static change => $"{change.Key.Key} {change.Key.Window.Start}: {change.Value}");

    private static long LateAt(JobHarness job, string name) => job.Instance.Context.Sums.LateAt(job.Job.Nodes.Single(node => node.Name == name));

    [Test]
    public void A_record_repeats_any_that_was_let_through_also_one_out_of_order()
    {
        var builder = new StreamBuilder("job");
        Keyed(builder, outOfOrderness: 1000).Deduplicate(Ms(10)).ToStream().ToSubscription("out", format: static item => item.Value);
        var job = new JobHarness(builder.Build());
        job.Push("a@100", "a@50", "a@50", "a@59", "a@41", "a@60", "a@91");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@100", "a@50", "a@60" }));
    }

    [Test]
    public void A_time_beyond_the_calendar_is_poison_for_windows_by_a_zone()
    {
        var builder = new StreamBuilder("job");
        Keyed(builder).Window(Window.Tumbling(TimeSpan.FromDays(1), TimeZoneInfo.Utc)).Count("windows");
        var job = new JobHarness(builder.Build());
        job.Push($"a@{1L << 50}", $"a@{-(1L << 50)}");
        Assert.That((job.Instance.Context.Letters.Total, job.Rows("windows").Count), Is.EqualTo((2, 0)));
        Assert.That(job.Instance.Context.Letters.Find(1)!.Reason, Does.Contain("no day of the calendar"));
    }

    [Test]
    public void A_window_fires_by_log_time_again_after_a_result_that_was_poison()
    {
        var builder = new StreamBuilder("job");
        Keyed(builder).Window(Window.Global).Trigger(Trigger.Every(Ms(100))).Count("windows").ToStream()
            .Map(static change => change.Value == 1 ? throw new PoisonRecordException("One is none.") : change.Value).ToSubscription("out", format: static count => count.ToString(CultureInfo.InvariantCulture));
        var job = new JobHarness(builder.Build());
        job.Push("a@1");
        job.Tick(Ms(200));
        Assert.That((job.Instance.Context.Letters.Total, job.Outputs("out").Count), Is.EqualTo((1, 0)));
        job.Push("a@2");
        job.Tick(Ms(200));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "2" }));
    }

    [Test]
    public void A_timer_that_is_set_for_the_past_while_others_fire_takes_no_watermark_back()
    {
        var builder = new StreamBuilder("job");
        ToOut(Keyed(builder, outOfOrderness: 1000).Process("back", static () => new Back()).Window(Window.Tumbling(Ms(10))).Count("windows"));
        var job = new JobHarness(builder.Build());
        job.Push("a@100");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 100: 1" }));
        Assert.That(LateAt(job, "windows"), Is.EqualTo(1));
    }

    [Test]
    public void A_partition_that_becomes_known_while_timers_wait_takes_no_watermark_back()
    {
        var builder = new StreamBuilder("job", new() { MaxTimersPerCommand = 1 });
        ToOut(Keyed(builder).Window(Window.Tumbling(Ms(10))).Count("windows"));
        var job = new JobHarness(builder.Build());
        job.Push("a@1", "b@2", "c@3", "d@20");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0: 1" }));
        job.Register(0, "q");
        job.Restart();
        for (var more = 10; more > 0; more--)
            job.Tick(TimeSpan.Zero);
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0: 1", "b 0: 1", "c 0: 1" }));
        Assert.That(job.PushTo(0, "q", "a@5").Problem, Is.EqualTo(JobProblem.None));
        Assert.That(LateAt(job, "windows"), Is.EqualTo(1));
    }

    [Test]
    public void A_dead_letter_is_not_replayed_while_timers_wait()
    {
        var builder = new StreamBuilder("job", new() { MaxTimersPerCommand = 1 });
        var keyed = Keyed(builder);
        keyed.RangeSum("sums", 2, static record => KeyOf(record).Length, static _ => 1);
        ToOut(keyed.Window(Window.Tumbling(Ms(10))).Count("windows"));
        var job = new JobHarness(builder.Build());
        job.Push("long@1", "a@2", "b@3", "c@20");
        Assert.That(job.Apply(output => JobCommand.WriteReplay(output, job.Job, 1)).Problem, Is.EqualTo(JobProblem.Busy));
        for (var more = 10; more > 0; more--)
            job.Tick(TimeSpan.Zero);
        Assert.That(job.Apply(output => JobCommand.WriteReplay(output, job.Job, 1)).Problem, Is.EqualTo(JobProblem.None));
    }

    /// <summary>Tells each timer, and at the one for 100 wants one for 50.</summary>
    private sealed class Back : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context) => context.SetTimer(context.Time);

        public override void OnTimer(ProcessContext<string, string> context)
        {
            context.Emit("timer");
            if (context.Time == 100)
                context.SetTimer(50);
        }
    }
}
