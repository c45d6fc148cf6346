namespace RaftStream.Testing;

/// <summary>Eventual convergence: with everything mended, all nodes tell the same of each key, and stand at the same place with the same state.</summary>
internal static class ConvergenceCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "convergence";

    /// <summary>Compares the final reads of a workload.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<FinalRead> reads) =>
        RunHistories.Timed(workload, Checker, () => Find(workload, reads));

    private static (Verdict Verdict, string Detail) Find(string workload, IReadOnlyList<FinalRead> reads)
    {
        var own = reads.Where(read => read.Workload == workload).ToArray();
        var answered = own.Where(static read => read.Value is not null).ToArray();
        foreach (var key in answered.GroupBy(static read => read.Key, StringComparer.Ordinal))
        {
            var first = key.First();
            if (key.FirstOrDefault(read => read.Value != first.Value) is { } other)
                return (Verdict.Illegal, $"Key {key.Key} is {first.Value} through node {first.Node} and {other.Value} through node {other.Node}, long after everything was mended.");
        }
        var missing = own.Length - answered.Length;
        return missing == 0
            ? (Verdict.Linearizable, $"{own.Length} final reads of {own.Select(static read => read.Key).Distinct(StringComparer.Ordinal).Count()} keys agree over all nodes.")
            : (Verdict.Undecided, $"{missing} of {own.Length} final reads were not answered, through {Nodes(own)}; the others agree.");
    }

    /// <summary>Compares where the nodes stood at last.</summary>
    public static RunCheck Check(IReadOnlyDictionary<int, NodeView> views) =>
        RunHistories.Timed(Judge.AllWorkloads, "state", () => Compare(views));

    private static (Verdict Verdict, string Detail) Compare(IReadOnlyDictionary<int, NodeView> views)
    {
        if (views.Count == 0)
            return (Verdict.Undecided, "No node told where it stands.");
        if (NodeViews.Diverged(views) is var (one, other))
            return (Verdict.Illegal, $"At entry {views[one].Applied} the state of node {one} is {views[one].StateHash} and that of node {other} is {views[other].StateHash}.");
        var (least, most) = (views.Min(static view => view.Value.Applied), views.Max(static view => view.Value.Applied));
        return least == most
            ? (Verdict.Linearizable, $"{views.Count} nodes stand at entry {most} with the same state.")
            : (Verdict.Undecided, $"The nodes did not come to the same place in time: they stand at entries {least} to {most}.");
    }

    private static string Nodes(IEnumerable<FinalRead> reads) =>
        string.Join(", ", reads.Where(static read => read.Value is null).Select(static read => $"node {read.Node}").Distinct(StringComparer.Ordinal));
}
