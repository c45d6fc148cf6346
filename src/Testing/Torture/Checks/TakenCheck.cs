namespace RaftStream.Testing;

/// <summary>Exactly once: every batch that was acknowledged was taken, once and whole, whatever was sent how often through whichever nodes; one of unknown outcome at most once; and nothing that nobody sent.</summary>
internal static class TakenCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "exactly once";

    /// <summary>Checks what a job took.</summary>
    /// <param name="account">What was sent.</param>
    /// <param name="order">What was taken.</param>
    /// <param name="isWhole">Whether all that was taken is known.</param>
    public static RunCheck Check(JobAccount account, JobOrder order, bool isWhole) => RunHistories.Timed(account.Job.Name, Checker, () => Find(account, order, isWhole));

    private static (Verdict Verdict, string Detail) Find(JobAccount account, JobOrder order, bool isWhole)
    {
        if (order.Problem is { } problem)
            return (Verdict.Illegal, problem);
        if (account.Batches.FirstOrDefault(static batch => batch.New > batch.Records.Count) is { } twice)
            return (Verdict.Illegal, $"The answers say that {twice} were new {twice.New} times, and they are {twice.Records.Count}.");
        if (account.Stands is null || !isWhole)
            return (Verdict.Undecided, "No node told all records that were taken in time; those that were told are right.");
        if (account.Stands.DeadLetters > 0)
            return (Verdict.Illegal, $"{account.Stands.DeadLetters} records were set aside, and none is wrong.");
        var taken = order.Batches.ToHashSet();
        if (account.Batches.FirstOrDefault(batch => batch.Acknowledged is not null && !taken.Contains(batch)) is { } lost)
            return (Verdict.Illegal, $"Lost: {lost}, acknowledged at {lost.Acknowledged / 1e9:0.000} s.");
        var open = account.Batches.Count(static batch => batch.Acknowledged is null);
        return open > 0
            ? (Verdict.Undecided, $"The outcome of {open} batches was not known in time; all others were taken once.")
            : (Verdict.Linearizable, $"{order.Batches.Sum(static batch => batch.Records.Count)} records in {order.Batches.Count} batches were taken, each once.");
    }
}
