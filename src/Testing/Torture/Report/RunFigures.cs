namespace RaftStream.Testing;

/// <summary>
/// All that a report tells of a run's operations, gathered in one pass: a run may have millions, and what is kept of them here depends on the run's length and
/// on how many kinds there are, never on their number.
/// </summary>
internal sealed class RunFigures
{
    /// <summary>Stretches of time that quantiles are drawn for.</summary>
    public const int Bins = 120;

    // A system that tells a level of its own for every read must not make a row for each.
    private const int MostKinds = 200;

    // No workload stands for all of them together.
    private readonly Dictionary<(string? Workload, OperationFunction Function, string? Level), KindFigures> _kinds = [];
    private readonly long[] _ended = new long[3];

    public RunFigures(RunRecord run)
    {
        Run = run;
        Windows = new(run.Length);
        Sample = new(run.Seed, Bins);
        OverTime = [.. Enumerable.Range(0, Bins).Select(static _ => new LatencyHistogram())];
        foreach (var operation in run.Operations)
            Add(operation);
        Windows.End();
        var kinds = _kinds.OrderBy(static kind => kind.Key.Workload, StringComparer.Ordinal).ThenBy(static kind => kind.Key.Function)
            .ThenBy(static kind => kind.Key.Level, StringComparer.Ordinal).ToArray();
        Functions = [.. kinds.Where(static kind => kind.Key.Workload is null).Select(static kind => kind.Value)];
        Workloads = [.. kinds.Where(static kind => kind.Key.Workload is not null).GroupBy(static kind => kind.Key.Workload!, static kind => kind.Value.ToResults(), StringComparer.Ordinal).Select(WorkloadOf)];
    }

    /// <summary>What it was gathered from.</summary>
    public RunRecord Run { get; }

    /// <summary>What ended when.</summary>
    public RunWindows Windows { get; }

    /// <summary>What is drawn one by one.</summary>
    public LatencySample Sample { get; }

    /// <summary>The latencies of what was answered ok, by the time of the call.</summary>
    public IReadOnlyList<LatencyHistogram> OverTime { get; }

    /// <summary>The kinds of operations, of all workloads together.</summary>
    public IReadOnlyList<KindFigures> Functions { get; }

    /// <summary>The kinds of operations of each workload.</summary>
    public IReadOnlyList<WorkloadResults> Workloads { get; }

    /// <summary>How the operations ended.</summary>
    public OperationCounts Operations => new(_ended[0], _ended[1], _ended[2]);

    /// <summary>How many ended after the clients stopped: the final reads, which are in no rate.</summary>
    public long AfterTheEnd { get; private set; }

    /// <summary>All figures, as results.json has them.</summary>
    public RunResults ToResults()
    {
        var verdict = RunVerdict.Of(Run);
        var gap = Windows.LongestGap;
        return new()
        {
            Format = RunResults.CurrentFormat,
            Verdict = verdict.Word,
            Valid = verdict.IsValid,
            Reasons = verdict.Reasons,
            System = Run.System,
            Driver = Run.Driver,
            Nodes = Run.Nodes,
            Seed = Run.Seed,
            Began = Run.Began,
            Seconds = Run.Length / 1e9,
            Command = Run.Command,
            Operations = Operations,
            UnknownShare = Run.Operations.Count == 0 ? 0 : (double)Operations.Unknown / Run.Operations.Count,
            Workloads = Workloads,
            Functions = [.. Functions.Select(static kind => kind.ToResults())],
            Faults = [.. Run.Faults.GroupBy(static fault => fault.Nemesis, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal).Select(FaultsOf)],
            Elections = Run.Leaders.Select(static leader => (leader.Node, leader.Term)).Distinct().Count(),
            LongestGapSeconds = (gap.To - gap.From) / 1e9,
            LongestGapAtSeconds = gap.From / 1e9,
            Availability = Windows.Availability(Run.Nodes, Run.Faults),
            Throughput = Windows.Throughput(Run.Faults),
            Checks = [.. Run.Checks.Select(static check => new CheckResults(check.Workload, check.Checker, RunVerdict.WordOf(check.Verdict), check.Seconds, check.Detail, check.Picture))],
            NodeLogs = Run.NodeLogs,
        };
    }

    private void Add(RunOperation operation)
    {
        _ended[(int)operation.Answer.Kind]++;
        if (operation.Completed > Run.Length)
            AfterTheEnd++;
        Windows.Add(operation);
        KindOf(operation.Workload, operation.Call).Add(operation);
        KindOf(null, operation.Call).Add(operation);
        if (operation.Invoked > Run.Length || operation.Invoked < 0)
            return;
        var bin = Math.Min((int)((double)operation.Invoked / Math.Max(1, Run.Length) * Bins), Bins - 1);
        Sample.Offer(operation, bin);
        if (operation.Answer.Kind == AnswerKind.Ok)
            OverTime[bin].Record(KindFigures.Time(operation));
    }

    private KindFigures KindOf(string? workload, in ClientCall call)
    {
        // A write that is content with less is as much a kind of its own as a read is.
        var asked = call.Level ?? call.Concern;
        if (_kinds.TryGetValue((workload, call.Function, asked), out var kind))
            return kind;
        var level = _kinds.Count < MostKinds ? asked : KindFigures.OtherLevels;
        if (!_kinds.TryGetValue((workload, call.Function, level), out kind))
            _kinds.Add((workload, call.Function, level), kind = new(call.Function, level));
        return kind;
    }

    private static WorkloadResults WorkloadOf(IGrouping<string, FunctionResults> kinds) => new(
        kinds.Key,
        new(kinds.Sum(static kind => kind.Operations.Ok), kinds.Sum(static kind => kind.Operations.Failed), kinds.Sum(static kind => kind.Operations.Unknown)),
        [.. kinds]);

    private static FaultResults FaultsOf(IGrouping<string, RunFault> faults) => new(
        faults.Key, faults.Count(), faults.Count(static fault => fault.TookEffect), faults.Sum(static fault => Math.Max(0, fault.Ended - fault.Began) / 1e9));
}
