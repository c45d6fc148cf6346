using System.Text.Json;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The figures of a report, against the same computed slowly and in another way.</summary>
internal sealed class RunFiguresTests
{
    private const double Second = 1e9;
    private static readonly RunRecord Sample = SampleRun.Create();
    private static readonly RunResults Results = new RunFigures(Sample).ToResults();

    [Test]
    public void Operations_are_counted_in_all_and_for_each_workload_and_function()
    {
        Assert.That(Results.Operations, Is.EqualTo(CountsOf(Sample.Operations)));
        Assert.That(Results.UnknownShare, Is.EqualTo((double)Results.Operations.Unknown / Sample.Operations.Count));
        Assert.That(Results.Workloads.Select(static workload => workload.Workload), Is.EqualTo(new[] { "append", "cas", "counter", "register", "set" }));
        foreach (var workload in Results.Workloads)
        {
            var own = Sample.Operations.Where(operation => operation.Workload == workload.Workload).ToArray();
            Assert.That(workload.Operations, Is.EqualTo(CountsOf(own)));
            foreach (var kind in workload.Functions)
                Assert.That(kind.Operations, Is.EqualTo(CountsOf(own.Where(operation => IsOf(operation, kind)))), workload.Workload + " " + kind.Function);
        }

        Assert.That(Results.Workloads.Sum(static workload => workload.Functions.Sum(static kind => kind.Operations.All)), Is.EqualTo(Sample.Operations.Count));
    }

    [Test]
    public void Quantiles_are_those_of_the_sorted_latencies_of_what_was_answered_ok()
    {
        Assert.That(Results.Functions, Has.Count.EqualTo(6), "a read at another level is another kind");
        foreach (var kind in Results.Functions)
        {
            var sorted = Sample.Operations.Where(operation => IsOf(operation, kind) && operation.Answer.Kind == AnswerKind.Ok)
                .Select(static operation => (operation.Completed - operation.Invoked) / 1e6).Order().ToArray();
            Assert.That(kind.LatencyMs!.Max, Is.EqualTo(sorted[^1]));
            foreach (var (share, quantile) in new[] { (0.5, kind.LatencyMs.P50), (0.9, kind.LatencyMs.P90), (0.99, kind.LatencyMs.P99), (0.999, kind.LatencyMs.P999) })
            {
                var exact = sorted[(int)Math.Ceiling(sorted.Length * share) - 1];
                Assert.That(quantile, Is.EqualTo(exact).Within(2).Percent, $"{kind.Function} {share}");
            }
        }
    }

    [Test]
    public void The_longest_gap_is_the_outage()
    {
        var ok = Sample.Operations.Where(static operation => operation.Answer.Kind == AnswerKind.Ok && operation.Completed <= Sample.Length).Select(static operation => operation.Completed / Second);
        double[] moments = [0, .. ok.Order(), Sample.Length / Second];
        var (gap, from) = moments.Zip(moments.Skip(1), static (one, next) => (next - one, one)).Max();
        Assert.That(Results.LongestGapSeconds, Is.EqualTo(gap).Within(1e-9).And.GreaterThanOrEqualTo(2));
        Assert.That(Results.LongestGapAtSeconds, Is.EqualTo(from));
        Assert.That(from * Second, Is.LessThan(SampleRun.Outage.From));
    }

    [Test]
    public void Availability_is_the_share_of_tenths_of_a_second_that_were_served()
    {
        var served = Enumerable.Range(0, 1_200).Select(window => Sample.Operations.Any(operation => operation.Answer.Kind == AnswerKind.Ok && operation.Completed / 100_000_000 == window)).ToArray();
        var calm = Enumerable.Range(0, 1_200).Where(window => Sample.Faults.Where(fault => fault.Began / 100_000_000 <= window && fault.Ended / 100_000_000 >= window)
            .SelectMany(static fault => fault.Nodes).Distinct().Count() < 2).ToArray();
        var availability = Results.Availability;
        Assert.That((availability.WindowMs, availability.Windows, availability.WindowsWithMajority), Is.EqualTo((100, 1_200, calm.Length)));
        Assert.That(availability.All, Is.EqualTo(served.Count(static one => one) / 1_200.0));
        Assert.That(availability.WithMajority, Is.EqualTo((double)calm.Count(window => served[window]) / calm.Length));
        Assert.That(calm, Has.Length.InRange(1_000, 1_199), "the outage is under a fault of all nodes");
        Assert.That(availability.All, Is.LessThanOrEqualTo(1 - (20 / 1_200.0)));
    }

    [Test]
    public void Throughput_is_told_before_the_faults_and_after_them()
    {
        var first = Sample.Faults.Min(static fault => fault.Began) / 100_000_000 / 10.0;
        var last = ((Sample.Faults.Max(static fault => fault.Ended) / 100_000_000) + 1) / 10.0;
        double Ok(double from, double to) => Sample.Operations.Count(operation => operation.Answer.Kind == AnswerKind.Ok && operation.Completed >= from * Second && operation.Completed < to * Second) / (to - from);
        Assert.That(Results.Throughput.Mean, Is.EqualTo(Ok(0, 120)).Within(1e-6));
        Assert.That(Results.Throughput.BeforeFaults, Is.EqualTo(Ok(0, first)).Within(1e-6));
        Assert.That(Results.Throughput.AfterFaults, Is.EqualTo(Ok(last, 120)).Within(1e-6));
    }

    [Test]
    public void Faults_are_told_by_nemesis_and_leaderships_once_each()
    {
        Assert.That(Results.Faults.Select(static fault => fault.Nemesis), Is.Ordered.And.EquivalentTo(Sample.Faults.Select(static fault => fault.Nemesis).Distinct(StringComparer.Ordinal)));
        foreach (var fault in Results.Faults)
        {
            var own = Sample.Faults.Where(one => one.Nemesis == fault.Nemesis).ToArray();
            Assert.That((fault.Count, fault.TookEffect), Is.EqualTo((own.Length, own.Count(static one => one.TookEffect))));
            Assert.That(fault.Seconds, Is.EqualTo(own.Sum(static one => (one.Ended - one.Began) / Second)).Within(1e-6));
        }

        var seenTwice = Sample with { Leaders = [.. Sample.Leaders, Sample.Leaders[^1] with { At = Sample.Length }] };
        Assert.That(new RunFigures(seenTwice).ToResults().Elections, Is.EqualTo(Sample.Leaders.Count).And.EqualTo(Results.Elections));
    }

    [Test]
    public void A_violation_counts_over_all_else_and_what_nobody_checked_is_not_clean()
    {
        var passed = new RunCheck("set", "lost", Verdict.Linearizable, "Fine.", 1);
        (RunOutcome, int, bool) Of(IReadOnlyList<string> invalid, params IReadOnlyList<RunCheck> checks)
        {
            var verdict = RunVerdict.Of(Sample with { Checks = checks, Invalid = invalid });
            return (verdict.Outcome, verdict.ExitCode, verdict.Reasons.Count > 0);
        }

        var (illegal, open) = (passed with { Verdict = Verdict.Illegal }, passed with { Verdict = Verdict.Undecided });
        Assert.That(Of([], passed), Is.EqualTo((RunOutcome.Clean, 0, false)));
        Assert.That(Of(["Too short."], passed, open, illegal), Is.EqualTo((RunOutcome.Violation, 1, true)));
        Assert.That(Of(["Too short."], passed, open), Is.EqualTo((RunOutcome.Undecided, 2, true)));
        Assert.That(Of(["Too short."], passed), Is.EqualTo((RunOutcome.Invalid, 2, true)));
        Assert.That(Of([]), Is.EqualTo((RunOutcome.Undecided, 2, true)));
        Assert.That(RunVerdict.Of(Sample with { Operations = [] }).Outcome, Is.EqualTo(RunOutcome.Invalid));
    }

    [Test]
    public void The_file_for_programs_has_its_names_and_is_read_as_it_was_written()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(SampleRun.Create(isViolated: true), folder.Path);
        var text = File.ReadAllText(Path.Combine(folder.Path, "results.json"));
        using var json = JsonDocument.Parse(text);
        Assert.That(json.RootElement.EnumerateObject().Select(static property => property.Name), Is.EqualTo(new[]
        {
            "format", "verdict", "valid", "reasons", "system", "driver", "nodes", "seed", "began", "seconds", "command", "operations", "unknownShare", "workloads", "functions",
            "faults", "elections", "longestGapSeconds", "longestGapAtSeconds", "availability", "throughput", "checks", "nodeLogs",
        }));
        Assert.That(json.RootElement.GetProperty("verdict").GetString(), Is.EqualTo("violation"));
        Assert.That(json.RootElement.GetProperty("checks")[0].GetProperty("picture").GetString(), Is.EqualTo("register-k3.html"));
        Assert.That(json.RootElement.GetProperty("functions")[0].GetProperty("latencyMs").EnumerateObject().Select(static property => property.Name), Is.EqualTo(new[] { "p50", "p90", "p99", "p999", "max" }));
        var read = JsonSerializer.Deserialize(text, RunResultsJson.Default.RunResults)!;
        Assert.That(JsonSerializer.Serialize(read, RunResultsJson.Default.RunResults) + "\n", Is.EqualTo(text));
    }

    [Test]
    public void A_length_in_another_unit_is_refused() =>
        Assert.That(() => new RunFigures(SampleRun.Empty() with { Length = -1 }), Throws.ArgumentException.With.Message.Contains("nanoseconds"));

    private static bool IsOf(RunOperation operation, FunctionResults kind) => FigureText.Function(operation.Call.Function) == kind.Function && operation.Call.Level == kind.Level;

    private static OperationCounts CountsOf(IEnumerable<RunOperation> operations)
    {
        var kinds = operations.Select(static operation => operation.Answer.Kind).ToArray();
        return new(kinds.Count(static kind => kind == AnswerKind.Ok), kinds.Count(static kind => kind == AnswerKind.Failed), kinds.Count(static kind => kind == AnswerKind.Unknown));
    }
}
