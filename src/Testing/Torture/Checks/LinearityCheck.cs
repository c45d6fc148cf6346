namespace RaftStream.Testing;

/// <summary>How much checks of a run may take.</summary>
internal sealed record JudgeOptions
{
    /// <summary>The folder of the run: pictures of anomalies are written there.</summary>
    public required string Folder { get; init; }

    /// <summary>For each search, of which there are two a workload.</summary>
    public TimeSpan TimePerCheck { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes that a search may remember at a time.</summary>
    public long MemoryBytes { get; init; } = 256L << 20;

    /// <summary>When clocks leapt; none if they only drifted.</summary>
    public IReadOnlyList<ClockLeap> Leaps { get; init; } = [];

    /// <summary>The nodes whose disks were changed behind their backs.</summary>
    public IReadOnlySet<int> SpoiltDisks { get; init; } = new HashSet<int>();

    /// <summary>The nodes' log files, by full path; none if they are not to be looked at.</summary>
    public IReadOnlyList<string> NodeLogs { get; init; } = [];

    /// <summary>The data folders of stopped nodes that keep RaftStream's log; null if they are not to be looked at.</summary>
    public IReadOnlyDictionary<int, string>? DataFolders { get; init; }
}

/// <summary>Linearizability of a workload, with a picture of what cannot be explained.</summary>
internal static class LinearityCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "linearizability";

    /// <summary>Checks the operations of one workload that promise to be linearizable.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="operations">Its operations.</param>
    /// <param name="options">How much it may take.</param>
    /// <param name="result">What the checker found, for checks that go on from it; null if an answer is none that such an object could give.</param>
    /// <param name="cancellationToken">Ends it with an exception.</param>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, JudgeOptions options, out CheckResult? result, CancellationToken cancellationToken)
    {
        CheckResult? found = null;
        var check = RunHistories.Timed(workload, Checker, () =>
        {
            try
            {
                var history = RunHistories.ToHistory([.. operations.Where(RunHistories.IsStrong)]);
                var bounds = new CheckBounds { Time = options.TimePerCheck, MemoryBytes = options.MemoryBytes };
                found = LinearizabilityChecker.Check(history, RunHistories.ModelOf(workload), bounds, cancellationToken);
                return Tell(history, found);
            }
            catch (ArgumentException wrong)
            {
                return (Verdict.Illegal, $"An answer is none that such an object could give: {wrong.Message}");
            }
        });
        result = found;
        if (found?.Verdict != Verdict.Illegal)
            return check;
        var picture = $"{workload}-anomaly.html";
        File.WriteAllText(Path.Combine(options.Folder, picture), HistoryPicture.ToHtml([new(workload, OnlyIllegal(found))]));
        return check with { Picture = picture };
    }

    private static (Verdict Verdict, string Detail) Tell(History history, CheckResult result) => result.Verdict switch
    {
        Verdict.Linearizable => (result.Verdict, $"{history.Operations.Count} operations on {result.Keys.Count} keys fit one order each."),
        Verdict.Illegal when result.FirstIllegal is { } key => (result.Verdict, $"Key {key.Key} is not linearizable. {key.Illegal?.ToString() ?? "No order of its operations explains all answers."}"),
        _ => (result.Verdict, $"{result.Keys.Count(static key => key.Verdict == Verdict.Undecided)} of {result.Keys.Count} keys were not decided for want of {result.Keys.First(static key => key.Verdict == Verdict.Undecided).EndedBy}; none of the others is illegal."),
    };

    private static CheckResult OnlyIllegal(CheckResult result) => new([.. result.Keys.Where(static key => key.Verdict == Verdict.Illegal)], result.Elapsed);
}
