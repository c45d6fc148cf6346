namespace RaftStream.StreamStateMachine.Tests.Jobs;

/// <summary>What windows give out, and when: small cases by hand.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WindowTests
{
    /// <summary>Records are "key@time": the count of each window is given out with its bounds.</summary>
    private static JobHarness Counting(WindowAssigner windows, Func<WindowedStream<string, string>, WindowedStream<string, string>>? with = null, long outOfOrderness = 0)
    {
        var builder = new StreamBuilder("job");
        var windowed = builder.Ingest("in", EventTime.Of<string>(TimeOf, TimeSpan.FromMilliseconds(outOfOrderness))).KeyBy(KeyOf).Window(windows);
        windowed = with?.Invoke(windowed) ?? windowed;
        windowed.Count("windows").ToStream().ToSubscription("out", format: static change => $"{change.Key.Key} {change.Key.Window.Start}-{change.Key.Window.End}: {change.Value}");
        return new(builder.Build());
    }

    private static TimeSpan Ms(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static string KeyOf(string record) => record[..record.IndexOf('@', StringComparison.Ordinal)];

    private static long TimeOf(string record) => long.Parse(record.AsSpan(record.IndexOf('@', StringComparison.Ordinal) + 1), System.Globalization.CultureInfo.InvariantCulture);

    [Test]
    public void A_tumbling_window_gives_its_count_when_the_watermark_passes_its_end()
    {
        var job = Counting(Window.Tumbling(Ms(10)));
        job.Push("a@1", "a@9", "b@5");
        Assert.That(job.Outputs("out"), Is.Empty);
        job.Push("a@10"); // Nothing of a time up to 9 is to come: the window is complete.
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 2", "b 0-10: 1" }));
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-10: 2", "b 0-10: 1", "a 10-20: 1" }));
    }

    [Test]
    public void A_session_grows_together_where_a_record_comes_between()
    {
        var job = Counting(Window.Session(Ms(10)));
        job.Push("a@0", "a@15", "a@7");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 0-25: 3" }));
    }

    [Test]
    public void A_sliding_window_ends_with_each_record()
    {
        var job = Counting(Window.Sliding(Ms(10)), outOfOrderness: 100);
        job.Push("a@0", "a@20", "a@5", "a@15");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -10-1: 1", "a -5-6: 2", "a 5-16: 2", "a 10-21: 2" }));
    }

    [Test]
    public void A_replica_that_was_restored_goes_on_where_the_other_stood()
    {
        var job = Counting(Window.Hopping(Ms(10), Ms(5)));
        job.Push("a@1", "a@7");
        job.Restart();
        job.Push("a@30");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -5-5: 1", "a 0-10: 2", "a 5-15: 1" }));
    }
}
