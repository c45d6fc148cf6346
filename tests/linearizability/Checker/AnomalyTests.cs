using System.Text.RegularExpressions;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>The histories below the pictures of docs/consistency.md: each is what its text says, and the picture beside it shows this history.</summary>
[TestFixture]
internal sealed partial class AnomalyTests
{
    private const string Acknowledged = "\"type\":\"ok\",\"f\":\"add\"";

    private static readonly string Docs = Path.Combine(FindRoot(), "docs");

    public static IEnumerable<string> Names() => Directory.EnumerateFiles(Path.Combine(Docs, "anomalies"), "*.jsonl").Select(static file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal);

    [TestCase("stale-read", "A read misses what was acknowledged before it began")]
    [TestCase("goes-back", "A later read shows less than an earlier one")]
    [TestCase("lost-write", "A write that was answered is not there")]
    [TestCase("late-write", "A write that was answered is not there yet")]
    public void ThePageShowsEachOfThem(string name, string text)
    {
        Assert.That(File.ReadAllText(Path.Combine(Docs, "consistency.md")), Does.Contain($"![{text}](anomalies/{name}.svg)"));
        Assert.That(Names().Count(), Is.EqualTo(4));
    }

    [TestCaseSource(nameof(Names))]
    public void OneReadKeepsItFromBeingLinearizableAndThePictureMarksIt(string name)
    {
        var result = Check(Lines(name));
        var illegal = result.FirstIllegal!.Illegal!;
        Assert.That((illegal.Last.Call, illegal.IsShortest), Is.EqualTo(("read -> 0", true)), "the read that lacks the add");
        Assert.That(illegal.Unordered, Is.EqualTo(new[] { illegal.Last }));
        var drawn = HistoryPicture.ToHtml([new("history", result)]);
        var shown = Title().Matches(File.ReadAllText(Path.Combine(Docs, "anomalies", name + ".svg"))).Select(static title => title.Value).ToArray();
        Assert.That(shown, Has.Length.GreaterThan(1));
        Assert.That(shown, Is.EqualTo(Title().Matches(drawn).Select(static title => title.Value)));

        // The last to end of what is shown: without it, everything fits one order.
        var last = Array.FindLastIndex(Lines(name), static line => line.Contains("\"type\":\"ok\",\"f\":\"read\",\"value\":0", StringComparison.Ordinal));
        Assert.That(Check([.. Lines(name).Where((_, place) => place != last && place != last - 1)]).Verdict, Is.EqualTo(Verdict.Linearizable));
    }

    /// <summary>A provisional or accepted write is not called acknowledged: so it may be there, later or never. A read that goes back is wrong whatever is known of the write.</summary>
    [TestCase("stale-read", Verdict.Linearizable)]
    [TestCase("goes-back", Verdict.Illegal)]
    [TestCase("lost-write", Verdict.Linearizable)]
    [TestCase("late-write", Verdict.Linearizable)]
    public void WithoutAPromiseOfTheWriteOnlyWhatGoesBackIsLeft(string name, Verdict expected)
    {
        var lines = Lines(name);
        Assert.That(lines.Count(static line => line.Contains(Acknowledged, StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(Check([.. lines.Select(static line => line.Replace(Acknowledged, "\"type\":\"info\",\"f\":\"add\"", StringComparison.Ordinal))]).Verdict, Is.EqualTo(expected));
    }

    [TestCase("lost-write", new[] { 0L })]
    [TestCase("late-write", new[] { 0L, 1L })]
    [TestCase("goes-back", new[] { 1L, 0L })]
    [TestCase("stale-read", new[] { 0L })]
    public void TheReadsShowWhatTheTextSays(string name, long[] values) =>
        Assert.That(Read(Lines(name)).Operations.Where(static operation => operation.Function == OperationFunction.Read).Select(static read => read.Result!.Value.Number), Is.EqualTo(values));

    private static string[] Lines(string name) => File.ReadAllLines(Path.Combine(Docs, "anomalies", name + ".jsonl"));

    private static CheckResult Check(string[] lines) => LinearizabilityChecker.Check(Read(lines), HistoryModel.Counter);

    private static History Read(string[] lines)
    {
        using var text = new StringReader(string.Join('\n', lines));
        return HistoryReader.Read(text, HistoryModel.Counter);
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "RaftStream.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("No RaftStream.sln above the tests.");
        return folder;
    }

    [GeneratedRegex("<g class=\"[a-z]+\"><title>[^<]*</title>", RegexOptions.NonBacktracking)]
    private static partial Regex Title();
}
