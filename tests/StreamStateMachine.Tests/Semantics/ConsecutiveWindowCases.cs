using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Windows behind windows, and what is given out at no time that a window can hold. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ConsecutiveWindowCases
{
    private static readonly ICodec<Keyed<Windowed<string>, long>> RowCodec = new KeyedCodec<Windowed<string>, long>(KeyCodecs.Windowed(KeyCodecs.Text), Codecs.Int64);

    /// <summary>Counts by key and window, and then the sum over all keys by another window.</summary>
    private static JobHarness TwoSteps(WindowAssigner first, WindowAssigner second, Trigger? trigger = null)
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time()).KeyBy(KeyOf).Window(first).Trigger(trigger ?? Trigger.OnClose).Count("first").ToStream()
            .KeyBy(static _ => "all", value: RowCodec).Window(second).Sum("second", static result => result.Value).ToStream().ToSubscription("out", format: Show);
        return new(builder.Build());
    }

    [Test]
    public void A_window_of_the_same_size_behind_one_has_all_of_its_results()
    {
        var job = TwoSteps(Window.Tumbling(Ms(10)), Window.Tumbling(Ms(10)));
        job.Push("a@1", "b@2", "a@3", "a@12", "b@30");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "all 0-10: 3", "all 10-20: 1" }), "and gives its own with the same watermark");
    }

    [Test]
    public void A_larger_window_takes_the_results_of_smaller_ones_by_their_last_instants()
    {
        var job = TwoSteps(Window.Tumbling(Ms(10)), Window.Tumbling(Ms(20)));
        job.Push("a@1", "a@11", "b@19", "a@20", "a@99");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "all 0-20: 3", "all 20-40: 1" }));
    }

    [Test]
    public void Windows_behind_sessions_take_them_by_their_last_instants()
    {
        var job = TwoSteps(Window.Session(Ms(10)), Window.Tumbling(Ms(20)));
        job.Push("a@1", "a@11", "b@99");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "all 20-40: 2" }), "the session is 1-21");
    }

    [Test]
    public void Results_of_a_window_that_closes_at_the_end_of_all_sources_come_before_the_windows_behind_it_close()
    {
        var job = TwoSteps(Window.Tumbling(Ms(10)), Window.Tumbling(Ms(100)));
        job.Push("a@1");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "all 0-100: 1" }));
    }

    [TestCaseSource(nameof(Placed))]
    public void Results_of_the_global_window_are_late_for_windows_behind_it(WindowAssigner behind)
    {
        var job = TwoSteps(Window.Global, behind, Trigger.OnUpdate);
        job.Push("a@1");
        job.End();
        Assert.That((job.Outputs("out").Count, LateAt(job, "second"), job.Rows("first").Count), Is.EqualTo((0, 1, 1)), "they have the end of time for their time, where no window ends");
    }

    [TestCaseSource(nameof(Placed))]
    public void What_has_no_time_yet_is_a_dead_letter_in_front_of_windows(WindowAssigner behind)
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time()).KeyBy(KeyOf).Process("alarm", static () => new Alarm()).Window(behind).Aggregate("windows", Values).ToStream().ToSubscription("out", format: Show);
        var job = new JobHarness(builder.Build());
        job.Register(0, "silent"); // Without it there would be a watermark.
        job.Push("a:1@1");
        job.Tick(TimeSpan.FromSeconds(1));
        Assert.That((job.Outputs("out").Count, job.Rows("windows").Count, job.Instance.Context.Letters.Total), Is.EqualTo((0, 0, 1)));
    }

    private static IEnumerable<TestCaseData> Placed()
    {
        yield return new TestCaseData(Window.Tumbling(Ms(10))).SetArgDisplayNames("tumbling");
        yield return new TestCaseData(Window.Hopping(Ms(10), Ms(5))).SetArgDisplayNames("hopping");
        yield return new TestCaseData(Window.Session(Ms(10))).SetArgDisplayNames("session");
        yield return new TestCaseData(Window.Sliding(Ms(10))).SetArgDisplayNames("sliding");
        yield return new TestCaseData(Window.Tumbling(TimeSpan.FromDays(1), TimeZoneInfo.Utc)).SetArgDisplayNames("days of a zone");
    }

    /// <summary>Gives something out a second of log time behind each record, whatever event time is then.</summary>
    private sealed class Alarm : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context) => context.SetLogTimer(context.LogTime + TimeSpan.FromSeconds(1));

        public override void OnTimer(ProcessContext<string, string> context) => context.Emit(":alarm@");
    }
}
