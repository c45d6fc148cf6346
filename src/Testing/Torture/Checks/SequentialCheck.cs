namespace RaftStream.Testing;

/// <summary>
/// Sequential consistency of each key: every client sees one order of all operations that keeps the order in which each client made its own. What is
/// linearizable is sequential, too; only keys that are not, or of which it is not known, are searched.
/// </summary>
/// <remarks>
/// Of each key for itself: all keys may have such an order while the whole has none. So "illegal" is certain, and "fits" says no more than it says.
/// </remarks>
internal static class SequentialCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "sequential";

    /// <summary>Checks a workload.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="operations">Its operations.</param>
    /// <param name="linearity">What the linearizability checker found; null if it found nothing.</param>
    /// <param name="options">How much it may take.</param>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, CheckResult? linearity, JudgeOptions options) =>
        RunHistories.Timed(workload, Checker, () => Find(workload, operations, linearity, options));

    private static (Verdict Verdict, string Detail) Find(string workload, IReadOnlyList<RunOperation> operations, CheckResult? linearity, JudgeOptions options)
    {
        var fits = linearity?.Keys.Where(static key => key.Verdict == Verdict.Linearizable).Select(static key => key.Key).ToHashSet(StringComparer.Ordinal) ?? [];
        var open = RunHistories.ByKey(operations.Where(RunHistories.IsStrong)).Where(key => !fits.Contains(key.Key)).ToArray();
        if (open.Length == 0)
            return (Verdict.Linearizable, $"All {fits.Count} keys are linearizable, and so sequential.");
        var undecided = 0;
        for (var place = 0; place < open.Length; place++)
        {
            var share = options.TimePerCheck / open.Length;
            var verdict = SequentialSearch.Run(open[place], LoadCatalog.ObjectOf(workload), share);
            if (verdict == Verdict.Illegal)
                return (verdict, $"Key {open[place].Key} is not even sequential: no order that keeps each process's own explains all answers.");
            undecided += verdict == Verdict.Undecided ? 1 : 0;
        }
        return undecided > 0
            ? (Verdict.Undecided, $"{undecided} of {open.Length} keys that are not known to be linearizable were not decided for want of time or memory.")
            : (Verdict.Linearizable, $"{fits.Count} keys are linearizable; of {open.Length} others each fits one order that keeps each process's own.");
    }
}
