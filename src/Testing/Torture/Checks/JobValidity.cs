namespace RaftStream.Testing;

/// <summary>What a run must have seen of a stream job to prove anything of it.</summary>
internal static class JobValidity
{
    /// <summary>So many windows, timers and pairs are the least.</summary>
    public const int Least = 3;

    /// <summary>So many bytes in files are the least.</summary>
    public const long LeastBytes = 4_000;

    /// <summary>What is lacking, a sentence each; none: the job was seen at work.</summary>
    public static IEnumerable<string> Lacks(JobAccount account)
    {
        if (account.Stands is null)
            yield break; // The checks say so already, and claim nothing.
        foreach (var (what, seen, least) in Needs(account, account.Stands))
        {
            if (seen < least)
                yield return $"The workload {account.Job.Name} saw {seen} {what}, and {least} are the least: give the run more time or a higher rate.";
        }
    }

    private static IEnumerable<(string What, long Seen, long Least)> Needs(JobAccount account, JobStands stands)
    {
        var late = stands.Late.Values.Sum();
        switch (account.Job.Name)
        {
            case WindowsJob.Name:
                yield return ("windows", WindowsJob.Closed.Sum(sink => stands.Next.GetValueOrDefault(JobSpec.NameOf(sink), 1) - 1), Least);
                yield return ("late records", late, 1);
                break;
            case TimersJob.Name:
                yield return ("timers", account.Lists.Where(static list => list.Sink == TimersJob.LogTimers).Select(static list => list.Told.Count(static told => LogTimerNews.Read(told.Text) is { HasFired: true })).DefaultIfEmpty().Max(), Least);
                yield return ("outputs of event time", stands.Next.GetValueOrDefault(JobSpec.NameOf(TimersJob.Outputs), 1) - 1, Least);
                break;
            case JoinsJob.Name:
                yield return ("pairs", stands.Next.GetValueOrDefault(JobSpec.NameOf(JoinsJob.Pairs), 1) - 1, Least);
                yield return ("late records", late, 1);
                break;
            default:
                yield return ("bytes in files", account.Batches.Where(static batch => batch.Acknowledged is not null).Sum(static batch => batch.Records.Count) * (long)FilesJob.Padding, LeastBytes);
                break;
        }
    }
}
