namespace RaftStream.Testing;

/// <summary>Runs every check that fits what a run brought to light.</summary>
internal static class Judge
{
    /// <summary>The workload of a verdict that is about the whole run.</summary>
    public const string AllWorkloads = "all";

    /// <summary>Judges a run; pictures go to its folder.</summary>
    public static IReadOnlyList<RunCheck> Run(LoadResult load, JudgeOptions options, CancellationToken cancellationToken = default)
    {
        var checks = new List<RunCheck>();
        var operations = RunHistories.WithLeaps(load.Operations, options.Leaps);
        foreach (var workload in operations.Select(static operation => operation.Workload).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            checks.AddRange(Of(workload, RunHistories.Of(operations, workload), load, options, cancellationToken));
        checks.Add(ConvergenceCheck.Check(load.Views));
        if (options.NodeLogs.Count > 0)
            checks.Add(NodeLogCheck.Check(options.NodeLogs));
        if (options.DataFolders is { } folders)
            checks.Add(CommittedEntriesCheck.Check(folders, load.Views));
        return checks;
    }

    private static RunCheck[] Of(string workload, RunOperation[] operations, LoadResult load, JudgeOptions options, CancellationToken cancellationToken)
    {
        if (workload == StreamLoad.LoadName)
            return load.Stream is { } stream ? [StreamCheck.Check(workload, operations, stream)] : [];
        if (TortureJobs.Of(workload) is { } job)
            return load.Jobs.FirstOrDefault(account => account.Job == job) is { } account ? JobJudge.Run(account, operations, load, options) : [];
        if (workload == AvailableLoad.LoadName)
            return load.Outboxes is { } outboxes ? [AvailableCheck.Check(workload, operations, load.FinalReads, outboxes, options.SpoiltDisks), ConvergenceCheck.Check(workload, load.FinalReads)] : [];
        var linearity = LinearityCheck.Check(workload, operations, options, out var result, cancellationToken);
        RunCheck[] general = result is null ? [linearity] :
        [
            linearity,
            SequentialCheck.Check(workload, operations, result, options),
            ConvergenceCheck.Check(workload, load.FinalReads),
            .. LoadCatalog.ObjectOf(workload) == LoadObject.Counter && workload != WatchLoad.LoadName
                ? [SessionGuarantees.Check(workload, operations), StalenessCheck.Check(workload, operations)] : Array.Empty<RunCheck>(),
        ];
        return result is null ? general : [.. general, .. Special(workload, operations, load)];
    }

    private static RunCheck[] Special(string workload, RunOperation[] operations, LoadResult load) => workload switch
    {
        SetLoad.LoadName => [SetCheck.Check(workload, operations, load.FinalReads)],
        AppendLoad.LoadName => [AppendCheck.Check(workload, operations, load.FinalReads)],
        BankLoad.LoadName => [BankCheck.Check(workload, operations)],
        MutexLoad.LoadName => [MutexCheck.Check(workload, operations)],
        SessionsLoad.LoadName => [SumCheck.Check(workload, "exactly once", operations, load.FinalReads), SumCheck.Check(workload, load.Repeats)],
        LevelsLoad.LoadName => [SumCheck.Check(workload, "sum", operations, load.FinalReads), PlacesCheck.Check(workload, operations)],
        WatchLoad.LoadName when load.Watch is { } watch => [WatchCheck.Check(workload, operations, watch)],
        RedisLoad.LoadName => [SumCheck.Check(workload, "sum", operations, load.FinalReads), PipelineCheck.Check(workload, operations)],
        CounterLoad.LoadName or ProvisionalLoad.LoadName => [SumCheck.Check(workload, "sum", operations, load.FinalReads)],
        _ => [],
    };
}
