using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// Whether answers tell the truth of their places in the log, on sums that only grow. A read at any level is a prefix of the log: its value is the sum of
/// the adds at or below its place, so that one value goes with one place and later places hold no less. And places fit real time: an operation stands at
/// or behind whatever was told before it began, less the age that its level allows or its answer admits, over all keys; a write stands behind it.
/// </summary>
internal static class PlacesCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "places in the log";

    private const int MostOpen = 20;

    /// <summary>Checks a workload whose keys are sums.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations) =>
        RunHistories.Timed(workload, Checker, () => Find(operations));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations)
    {
        var placed = operations.Where(IsPlaced).ToArray();
        foreach (var key in RunHistories.ByKey(operations))
        {
            if (ProblemOfValues([.. key]) is { } problem)
                return (Verdict.Illegal, problem);
        }
        return ProblemOfTimes(placed) is { } wrong
            ? (Verdict.Illegal, wrong)
            : (Verdict.Linearizable, $"{placed.Length} answers stand where they say: each read is the sum of the adds up to its place, and places keep to real time.");
    }

    private static string? ProblemOfValues(RunOperation[] key)
    {
        // Adds that may stand anywhere, or nowhere.
        var open = key.Where(static operation => operation.Call.Function == OperationFunction.Add && operation.Answer.Kind != AnswerKind.Failed && !IsPlaced(operation))
            .Select(static add => add.Call.Argument.Number).ToArray();
        var choices = new Lazy<HashSet<long>?>(() => open.Length > MostOpen ? null : SumCheck.SumsOf(open));
        var (sum, rest, valued) = (0L, 0L, 0L);
        RunOperation? before = null;
        foreach (var operation in key.Where(IsPlaced).OrderBy(static operation => operation.Answer.Index).ThenBy(static operation => operation.Call.Function == OperationFunction.Read))
        {
            if (operation.Call.Function == OperationFunction.Add)
            {
                if (before?.Call.Function == OperationFunction.Add && before.Answer.Index == operation.Answer.Index)
                    return $"Two adds stand at {operation.Answer.Index} in the log: {RunHistories.Tell(before)}, and {RunHistories.Tell(operation)}.";
                sum += operation.Call.Argument.Number;
            }

            before = operation;
            if (operation.Answer.Result is not { } value)
                continue;
            var more = value.Number - sum;
            if (more < rest || (more > rest && (valued == operation.Answer.Index || choices.Value?.Contains(more) == false)))
            {
                return string.Create(CultureInfo.InvariantCulture, $"{RunHistories.Tell(operation)} on {operation.Call.Key} says that it stands at {operation.Answer.Index} in the log, "
                    + $"where the acknowledged adds come to {sum}{(rest > 0 ? $" and others, seen before, to {rest}" : "")}: no prefix of the log is that.");
            }

            (rest, valued) = (more, operation.Answer.Index);
        }
        return null;
    }

    private static string? ProblemOfTimes(RunOperation[] placed)
    {
        var told = placed.OrderBy(static operation => operation.Completed).ToArray();
        var furthest = new RunOperation[told.Length];
        for (var place = 0; place < told.Length; place++)
            furthest[place] = place > 0 && furthest[place - 1].Answer.Index >= told[place].Answer.Index ? furthest[place - 1] : told[place];
        var ends = told.Select(static operation => operation.Completed).ToArray();
        foreach (var operation in placed)
        {
            if (RunHistories.MostAge(operation) is not { } age || Before(ends, operation.Invoked - age) is not (>= 0 and var last))
                continue;
            var (other, isRead) = (furthest[last], operation.Call.Function == OperationFunction.Read);
            if (operation.Answer.Index < other.Answer.Index || (!isRead && operation.Answer.Index == other.Answer.Index))
            {
                return string.Create(CultureInfo.InvariantCulture, $"{RunHistories.Tell(operation)} on {operation.Call.Key} stands at {operation.Answer.Index} in the log, and more than "
                    + $"{age / 1e6:0.0} ms, which is its age, before it began another answer stood at {other.Answer.Index}: {RunHistories.Tell(other)} on {other.Call.Key}.");
            }
        }
        return null;
    }

    // The last that ended before an instant; -1 if none did.
    private static int Before(long[] ends, long instant)
    {
        var (low, high) = (0, ends.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ends[middle] < instant)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    private static bool IsPlaced(RunOperation operation) => operation.Answer is { Kind: AnswerKind.Ok, Index: > 0 };
}
