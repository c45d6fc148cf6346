namespace RaftStream.Testing;

/// <summary>
/// Calls that a client sent in one piece are done in their order: on sums that only grow, each answer has in it all that the answers before it in the same pipeline told, and an add's also its
/// own amount. To linearizability they are at once, so it would take them in any order.
/// </summary>
internal static class PipelineCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "pipeline order";

    /// <summary>Checks a workload whose keys are sums of positive amounts.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations) =>
        RunHistories.Timed(workload, Checker, () => Find(operations));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations)
    {
        var (answers, pipelines) = (0, 0);
        foreach (var pipeline in operations.Where(static operation => operation is { Pipeline: > 0, Answer.Kind: AnswerKind.Ok }).GroupBy(static operation => (operation.Pipeline, operation.Call.Key)))
        {
            pipelines++;
            RunOperation? before = null;
            foreach (var operation in pipeline.OrderBy(static operation => operation.Client))
            {
                answers++;
                var own = operation.Call.Function == OperationFunction.Add ? operation.Call.Argument.Number : 0;
                if (before is not null && operation.Answer.Result!.Value.Number - own < before.Answer.Result!.Value.Number)
                    return (Verdict.Illegal, $"Two calls of one pipeline were not done in their order: first {RunHistories.Tell(before)}, then {RunHistories.Tell(operation)}.");
                before = operation;
            }
        }
        return (Verdict.Linearizable, $"{answers} answers in {pipelines} pipelines fit the order of their calls.");
    }
}
