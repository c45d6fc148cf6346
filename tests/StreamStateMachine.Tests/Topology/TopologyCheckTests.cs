namespace RaftStream.StreamStateMachine.Tests.Topology;

/// <summary>Topologies that cannot be, and what is told of them.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TopologyCheckTests
{
    private const string Sentence = "'y' belongs to job 'b' and cannot feed 'merge-1' of job 'a': declare both with one StreamBuilder.";

    private readonly KeyedStream<string, string> _mine = new StreamBuilder("a").Ingest("x").KeyBy(static line => line);

    private readonly KeyedStream<string, string> _others = new StreamBuilder("b").Ingest("y").KeyBy(static line => line);

    [Test]
    public void StreamsOfTwoBuildersAreNotMerged() =>
        Assert.That(() => new StreamBuilder("a").Ingest("x").Merge(new StreamBuilder("b").Ingest("y")), Throws.ArgumentException.With.Message.StartsWith(Sentence));

    [Test]
    public void StreamsOfTwoBuildersAreNotJoined() => Assert.That(
        () => _mine.JoinWindow("pairs", _others, TimeSpan.Zero, TimeSpan.Zero, static (key, _, _) => key),
        Throws.ArgumentException.With.Message.StartsWith("'keyBy-1' belongs to job 'b' and cannot feed 'pairs' of job 'a'"));

    [Test]
    public void TheTableOfAnotherBuilderIsNotJoined() => Assert.That(
        () => _mine.JoinTable("rows", _others.Count("counts"), static (key, _) => key, static (key, _, _) => key),
        Throws.ArgumentException.With.Message.StartsWith("'counts' belongs to job 'b' and cannot feed 'rows' of job 'a'"));

    [TestCase("a", "b", "a,b")]
    [TestCase("a,b", "c", "a,b,c")]
    [TestCase("a", "b,c", @"a,b\,c")]
    [TestCase(@"a\", "b", @"a\\,b")]
    [TestCase(@"a\,", @",\b\", @"a\\,,\,\\b\\")]
    [TestCase("", "", ",")]
    public void APairOfKeysIsReadFromWhatItWasFormattedAs(string first, string second, string text)
    {
        var pair = KeyCodecs.Pair(KeyCodecs.Text, KeyCodecs.Text);
        Assert.That(pair.Format((first, second)), Is.EqualTo(text));
        Assert.That(pair.TryParse(text, out var parsed), Is.True);
        Assert.That(parsed, Is.EqualTo((first, second)));
        var nested = KeyCodecs.Pair(pair, pair);
        Assert.That(nested.TryParse(nested.Format(((first, second), (second, first))), out var both), Is.True);
        Assert.That(both, Is.EqualTo(((first, second), (second, first))));
    }

    [Test]
    public void APairOfKeysThatSomebodyTypedWithABackslashAtTheEndIsStillRead()
    {
        var pair = KeyCodecs.Pair(KeyCodecs.Text, KeyCodecs.Text);
        Assert.That(pair.TryParse(@"a,b\", out var parsed), Is.True);
        Assert.That(parsed, Is.EqualTo(("a", @"b\")));
    }
}
