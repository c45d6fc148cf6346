namespace RaftStream.Testing;

/// <summary>What came of the records: what every node has of each sink, the rows of the tables and the numbers of late records are those of a plain evaluation of the records in the order in which the log took them.</summary>
internal static class JobOutputsCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "as evaluated";

    /// <summary>Checks the outputs of a job.</summary>
    public static RunCheck Check(JobAccount account, JobEvaluation evaluation) => RunHistories.Timed(account.Job.Name, Checker, () => Find(account, evaluation));

    private static (Verdict Verdict, string Detail) Find(JobAccount account, JobEvaluation evaluation)
    {
        var outputs = 0;
        var incomplete = new List<string>();
        foreach (var list in account.Lists)
        {
            if (evaluation.OutputsOf(list.Sink) is not { } expected)
                continue;
            if (ProblemOf(list, expected) is { } problem)
                return (Verdict.Illegal, problem);
            outputs += list.Told.Count;
            if (list.Told.Count < expected.Count && account.Stands!.Next.GetValueOrDefault(list.Sink, 1) - 1 < expected.Count)
                return (Verdict.Illegal, $"The sink {list.Sink} was given {account.Stands.Next.GetValueOrDefault(list.Sink, 1) - 1} outputs and must have {expected.Count}: the next is {expected[list.Told.Count]}.");
            if (list.Told.Count < expected.Count)
                incomplete.Add($"node {list.Node} of {list.Sink}");
        }

        if (ProblemOfTables(account, evaluation) is { } wrong)
            return (Verdict.Illegal, wrong);
        if (ProblemOfLate(account, evaluation) is { } late)
            return (Verdict.Illegal, late);
        if (incomplete.Count > 0)
            return (Verdict.Undecided, $"Not all outputs were told in time by {string.Join(", ", incomplete)}; those that were are right.");
        return account.Tables.Count < account.Job.Tables.Count
            ? (Verdict.Undecided, $"{account.Job.Tables.Count - account.Tables.Count} tables were not read in time.")
            : (Verdict.Linearizable, $"{outputs} outputs of sinks, {account.Tables.Values.Sum(static rows => rows.Count)} rows of {account.Tables.Count} tables and {evaluation.Late} late records are as evaluated.");
    }

    private static string? ProblemOf(JobList list, IReadOnlyList<string> expected)
    {
        for (var place = 0; place < list.Told.Count; place++)
        {
            var (sequence, text) = list.Told[place];
            if (place >= expected.Count)
                return $"Node {list.Node} has output {sequence} of {list.Sink}, {text}, and there must be {expected.Count}.";
            if (sequence != place + 1 || text != expected[place])
                return $"Node {list.Node} has {text} as output {sequence} of {list.Sink}, where {expected[place]} must be output {place + 1}.";
        }

        return null;
    }

    private static string? ProblemOfTables(JobAccount account, JobEvaluation evaluation)
    {
        foreach (var (table, rows) in account.Tables)
        {
            var (found, expected) = (rows.ToHashSet(StringComparer.Ordinal), evaluation.RowsOf(table).ToHashSet(StringComparer.Ordinal));
            if (found.Except(expected, StringComparer.Ordinal).FirstOrDefault() is { } odd)
                return $"The table {JobSpec.NameOf(table)} has a row {odd}, which must not be there.";
            if (expected.Except(found, StringComparer.Ordinal).FirstOrDefault() is { } missing)
                return $"The table {JobSpec.NameOf(table)} lacks the row {missing}.";
        }

        return null;
    }

    private static string? ProblemOfLate(JobAccount account, JobEvaluation evaluation)
    {
        foreach (var place in Enumerable.Range(0, account.Job.Spec.Ops.Count))
        {
            var (told, must) = (account.Stands!.Late.GetValueOrDefault(JobSpec.NameOf(place)), evaluation.LateAt(place));
            if (told != must)
                return $"{told} records came too late for {JobSpec.NameOf(place)} by the job's account, and {must} did.";
        }

        return null;
    }
}
