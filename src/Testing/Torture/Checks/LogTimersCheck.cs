namespace RaftStream.Testing;

/// <summary>
/// Timers of log time: each record that was taken set one, which fired once and not before the log time that it was set for; and log time never goes back. How much later one fires nobody promises: log time goes on in
/// entries of the log.
/// </summary>
internal static class LogTimersCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "timers fire once";

    /// <summary>Checks the timers of a run.</summary>
    /// <param name="account">What was told.</param>
    /// <param name="order">The records that were taken.</param>
    public static RunCheck Check(JobAccount account, JobOrder order) => RunHistories.Timed(account.Job.Name, Checker, () => Find(account, order));

    private static (Verdict Verdict, string Detail) Find(JobAccount account, JobOrder order)
    {
        var told = account.Lists.Where(static list => list.Sink == TimersJob.LogTimers).MaxBy(static list => list.Told.Count)?.Told ?? [];
        var (set, fired, now) = (new Dictionary<long, long>(), new HashSet<long>(), 0L);
        var taken = order.Batches.SelectMany(static batch => batch.Records).Select(static record => record.Number).ToHashSet();
        foreach (var output in told)
        {
            if (LogTimerNews.Read(output.Text) is not { } news)
                return (Verdict.Illegal, $"Output {output.Sequence} is {output.Text}, which no timer tells.");
            if (news.At < now)
                return (Verdict.Illegal, $"Log time went back from {now} to {news.At} us: {output.Text}.");
            now = news.At;
            if (ProblemOf(news, set, fired, taken) is { } problem)
                return (Verdict.Illegal, problem);
        }

        if (account.Stands is not { } stands || stands.Next.GetValueOrDefault(TimersJob.LogTimers, 1) - 1 > told.Count || !account.HasWaited)
            return (Verdict.Undecided, "No node told in time of all timers; those that were told of are right.");
        if (order.Problem is null && taken.FirstOrDefault(number => !set.ContainsKey(number), -1) is var unset and >= 0)
            return (Verdict.Illegal, $"Record {unset} was taken and set no timer.");
        if (set.Keys.FirstOrDefault(number => !fired.Contains(number), -1) is var silent and >= 0)
            return (Verdict.Illegal, $"The timer of record {silent}, set for {set[silent]} us, never fired, though log time went on long after that.");
        return (Verdict.Linearizable, $"{fired.Count} timers of log time fired, each once and none too early.");
    }

    private static string? ProblemOf(in LogTimerNews news, Dictionary<long, long> set, HashSet<long> fired, HashSet<long> taken)
    {
        if (!news.HasFired)
        {
            if (!taken.Contains(news.Number))
                return $"Record {news.Number} set a timer, and was not taken.";
            return set.TryAdd(news.Number, news.Asked) ? null : $"Record {news.Number} set its timer twice.";
        }

        if (!set.TryGetValue(news.Number, out var asked))
            return $"The timer of record {news.Number} fired, and none was set.";
        if (!fired.Add(news.Number))
            return $"The timer of record {news.Number} fired twice.";
        if (news.Asked != asked)
            return $"The timer of record {news.Number} was set for {asked} us and fired for {news.Asked} us.";
        return news.At >= asked ? null : $"The timer of record {news.Number} was set for {asked} us and fired at {news.At} us, too early.";
    }
}
