namespace RaftStream.Testing;

/// <summary>
/// Whether the final value of a counter is exactly the sum of its acknowledged adds and some of those of unknown outcome, each at most once. Amounts are
/// large and random, so another set of adds does not come to the same sum.
/// </summary>
internal static class SumCheck
{
    private const int MostUnknown = 20;

    /// <summary>Checks a workload.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="checker">The name in reports.</param>
    /// <param name="operations">Its operations.</param>
    /// <param name="reads">The final reads.</param>
    public static RunCheck Check(string workload, string checker, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads) =>
        RunHistories.Timed(workload, checker, () => Find(workload, operations, reads));

    private static (Verdict Verdict, string Detail) Find(string workload, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads)
    {
        var final = reads.Where(read => read.Workload == workload && read.Value is not null)
            .GroupBy(static read => read.Key, StringComparer.Ordinal).ToDictionary(static key => key.Key, static key => key.First().Value!.Value.Number, StringComparer.Ordinal);
        var (adds, unknown, unread, undecided) = (0, 0, 0, 0);
        foreach (var key in RunHistories.ByKey(operations.Where(static operation => operation.Call.Function == OperationFunction.Add)))
        {
            adds += key.Count(static add => add.Answer.Kind == AnswerKind.Ok);
            unknown += key.Count(static add => add.Answer.Kind == AnswerKind.Unknown);
            if (!final.TryGetValue(key.Key, out var value))
                unread++;
            else if (Judge(key, value) is not { } problem)
                undecided++;
            else if (problem.Length > 0)
                return (Verdict.Illegal, problem);
        }
        if (unread + undecided > 0)
            return (Verdict.Undecided, $"{unread} keys were not read at the end, and of {undecided} too many adds are of unknown outcome.");
        return (Verdict.Linearizable, $"{adds} acknowledged adds are counted once each, and {unknown} of unknown outcome at most once.");
    }

    /// <summary>Checks that commands sent again after their answer were answered the same.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<SessionRepeat> repeats) =>
        RunHistories.Timed(workload, "same answer", () => Compare(repeats));

    private static (Verdict Verdict, string Detail) Compare(IReadOnlyList<SessionRepeat> repeats)
    {
        foreach (var repeat in repeats)
        {
            if (repeat.First.Result != repeat.Second.Result || repeat.First.Index != repeat.Second.Index)
            {
                return (Verdict.Illegal, $"Command {repeat.Call.Sequence} of {repeat.Call.Session} (add {repeat.Call.Argument} to {repeat.Call.Key}) was answered with {repeat.First.Result} at {repeat.First.Index}"
                    + $" and, sent again, with {repeat.Second.Result} at {repeat.Second.Index}.");
            }
        }
        return (Verdict.Linearizable, $"{repeats.Count} commands sent again after their answer got the same one.");
    }

    // Empty if it is right, null if it cannot be decided.
    private static string? Judge(IGrouping<string, RunOperation> key, long value)
    {
        var sure = key.Where(static add => add.Answer.Kind == AnswerKind.Ok).ToArray();
        var open = key.Where(static add => add.Answer.Kind == AnswerKind.Unknown).Select(static add => add.Call.Argument.Number).ToArray();
        var rest = value - sure.Sum(static add => add.Call.Argument.Number);
        if (rest == 0)
            return "";
        if (open.Length > MostUnknown)
            return null;
        var sums = SumsOf(open);
        if (sums.Contains(rest))
            return "";
        var lost = Array.Find(sure, add => sums.Contains(rest + add.Call.Argument.Number));
        if (lost is not null)
            return $"{key.Key} ends with {value}, and lacks an acknowledged add: {RunHistories.Tell(lost)}.";
        var twice = key.FirstOrDefault(add => sums.Contains(rest - add.Call.Argument.Number));
        if (twice is not null)
            return $"{key.Key} ends with {value}, in which an add {(twice.Answer.Kind == AnswerKind.Failed ? "that was refused is counted" : "is counted twice")}: {RunHistories.Tell(twice)}.";
        return $"{key.Key} ends with {value}, which no choice of its adds comes to: {rest} beside the {sure.Length} acknowledged ones.";
    }

    /// <summary>The sums of every choice of amounts, none included; give at most 20, which make a million.</summary>
    public static HashSet<long> SumsOf(long[] amounts)
    {
        var sums = new HashSet<long> { 0 };
        foreach (var amount in amounts)
            sums.UnionWith([.. sums.Select(sum => sum + amount)]);
        return sums;
    }
}
