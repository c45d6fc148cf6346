using System.Diagnostics;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>
/// Histories of other people's systems with the verdicts of other people's checkers, where RAFTSTREAM_HISTORIES points to a folder of
/// them: <c>verdicts.tsv</c> says file, model, and ok or illegal.
/// </summary>
[TestFixture]
internal sealed class ForeignVerdictTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static IEnumerable<TestCaseData> Files()
    {
        var folder = Environment.GetEnvironmentVariable("RAFTSTREAM_HISTORIES");
        if (string.IsNullOrEmpty(folder))
            return [new TestCaseData("", "", "").Ignore("RAFTSTREAM_HISTORIES names no folder of foreign histories.")];
        return File.ReadLines(Path.Combine(folder, "verdicts.tsv")).Skip(1).Where(static line => line.Length > 0)
            .Select(static line => new TestCaseData([.. line.Split('\t')]).SetName("Verdict of " + line.Split('\t')[0]));
    }

    [TestCaseSource(nameof(Files))]
    public void TheCheckerAgreesWithAForeignVerdict(string file, string model, string expected)
    {
        Assert.That(ModelRules.TryParse(model, out HistoryModel known), model);
        using var text = File.OpenText(Path.Combine(Environment.GetEnvironmentVariable("RAFTSTREAM_HISTORIES")!, file));
        var watch = Stopwatch.StartNew();

        var result = LinearizabilityChecker.Check(HistoryReader.Read(text, known), known, new() { Time = Limit });

        TestContext.Out.WriteLine($"{file}: {result.Verdict}, {result.Steps} steps, {watch.Elapsed.TotalMilliseconds:0} ms");
        Assert.That(result.Verdict, Is.EqualTo(expected == "ok" ? Verdict.Linearizable : Verdict.Illegal));
        Assert.That(watch.Elapsed, Is.LessThan(Limit));
        if (result.FirstIllegal is { } illegal)
            Assert.That(illegal.Illegal!.IsShortest);
    }
}
