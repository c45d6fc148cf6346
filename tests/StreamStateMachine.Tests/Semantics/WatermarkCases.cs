using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>How far event time comes. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WatermarkCases
{
    private static JobHarness Telling(EventTime<string> time)
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", time).KeyBy(KeyOf).Process("tell", static () => new TimeTeller<string, string>()).ToStream().ToSubscription("out", format: static told => told.Value);
        return new(builder.Build());
    }

    private static long Watermark(JobHarness job) => job.Instance.Context.Clock.WatermarkOf(0);

    [Test]
    public void Without_a_record_there_is_no_watermark()
    {
        var job = Telling(Time());
        job.Push("a@-500");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at -500, watermark none" }));
    }

    [Test]
    public void Ascending_times_have_a_watermark_one_millisecond_behind_the_largest()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@1", "a@9");
        Assert.That((Watermark(job), job.Outputs("out").Count), Is.EqualTo((8, 0)));
        job.Push("a@10");
        Assert.That((Watermark(job), job.Outputs("out").Count), Is.EqualTo((9, 1)));
    }

    [Test]
    public void A_bound_on_disorder_holds_the_watermark_back_by_it_and_one_millisecond()
    {
        var job = Counting(Window.Tumbling(Ms(10)), bound: 5);
        job.Push("a@1", "a@14");
        Assert.That((Watermark(job), job.Outputs("out").Count), Is.EqualTo((8, 0)));
        job.Push("a@15");
        Assert.That((Watermark(job), job.Outputs("out").Count), Is.EqualTo((9, 1)));
    }

    [Test]
    public void A_record_as_far_out_of_order_as_the_bound_is_on_time()
    {
        var job = Counting(Window.Tumbling(Ms(1)), bound: 5);
        job.Push("a@20");
        job.Push("a@15");
        job.Push("a@14");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 15-16: 1", "a 20-21: 1" }));
    }

    [Test]
    public void The_watermark_never_goes_back()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@50");
        job.Push("a@20");
        Assert.That(Watermark(job), Is.EqualTo(49));
    }

    [Test]
    public void The_watermark_of_a_batch_stands_behind_all_of_its_records()
    {
        var job = Telling(Time());
        job.Push("a@50", "a@20");
        job.Push("a@30");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 50, watermark none", "a at 20, watermark none", "a at 30, watermark 49" }));
    }

    [Test]
    public void Of_several_partitions_the_least_counts()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Register(0, "p", "q");
        job.Open<string>(0, "p");
        job.Open<string>(0, "q");
        job.PushTo(0, "p", "a@100");
        job.PushTo(0, "q", "a@5");
        Assert.That(Watermark(job), Is.EqualTo(4));
        job.PushTo(0, "q", "a@30");
        Assert.That(Watermark(job), Is.EqualTo(29));
    }

    [Test]
    public void A_partition_that_is_known_and_gave_nothing_holds_everything_back()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Register(0, "silent");
        job.Push("a@1", "a@100");
        Assert.That((Watermark(job), job.Outputs("out").Count), Is.EqualTo((long.MinValue, 0)));
    }

    [Test]
    public void A_partition_that_becomes_known_later_takes_no_watermark_back()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@100");
        job.PushTo(0, "new", "a@1", "a@200");
        Assert.That((Watermark(job), LateAt(job, "windows")), Is.EqualTo((99, 1)), "what it has of times gone by is late, and it does not move the others on");
    }

    [Test]
    public void Of_several_sources_the_least_counts()
    {
        var job = TwoSources();
        job.PushTo(0, "p", "a@100");
        job.PushTo(1, "q", "a@1");
        Assert.That(job.Outputs("out"), Is.Empty);
        job.PushTo(1, "q", "a@50");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 1" }));
    }

    [Test]
    public void A_source_of_which_no_partition_is_known_holds_everything_back()
    {
        var job = TwoSources();
        job.PushTo(0, "p", "a@1", "a@100");
        Assert.That(job.Outputs("out"), Is.Empty);
    }

    [Test]
    public void Operators_without_a_source_in_common_have_watermarks_of_their_own()
    {
        var builder = new StreamBuilder("job");
        foreach (var name in new[] { "first", "second" })
            builder.Ingest(name, Time()).KeyBy(KeyOf).Window(Window.Tumbling(Ms(10))).Count($"{name} windows").ToStream().ToSubscription($"{name} out", format: Show);
        var job = new JobHarness(builder.Build());
        job.PushTo(0, "p", "a@1", "a@100");
        Assert.That(job.Outputs("first out"), Is.EqualTo(new[] { "a 0-10: 1" }));
        Assert.That(job.Outputs("second out"), Is.Empty);
    }

    [Test]
    public void A_partition_that_is_idle_holds_nothing_back()
    {
        var job = Idle();
        job.Tick(Ms(600));
        job.PushTo(0, "p", "a@200");
        Assert.That(Watermark(job), Is.EqualTo(4), "nobody was silent for a second yet");
        job.Tick(Ms(600));
        Assert.That(Watermark(job), Is.EqualTo(199));
    }

    [Test]
    public void A_partition_that_was_idle_holds_back_again_from_its_next_record_on()
    {
        var job = Idle();
        job.Tick(Ms(600));
        job.PushTo(0, "p", "a@200");
        job.Tick(Ms(600));
        job.PushTo(0, "q", "a@210");
        job.PushTo(0, "p", "a@300");
        Assert.That(Watermark(job), Is.EqualTo(209));
    }

    [Test]
    public void What_a_partition_has_behind_the_watermark_after_it_was_idle_is_late()
    {
        var job = Idle();
        job.Tick(Ms(600));
        job.PushTo(0, "p", "a@200");
        job.Tick(Ms(600));
        job.PushTo(0, "q", "a@150");
        Assert.That((Watermark(job), LateAt(job, "windows")), Is.EqualTo((199, 1)));
    }

    [Test]
    public void Where_all_partitions_are_idle_the_watermark_stays()
    {
        var job = Idle();
        job.Tick(Ms(5000));
        Assert.That(Watermark(job), Is.EqualTo(4), "p stood at 99: Flink goes there");
    }

    [Test]
    public void A_partition_that_has_ended_holds_nothing_back()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.PushTo(0, "p", "a@1");
        job.PushTo(0, "q", "a@100");
        job.End();
        Assert.That(Watermark(job), Is.EqualTo(99));
    }

    [Test]
    public void The_end_of_all_sources_closes_every_window()
    {
        var job = Counting(Window.Tumbling(TimeSpan.FromDays(10)), static windowed => windowed.AllowedLateness(TimeSpan.FromDays(100)));
        job.Push("a@1", "b@2");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-864000000: 1", "b 0-864000000: 1" }));
    }

    [Test]
    public void The_time_of_reading_never_goes_back()
    {
        var job = Telling(EventTime.Ingestion<string>());
        job.Register(0, "p");
        var reader = job.Open<string>(0, "p");
        reader.Push(new("a@0", null, default), 1000);
        reader.Push(new("a@0", null, default), 900);
        job.Take(reader);
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 1000, watermark none", "a at 1000, watermark none" }));
        Assert.That(Watermark(job), Is.EqualTo(999));
    }

    [Test]
    public void A_time_further_than_windows_can_be_is_a_dead_letter()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@9000000000000000", "a@1", "a@20");
        Assert.That((job.Instance.Context.Letters.Total, Watermark(job)), Is.EqualTo((1, 19)), "and the watermark does not follow it");
    }

    /// <summary>Two partitions, at 99 and 4, which are idle when they are silent for a second.</summary>
    private static JobHarness Idle()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time().IdlePartitionsAfter(TimeSpan.FromSeconds(1))).KeyBy(KeyOf).Window(Window.Tumbling(Ms(10))).Count("windows").ToStream().ToSubscription("out", format: Show);
        var job = new JobHarness(builder.Build());
        job.Register(0, "p", "q");
        job.Open<string>(0, "p");
        job.Open<string>(0, "q");
        job.PushTo(0, "p", "a@100");
        job.PushTo(0, "q", "a@5");
        return job;
    }

    private static JobHarness TwoSources()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("first", Time()).Merge(builder.Ingest("second", Time())).KeyBy(KeyOf)
            .Window(Window.Tumbling(Ms(10))).Aggregate("windows", Aggregations.Count<string>()).ToStream()
            .Filter(static result => result.Key.Window.Start == 0).ToSubscription("out", format: Show);
        return new(builder.Build());
    }
}
