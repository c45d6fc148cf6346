namespace RaftStream.Testing;

/// <summary>Runs every check of a stream job.</summary>
internal static class JobJudge
{
    /// <summary>Judges a job.</summary>
    /// <param name="account">What became of it.</param>
    /// <param name="operations">The operations of its workload.</param>
    /// <param name="load">All of the run.</param>
    /// <param name="options">Where the files of the nodes are.</param>
    public static RunCheck[] Run(JobAccount account, IReadOnlyList<RunOperation> operations, LoadResult load, JudgeOptions options)
    {
        // The longest that any node has: a shorter one is held against it.
        var taken = account.Lists.Where(list => list.Sink == JobSpec.NameOf(account.Job.Taken)).MaxBy(static list => list.Told.Count)?.Told ?? [];
        var order = JobOrder.Of(account, taken);
        var isWhole = account.Stands is { } stands && stands.Next.GetValueOrDefault(JobSpec.NameOf(account.Job.Taken), 1) - 1 == taken.Count;
        List<RunCheck> checks = [TakenCheck.Check(account, order, isWhole), JobReadsCheck.Check(account, operations)];
        if (order.Problem is null && isWhole)
        {
            var evaluation = new JobEvaluation(account.Job, order.Batches);
            checks.Add(JobOutputsCheck.Check(account, evaluation));
            checks.Add(SubscriptionCheck.Check(account));
            if (options.DataFolders is { } folders && account.Job.FileSinks.Count > 0)
                checks.Add(JobFilesCheck.Check(evaluation, folders.Where(folder => load.Views.ContainsKey(folder.Key)).ToDictionary(static folder => folder.Key, static folder => folder.Value)));
        }

        if (account.Job.Name == TimersJob.Name)
            checks.Add(LogTimersCheck.Check(account, order));
        return [.. checks];
    }
}
