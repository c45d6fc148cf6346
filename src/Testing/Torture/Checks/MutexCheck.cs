using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// Mutual exclusion: the times for which locks were certainly held never overlap. A lock is certainly held from the answer that told its holder, by its
/// call or by a read that shows its token, until the holder first asks to give it back.
/// </summary>
internal static class MutexCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "mutual exclusion";

    /// <summary>Checks the locks of a run.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations) =>
        RunHistories.Timed(workload, Checker, () => Find(operations));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations)
    {
        var count = 0;
        foreach (var key in RunHistories.ByKey(operations))
        {
            var holds = Holds(key);
            count += holds.Count;
            Hold? last = null;
            foreach (var hold in holds.OrderBy(static hold => hold.From))
            {
                if (last is not null && hold.From < last.To)
                {
                    return (Verdict.Illegal, string.Create(CultureInfo.InvariantCulture,
                        $"Two hold {key.Key} at {hold.From / 1e9:0.000} s: token {last.Token} from {last.From / 1e9:0.000} to {last.To / 1e9:0.000} s and token {hold.Token} up to {hold.To / 1e9:0.000} s."));
                }
                last = last is null || hold.To > last.To ? hold : last;
            }
        }
        return (Verdict.Linearizable, $"A lock was held {count} times, never by two.");
    }

    // A hold whose end nobody asked for is left out unless its answer is all that is needed: it lasts at least as long as that instant.
    private static List<Hold> Holds(IEnumerable<RunOperation> key)
    {
        var from = new Dictionary<long, long>();
        var to = new Dictionary<long, long>();
        foreach (var operation in key)
        {
            if (operation.Call.Function == OperationFunction.CompareAndSet)
            {
                var (old, next) = (operation.Call.Argument.Members[0].Number, operation.Call.Argument.Members[1].Number);
                if (next == 0)
                    to[old] = Math.Min(to.GetValueOrDefault(old, long.MaxValue), operation.Invoked);
                else if (operation.Answer.Kind == AnswerKind.Ok)
                    from[next] = Math.Min(from.GetValueOrDefault(next, long.MaxValue), operation.Completed);
            }
            else if (operation is { Answer: { Kind: AnswerKind.Ok, Result: { Number: not 0 } token } })
            {
                from[token.Number] = Math.Min(from.GetValueOrDefault(token.Number, long.MaxValue), operation.Completed);
            }
        }
        return [.. from.Select(hold => new Hold(hold.Key, hold.Value, to.GetValueOrDefault(hold.Key, long.MaxValue))).Where(static hold => hold.From < hold.To)];
    }

    private sealed record Hold(long Token, long From, long To);
}
