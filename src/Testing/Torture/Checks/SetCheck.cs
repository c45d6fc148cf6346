using System.Numerics;

namespace RaftStream.Testing;

/// <summary>
/// What became of each member that was added to a set: lost (acknowledged, and not there at the end), stale (a read that began after its
/// acknowledgement lacks it), never read, or there without having been added, as after an add that counted twice.
/// </summary>
internal static class SetCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "set";

    /// <summary>Checks the sets of a run.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads) =>
        RunHistories.Timed(workload, Checker, () => Find(workload, operations, reads));

    private static (Verdict Verdict, string Detail) Find(string workload, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads)
    {
        var final = reads.Where(read => read.Workload == workload && read.Value is not null).ToLookup(static read => read.Key, static read => read.Value!.Value.Number, StringComparer.Ordinal);
        var (members, neverRead) = (0, 0);
        foreach (var key in RunHistories.ByKey(operations))
        {
            var set = new Members(key);
            members += BitOperations.PopCount((ulong)set.Acknowledged);
            foreach (var value in final[key.Key])
            {
                if (set.ProblemOf(value) is { } problem)
                    return (Verdict.Illegal, $"At the end {key.Key} {problem}");
            }
            if (set.FirstStale() is { } stale)
                return (Verdict.Illegal, stale);
            neverRead += final.Contains(key.Key) ? 0 : BitOperations.PopCount((ulong)(set.Acknowledged & ~set.Read));
        }
        return neverRead == 0
            ? (Verdict.Linearizable, $"{members} acknowledged members are there, and none that was not added.")
            : (Verdict.Undecided, $"{neverRead} of {members} acknowledged members were never read after: their sets were not read at the end.");
    }

    private sealed class Members
    {
        private readonly RunOperation[] _operations;
        private readonly long _attempted;

        public Members(IEnumerable<RunOperation> operations)
        {
            _operations = [.. operations];
            foreach (var operation in _operations)
            {
                if (operation.Call.Function == OperationFunction.Read)
                    Read |= operation.Answer.Kind == AnswerKind.Ok ? operation.Answer.Result!.Value.Number : 0;
                else if (operation.Answer.Kind != AnswerKind.Failed)
                    _attempted |= operation.Call.Argument.Number;
                if (operation is { Call.Function: OperationFunction.Add, Answer.Kind: AnswerKind.Ok })
                    Acknowledged |= operation.Call.Argument.Number;
            }
        }

        public long Acknowledged { get; }

        public long Read { get; }

        public string? ProblemOf(long value)
        {
            var (lost, strange) = (Acknowledged & ~value, value & ~_attempted);
            if (lost != 0 && strange != 0)
                return $"lacks {Tell(lost)} and holds {Tell(strange)}, which were not added: an add that counts twice carries into its neighbour.";
            if (lost != 0)
                return $"lacks {Tell(lost)}, which were acknowledged.";
            return strange != 0 ? $"holds {Tell(strange)}, which were not added." : null;
        }

        public string? FirstStale()
        {
            var adds = _operations.Where(static operation => operation is { Call.Function: OperationFunction.Add, Answer.Kind: AnswerKind.Ok }).OrderBy(static add => add.Completed).ToArray();
            var (next, sure) = (0, 0L);
            foreach (var read in _operations.Where(static operation => operation is { Call.Function: OperationFunction.Read, Answer.Kind: AnswerKind.Ok } && RunHistories.IsStrong(operation)))
            {
                while (next < adds.Length && adds[next].Completed < read.Invoked)
                    sure |= adds[next++].Call.Argument.Number;
                var lacks = sure & ~read.Answer.Result!.Value.Number;
                if (lacks != 0)
                    return $"A read of {read.Call.Key} lacks {Tell(lacks)}, acknowledged before it began: {RunHistories.Tell(read)}.";
            }
            return null;
        }

        private static string Tell(long members) =>
            "members " + string.Join(", ", Enumerable.Range(0, 64).Where(bit => (members >> bit & 1) != 0).Take(10));
    }
}
