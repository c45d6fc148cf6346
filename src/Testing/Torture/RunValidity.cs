namespace RaftStream.Testing;

/// <summary>Whether a run proves anything: one whose faults did nothing, or that nobody worked through, is no proof, however green.</summary>
internal static class RunValidity
{
    /// <summary>Operations that the faults of each nemesis must have overlapped, in all.</summary>
    public const int LeastOverlap = 20;

    /// <summary>Accepted writes of which some must have been late where nodes were cut off.</summary>
    public const int ManyAccepted = 200;

    /// <summary>How long a fault is felt after it was mended, in nanoseconds: a hand-over is done in a moment, and clients meet it when it is done.</summary>
    private const long Felt = 1_000_000_000;

    /// <summary>Of all operations, how many must be known to have been done.</summary>
    private const double LeastDone = 0.2;

    /// <summary>What is lacking, a sentence each; none: the run is valid.</summary>
    /// <param name="faults">What was done.</param>
    /// <param name="required">The nemeses that had to strike.</param>
    /// <param name="operations">What clients did.</param>
    public static IReadOnlyList<string> Lacks(IReadOnlyList<RunFault> faults, IReadOnlyList<string> required, IReadOnlyList<RunOperation> operations)
    {
        var lacks = new List<string>();
        var begun = operations.Select(static operation => operation.Invoked).Order().ToArray();
        foreach (var nemesis in required)
        {
            var struck = faults.Where(fault => fault.Nemesis == nemesis).ToList();
            if (struck.Count == 0)
                lacks.Add($"{nemesis} never struck: give the run more time.");
            else if (!struck.Exists(static fault => fault.TookEffect))
                lacks.Add($"{nemesis} struck {struck.Count} times and was never seen to take effect.");
            else if (struck.Sum(fault => Between(begun, fault.Began, fault.Ended + Felt)) is var overlapped && overlapped < LeastOverlap)
                lacks.Add($"{nemesis} met {overlapped} operations, and {LeastOverlap} are the least: give more clients or a higher rate.");
        }

        var done = operations.Count(static operation => operation.Answer.Kind == AnswerKind.Ok);
        if (operations.Count == 0 || done < operations.Count * LeastDone)
            lacks.Add($"{done} of {operations.Count} operations were done: too few to tell anything.");
        return lacks;
    }

    /// <summary>What is lacking of what only some workloads can show, a sentence each; none: the run is valid.</summary>
    /// <param name="faults">What was done.</param>
    /// <param name="load">What clients did.</param>
    public static IReadOnlyList<string> Lacks(IReadOnlyList<RunFault> faults, LoadResult load)
    {
        var lacks = new List<string>();
        if (load.Watch is { } watch && watch.Resumed.Elsewhere == 0)
            lacks.Add("No watcher went on at another node than before: give the run more time, or a higher rate.");

        lacks.AddRange(load.Jobs.SelectMany(JobValidity.Lacks));

        // Where a node is cut off, what it accepts waits. A few writes may all miss that.
        var accepted = load.Operations.Where(static operation => operation.Workload == AvailableLoad.LoadName).ToArray();
        if (accepted.Count(static operation => operation is { Call.Function: OperationFunction.Add, Answer.Kind: AnswerKind.Ok }) >= ManyAccepted
            && faults.Any(static fault => fault.TookEffect && IsCut(fault)) && AvailableCheck.Late(accepted).Count == 0)
            lacks.Add("Nodes were cut off, and no write that one had accepted was seen to come late: give more clients or a higher rate.");
        return lacks;
    }

    private static bool IsCut(RunFault fault) => fault.Nemesis.StartsWith("partition-", StringComparison.Ordinal) && fault.Nemesis != "partition-clients";

    private static int Between(long[] sorted, long from, long to) => Place(sorted, to) - Place(sorted, from);

    private static int Place(long[] sorted, long value)
    {
        var place = Array.BinarySearch(sorted, value);
        return place < 0 ? ~place : place;
    }
}
