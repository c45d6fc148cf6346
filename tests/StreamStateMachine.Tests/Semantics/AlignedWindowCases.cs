using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Which tumbling and hopping windows a record belongs to. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class AlignedWindowCases
{
    /// <summary>What windows come of records once their source has ended.</summary>
    private static IReadOnlyList<string> WindowsOf(WindowAssigner windows, params string[] records)
    {
        var job = Counting(windows);
        job.Push(records);
        job.End();
        return job.Outputs("out");
    }

    [Test]
    public void A_tumbling_window_holds_its_start_and_not_its_end() =>
        Assert.That(WindowsOf(Window.Tumbling(Ms(10)), "a@0", "a@9", "a@10"), Is.EqualTo(new[] { "a 0-10: 2", "a 10-20: 1" }));

    [Test]
    public void Tumbling_windows_begin_at_multiples_of_their_size_since_1970() =>
        Assert.That(WindowsOf(Window.Tumbling(TimeSpan.FromHours(1)), "a@1700000000000"), Is.EqualTo(new[] { "a 1699999200000-1700002800000: 1" }));

    [Test]
    public void An_offset_moves_the_windows() =>
        Assert.That(WindowsOf(Window.Tumbling(Ms(10), Ms(3)), "a@2", "a@3", "a@12", "a@13"), Is.EqualTo(new[] { "a -7-3: 1", "a 3-13: 2", "a 13-23: 1" }));

    [Test]
    public void An_offset_of_minus_eight_hours_makes_days_of_a_zone_eight_hours_ahead() =>
        Assert.That(WindowsOf(Window.Tumbling(TimeSpan.FromDays(1), TimeSpan.FromHours(-8)), "a@57599999", "a@57600000"), Is.EqualTo(new[] { "a -28800000-57600000: 1", "a 57600000-144000000: 1" }));

    [Test]
    public void An_offset_longer_than_the_size_is_one_modulo_the_size() =>
        Assert.That(WindowsOf(Window.Tumbling(Ms(10), Ms(23)), "a@2", "a@3"), Is.EqualTo(new[] { "a -7-3: 1", "a 3-13: 1" }));

    [Test]
    public void Times_before_1970_lie_in_windows_like_others() =>
        Assert.That(WindowsOf(Window.Tumbling(Ms(10)), "a@-11", "a@-10", "a@-1", "a@0"), Is.EqualTo(new[] { "a -20--10: 1", "a -10-0: 2", "a 0-10: 1" }));

    [Test]
    public void A_record_lies_in_size_by_slide_hopping_windows() =>
        Assert.That(WindowsOf(Window.Hopping(Ms(10), Ms(5)), "a@7"), Is.EqualTo(new[] { "a 0-10: 1", "a 5-15: 1" }));

    [Test]
    public void A_hopping_window_holds_its_start_and_not_its_end() =>
        Assert.That(WindowsOf(Window.Hopping(Ms(10), Ms(5)), "a@4", "a@5"), Is.EqualTo(new[] { "a -5-5: 1", "a 0-10: 2", "a 5-15: 1" }));

    [Test]
    public void Where_the_slide_does_not_divide_the_size_records_lie_in_more_or_fewer_windows() =>
        Assert.That(WindowsOf(Window.Hopping(Ms(10), Ms(4)), "a@1", "b@2"), Is.EqualTo(new[] { "a -8-2: 1", "a -4-6: 1", "b -4-6: 1", "a 0-10: 1", "b 0-10: 1" }));

    [Test]
    public void An_offset_moves_hopping_windows() =>
        Assert.That(WindowsOf(Window.Hopping(Ms(10), Ms(5), Ms(2)), "a@6", "b@7"), Is.EqualTo(new[] { "a -3-7: 1", "a 2-12: 1", "b 2-12: 1", "b 7-17: 1" }));

    [Test]
    public void Hopping_windows_before_1970_are_whole_as_well() =>
        Assert.That(WindowsOf(Window.Hopping(Ms(10), Ms(5)), "a@-1"), Is.EqualTo(new[] { "a -10-0: 1", "a -5-5: 1" }));

    [Test]
    public void A_slide_of_the_size_makes_tumbling_windows() =>
        Assert.That(WindowsOf(Window.Hopping(Ms(10), Ms(10)), "a@9", "a@10"), Is.EqualTo(new[] { "a 0-10: 1", "a 10-20: 1" }));

    [Test]
    public void A_slide_longer_than_the_size_is_refused() =>
        Assert.That(() => Window.Hopping(Ms(5), Ms(10)), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Each_key_has_windows_of_its_own() =>
        Assert.That(WindowsOf(Window.Tumbling(Ms(10)), "a@1", "b@2", "a@3"), Is.EqualTo(new[] { "a 0-10: 2", "b 0-10: 1" }));

    [Test]
    public void A_window_without_records_gives_nothing() =>
        Assert.That(WindowsOf(Window.Tumbling(Ms(10)), "a@1", "a@95"), Is.EqualTo(new[] { "a 0-10: 1", "a 90-100: 1" }));

    [Test]
    public void Windows_close_in_the_order_of_their_ends()
    {
        var job = Counting(Window.Tumbling(Ms(10)), bound: 100);
        job.Push("b@25", "a@15", "c@5");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "c 0-10: 1", "a 10-20: 1", "b 20-30: 1" }));
    }

    [Test]
    public void A_result_has_the_time_of_the_last_instant_of_its_window()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time()).KeyBy(KeyOf).Window(Window.Tumbling(Ms(10))).Count("windows").ToStream()
            .KeyBy(static result => result.Key.Key, value: new KeyedCodec<Windowed<string>, long>(KeyCodecs.Windowed(KeyCodecs.Text), Codecs.Int64))
            .Process("tell", static () => new TimeTeller<string, Keyed<Windowed<string>, long>>()).ToStream().ToSubscription("out", format: static told => told.Value);
        var job = new JobHarness(builder.Build());
        job.Push("a@3", "a@20");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 9, watermark 8" }), "it is on time: the watermark behind the window has not passed it");
    }
}
