namespace RaftStream.Testing;

/// <summary>
/// Lists that only grow: each value read later begins with those read before, no element is there twice, and none that was acknowledged is missing at the
/// end.
/// </summary>
internal static class AppendCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "append";

    /// <summary>Checks the lists of a run.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads) =>
        RunHistories.Timed(workload, Checker, () => Find(workload, operations, reads));

    private static (Verdict Verdict, string Detail) Find(string workload, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads)
    {
        var final = reads.Where(read => read.Workload == workload && read.Value is not null).ToLookup(static read => read.Key, static read => read.Value!.Value.Number, StringComparer.Ordinal);
        var elements = 0;
        foreach (var key in RunHistories.ByKey(operations.Where(static operation => operation.Answer.Kind == AnswerKind.Ok)))
        {
            if (ProblemOfReads(key) is { } problem)
                return (Verdict.Illegal, problem);
            var added = key.Where(static operation => operation.Call.Function == OperationFunction.CompareAndSet).Select(static operation => operation.Call.Argument.Members[1].Number % AppendLoad.Base).ToArray();
            elements += added.Length;
            foreach (var value in final[key.Key])
            {
                var lost = added.Except(Elements(value)).ToArray();
                if (lost.Length > 0)
                    return (Verdict.Illegal, $"{key.Key} ends as {Tell(value)}, without {string.Join(' ', lost)}, which was acknowledged.");
            }
        }
        return (Verdict.Linearizable, $"{elements} acknowledged elements are there once each, and no list ever changed but at its end.");
    }

    /// <summary>The elements in a value, the first first.</summary>
    public static IReadOnlyList<long> Elements(long value)
    {
        var elements = new List<long>();
        for (var rest = (ulong)value; rest != 0; rest /= AppendLoad.Base)
            elements.Add((long)(rest % AppendLoad.Base));
        elements.Reverse();
        return elements;
    }

    // Against the longest read that ended before it began: whatever began before that one ended may come before it.
    private static string? ProblemOfReads(IEnumerable<RunOperation> key)
    {
        var reads = key.Where(static operation => operation.Call.Function == OperationFunction.Read).ToArray();
        var ended = reads.OrderBy(static read => read.Completed).ToArray();
        var (next, longest) = (0, 0L);
        foreach (var read in reads)
        {
            while (next < ended.Length && ended[next].Completed < read.Invoked)
            {
                longest = (long)Math.Max((ulong)longest, (ulong)ended[next].Answer.Result!.Value.Number);
                next++;
            }
            var elements = Elements(read.Answer.Result!.Value.Number);
            if (elements.Distinct().Count() < elements.Count)
                return $"An element of {read.Call.Key} is there twice: {Tell(read.Answer.Result.Value.Number)} ({RunHistories.Tell(read)}).";
            if (!elements.Take(Elements(longest).Count).SequenceEqual(Elements(longest)))
                return $"{read.Call.Key} was {Tell(longest)} and then {Tell(read.Answer.Result.Value.Number)} ({RunHistories.Tell(read)}).";
        }
        return null;
    }

    private static string Tell(long value) => $"[{string.Join(' ', Elements(value))}]";
}
