namespace RaftStream.Testing;

/// <summary>
/// The four guarantees of a session, of each process: read your writes, monotonic reads, monotonic writes, writes follow reads. On sums that only grow the
/// order of states is that of their values; and where answers tell their place in the log, places must not go back over all keys. Reads of the level
/// <c>session</c> are held to the first two, over all levels and nodes: they come after whatever the process was told before.
/// </summary>
internal static class SessionGuarantees
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "session guarantees";

    /// <summary>Checks a workload whose keys are sums.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations) =>
        RunHistories.Timed(workload, Checker, () => Find(workload, operations));

    private static (Verdict Verdict, string Detail) Find(string workload, IReadOnlyList<RunOperation> operations)
    {
        var answered = operations.Where(static operation => operation.Answer.Kind == AnswerKind.Ok).ToArray();
        var (processes, held) = (0, 0);
        foreach (var process in answered.OrderBy(static operation => operation.Invoked).GroupBy(static operation => operation.Client))
        {
            processes++;
            held += process.Count(RunHistories.IsInSession);
            var strong = process.Where(RunHistories.IsStrong).ToArray();
            var problem = ProblemOfPlaces(strong);
            foreach (var key in strong.GroupBy(static operation => operation.Call.Key, StringComparer.Ordinal))
                problem ??= ProblemOfValues(key, isSet: workload == SetLoad.LoadName);
            problem ??= workload == SetLoad.LoadName ? null : ProblemOfLevels(process);
            if (problem is not null)
                return (Verdict.Illegal, problem);
        }
        return (Verdict.Linearizable, $"{held} answers to {processes} processes never went back.");
    }

    private static string? ProblemOfPlaces(IEnumerable<RunOperation> process)
    {
        RunOperation? before = null;
        foreach (var operation in process.Where(static operation => operation.Answer.Index > 0))
        {
            var isRead = operation.Call.Function == OperationFunction.Read;
            if (before is not null && (operation.Answer.Index < before.Answer.Index || (!isRead && operation.Answer.Index == before.Answer.Index)))
                return $"The order goes back: {Tell(operation)} stands at {operation.Answer.Index} in the log, and what the same process was told before at {before.Answer.Index} ({Tell(before)}).";
            before = operation;
        }
        return null;
    }

    private static string? ProblemOfLevels(IEnumerable<RunOperation> process)
    {
        RunOperation? furthest = null;
        var least = new Dictionary<string, (long Sum, RunOperation By)>(StringComparer.Ordinal);
        foreach (var operation in process)
        {
            var (told, place, key) = (operation.Answer.Result?.Number, operation.Answer.Index, operation.Call.Key);
            var isRead = operation.Call.Function == OperationFunction.Read;
            var before = least.GetValueOrDefault(key);
            if (RunHistories.IsInSession(operation))
            {
                if (furthest is not null && place > 0 && place < furthest.Answer.Index)
                    return $"A session goes back: {Tell(operation)} ({operation.Call.Level ?? "strongest"}) stands at {place} in the log, and the same process was told {furthest.Answer.Index} before ({Tell(furthest)}).";
                if (isRead && told < before.Sum)
                    return $"A session goes back: {Tell(operation)} ({operation.Call.Level ?? "strongest"}) lacks what the same process knew of before: {Tell(before.By)}.";
            }

            if (place > 0 && (furthest is null || place > furthest.Answer.Index))
                furthest = operation;
            var sum = isRead ? told ?? 0 : Math.Max(told ?? 0, before.Sum + operation.Call.Argument.Number);
            if (before.By is null || sum > before.Sum)
                least[key] = (sum, operation);
        }
        return null;
    }

    private static string? ProblemOfValues(IEnumerable<RunOperation> key, bool isSet)
    {
        RunOperation? read = null;
        RunOperation? write = null;
        var own = 0L;
        foreach (var operation in key)
        {
            var told = operation.Answer.Result?.Number;
            if (operation.Call.Function == OperationFunction.Read)
            {
                if (read is not null && IsBehind(told!.Value, read.Answer.Result!.Value.Number, isSet))
                    return $"Reads are not monotonic: {Tell(operation)} is behind {Tell(read)}.";
                if (IsBehind(told!.Value, own, isSet) || (write?.Answer.Result is { } after && IsBehind(told.Value, after.Number, isSet)))
                    return $"A process does not read its writes: {Tell(operation)} lacks {Tell(write!)} or one before.";
                read = operation;
                continue;
            }
            var amount = operation.Call.Argument.Number;
            if (told is { } sum && write?.Answer.Result is { } earlier && sum < earlier.Number + amount)
                return $"Writes are not monotonic: {Tell(operation)} does not come after {Tell(write)}.";
            if (told is { } later && read is not null && later < read.Answer.Result!.Value.Number + amount)
                return $"A write does not follow what was read before: {Tell(operation)} does not come after {Tell(read)}.";
            own += amount;
            write = operation;
        }
        return null;
    }

    // A set lacks a member that it had; any other sum is smaller than it was.
    private static bool IsBehind(long value, long before, bool isSet) => value < before || (isSet && (value & before) != before);

    private static string Tell(RunOperation operation) => RunHistories.Tell(operation);
}
