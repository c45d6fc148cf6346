using RaftStream.StreamStateMachine.Tests.Semantics;

namespace RaftStream.StreamStateMachine.Tests.Topology;

/// <summary>What is declared as it cannot be meant: it is refused where it stands or when the job is built, in one sentence.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DeclarationTests
{
    private static readonly TestCaseData[] Nulls =
    [
        new TestCaseData("wants", (Action)(static () => Lines().Split(static _ => true, null!))).SetArgDisplayNames("a branch"),
        new TestCaseData("others", (Action)(static () => Lines().Merge([null!]))).SetArgDisplayNames("a merged stream"),
        new TestCaseData("make", (Action)(static () => Keyed().Process<string>("process", null!))).SetArgDisplayNames("a process function"),
        new TestCaseData("name", (Action)(static () => Keyed().Process(null!, static () => new Silent()))).SetArgDisplayNames("the name of a process function"),
        new TestCaseData("name", (Action)(static () => Keyed().Count(null!))).SetArgDisplayNames("a table"),
        new TestCaseData("name", (Action)(static () => Keyed().Combined().Count(null!))).SetArgDisplayNames("a combined table"),
        new TestCaseData("name", (Action)(static () => Keyed().Window(Window.Tumbling(Hand.Ms(1))).Count(null!))).SetArgDisplayNames("a table of windows"),
        new TestCaseData("name", (Action)(static () => Keyed().Count("counts").Top(null!, 1, static count => count))).SetArgDisplayNames("a table of ranks"),
        new TestCaseData("name", (Action)(static () => Keyed().RangeSum(null!, 1, static _ => 0, static _ => 0))).SetArgDisplayNames("sums"),
        new TestCaseData("name", (Action)(static () => Keyed().JoinTable(null!, Keyed().Count("counts"), static (key, _) => key, static (key, _, _) => key))).SetArgDisplayNames("a join with a table"),
        new TestCaseData("name", (Action)(static () => Keyed().JoinWindow(null!, Keyed(), default, default, static (key, _, _) => key))).SetArgDisplayNames("a join"),
        new TestCaseData("name", (Action)(static () => Lines().ToSubscription(null!))).SetArgDisplayNames("a subscription"),
        new TestCaseData("name", (Action)(static () => Lines().ToWebhook(null!, new("http://localhost/")))).SetArgDisplayNames("a webhook"),
        new TestCaseData("name", (Action)(static () => Lines().ToConsole(null!))).SetArgDisplayNames("a console"),
        new TestCaseData("name", (Action)(static () => Lines().ToFile(null!))).SetArgDisplayNames("a file"),
        new TestCaseData("name", (Action)(static () => new StreamBuilder("job").Ingest(null!))).SetArgDisplayNames("an ingest"),
        new TestCaseData("name", (Action)(static () => new StreamBuilder("job").From(null!, Sources.Lines("text")))).SetArgDisplayNames("a source"),
        new TestCaseData("name", (Action)(static () => new StreamBuilder(null!))).SetArgDisplayNames("a job"),
        new TestCaseData("partitions", (Action)(static () => Sources.FromAsync<string>(static (_, _, _) => throw new NotSupportedException(), "a", null!))).SetArgDisplayNames("a partition"),
    ];

    private static readonly TestCaseData[] NotCombined =
    [
        new TestCaseData("Distinct", (Action)(static () => Keyed().Combined().Distinct())),
        new TestCaseData("Deduplicate", (Action)(static () => Keyed().Combined().Deduplicate(Hand.Ms(5)))),
        new TestCaseData("RangeSum", (Action)(static () => Keyed().Combined().RangeSum("sums", 1, static _ => 0, static _ => 0))),
        new TestCaseData("Process", (Action)(static () => Keyed().Combined().Process("process", static () => new Silent()))),
        new TestCaseData("JoinTable", (Action)(static () => Keyed().Combined().JoinTable("join", Keyed().Count("counts"), static (key, _) => key, static (key, _, _) => key))),
        new TestCaseData("JoinWindow", (Action)(static () => Keyed().Combined().JoinWindow("join", Keyed(), default, default, static (key, _, _) => key))),
        new TestCaseData("JoinWindow", (Action)(static () => Keyed().JoinWindow("join", Keyed().Combined(), default, default, static (key, _, _) => key))).SetArgDisplayNames("JoinWindow, its right side"),
        new TestCaseData("ToStream", (Action)(static () => Keyed().Combined().ToStream())),
    ];

    private static Stream<string> Lines() => new StreamBuilder("job").Ingest("in", Hand.Time());

    private static KeyedStream<string, string> Keyed() => Lines().KeyBy(Hand.KeyOf);

    private static Job Build(Action<KeyedStream<string, string>> declare)
    {
        var builder = new StreamBuilder("job");
        declare(builder.Ingest("in", Hand.Time()).KeyBy(Hand.KeyOf));
        return builder.Build();
    }

    [TestCaseSource(nameof(Nulls))]
    public void NullIsRefusedWhereItStands(string parameter, Action declare) =>
        Assert.That(() => declare(), Throws.TypeOf<ArgumentNullException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(parameter));

    [TestCaseSource(nameof(NotCombined))]
    public void WhatMakesNoPartialAggregatesDoesNotStandBehindCombined(string method, Action declare) => Assert.That(
        () => declare(),
        Throws.InvalidOperationException.With.Message.EqualTo($"Combined() behind 'keyBy-1' is followed by {method}, which makes no partial aggregates: leave Combined() out there, and have it right in front of an aggregation."));

    [Test]
    public void ALateOutputHasTheLateRecordsOfOneAggregation()
    {
        var windowed = Keyed().Window(Window.Tumbling(Hand.Ms(10))).LateTo(out _);
        windowed.Count("counts");
        Assert.That(
            () => windowed.Aggregate("values", Hand.Values),
            Throws.InvalidOperationException.With.Message.EqualTo(
                "The late output that 'counts' has would get each late record from 'values' once more: call Window(...) anew for 'values', without LateTo(...) or with an output of its own."));
    }

    [Test]
    public void TwoAggregationsWithoutALateOutputShareTheirWindows()
    {
        var job = Build(static keyed =>
        {
            var windowed = keyed.Window(Window.Tumbling(Hand.Ms(10)));
            windowed.Count("counts");
            windowed.LateTo(out var late).Aggregate("values", Hand.Values);
            late.ToSubscription("late");
        });
        Assert.That(job.Tables.Keys, Is.EquivalentTo(new[] { "counts", "values" }));
    }

    [Test]
    public void ALateOutputOfNoAggregationIsRefused() => Assert.That(
        () => Build(static keyed =>
        {
            var windowed = keyed.Window(Window.Tumbling(Hand.Ms(10)));
            windowed.Count("counts");
            windowed.LateTo(out var late);
            late.ToSubscription("late", format: static record => record.Value);
        }),
        Throws.TypeOf<TopologyException>().With.Message.Contains("'late-3' is a late output that no aggregation gives anything to: call LateTo(...) in front of the aggregation."));

    [Test]
    public void AProcessFunctionThatIsTheSameEachTimeIsRefused()
    {
        var shared = new Silent();
        Assert.That(
            () => Build(keyed => keyed.Process("process", () => shared).ToStream().ToSubscription("out")),
            Throws.TypeOf<TopologyException>().With.Message.Contains("'process' is given the same Silent each time, and each replica needs one of its own: make a new one in the function, as in () => new Silent(...)."));
    }

    [Test]
    public void AProcessFunctionThatIsNullIsRefused() =>
        Assert.That(static () => Keyed().Process<string>("process", static () => null!), Throws.ArgumentException.With.Message.StartsWith("The function of 'process' is null: make a new one"));

    [Test]
    public void NamesStandInAChartAsTheyAre()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("a<b>").KeyBy(Hand.KeyOf).Count("say \"#1;\" `é` 😀").ToStream().ToConsole("out");
        var chart = builder.Build().ToMermaid();
        Assert.That(chart, Does.Contain("n0[\"a#60;b#62;<br/>"));
        Assert.That(chart, Does.Contain("n2[\"say #34;#35;1#59;#34; #96;é#96; #128512;<br/>count\"]"));
    }

    [TestCase("a", "a,1,2")]
    [TestCase("5,6,7", @"5\,6\,7,1,2")]
    [TestCase(@"a\", @"a\\,1,2")]
    [TestCase(@"\,", @"\\\,,1,2")]
    [TestCase("", ",1,2")]
    public void TheKeyOfAWindowIsReadFromWhatItWasFormattedAsAndFromItsFirstPartAlone(string key, string text)
    {
        var codec = KeyCodecs.Windowed(KeyCodecs.Text);
        var windowed = new Windowed<string>(key, new(1, 2));
        Assert.That(codec.Format(windowed), Is.EqualTo(text));
        Assert.That(codec.TryParse(text, out var parsed), Is.True);
        Assert.That(parsed, Is.EqualTo(windowed));
        var (alone, expected) = (new KeyBuffer(), new KeyBuffer());
        Assert.That(codec.TryParse(text[..^4], out _), Is.False, "a key alone is not taken for one with a window");
        Assert.That(((IWindowedKeyCodec)codec).TryWriteKey(text[..^4], alone), Is.True);
        KeyCodecs.Text.Write(expected, key);
        Assert.That(alone.Span.ToArray(), Is.EqualTo(expected.Span.ToArray()));
    }

    [TestCase("a", "b,c")]
    [TestCase(@"a\,", @",\b\")]
    public void APairOfKeysInAWindowIsReadFromWhatItWasFormattedAs(string first, string second)
    {
        var codec = KeyCodecs.Windowed(KeyCodecs.Pair(KeyCodecs.Text, KeyCodecs.Text));
        var windowed = new Windowed<(string First, string Second)>((first, second), new(-3, long.MaxValue));
        Assert.That(codec.TryParse(codec.Format(windowed), out var parsed), Is.True);
        Assert.That(parsed, Is.EqualTo(windowed));
    }

    private sealed class Silent : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context)
        {
            // It gives out nothing.
        }
    }
}
