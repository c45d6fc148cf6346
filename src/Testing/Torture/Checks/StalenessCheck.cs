using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// Bounded staleness on sums that only grow: a read shows every add that was acknowledged before the read began, less the age that its level allows or
/// that its answer admits; none for linearizable ones. Reads that promise nothing are only measured.
/// </summary>
internal static class StalenessCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "bounded staleness";

    /// <summary>Checks a workload whose keys are sums.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations) =>
        RunHistories.Timed(workload, Checker, () => Find(operations));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations)
    {
        var (reads, oldest) = (0, 0L);
        foreach (var key in RunHistories.ByKey(operations.Where(static operation => operation.Answer.Kind == AnswerKind.Ok)))
        {
            var adds = new Acknowledged(key.Where(static operation => operation.Call.Function == OperationFunction.Add));
            foreach (var read in key.Where(static operation => operation.Call.Function == OperationFunction.Read))
            {
                reads++;
                var age = adds.AgeOf(read);
                oldest = Math.Max(oldest, age);
                if (RunHistories.MostAge(read) is { } most && age > most)
                    return (Verdict.Illegal, string.Create(CultureInfo.InvariantCulture, $"{RunHistories.Tell(read)} on {key.Key} is at least {age / 1e6:0.0} ms old where {most / 1e6:0.0} ms are allowed: an add acknowledged that long before it began is not in it."));
            }
        }
        return (Verdict.Linearizable, string.Create(CultureInfo.InvariantCulture, $"{reads} reads, none older than it may be; the oldest lacked what was acknowledged {oldest / 1e6:0.0} ms before it began."));
    }

    /// <summary>The acknowledged adds of a key: from when on the sum was at least how much.</summary>
    private sealed class Acknowledged
    {
        private readonly long[] _ends;
        private readonly long[] _least;

        public Acknowledged(IEnumerable<RunOperation> adds)
        {
            var ordered = adds.OrderBy(static add => add.Completed).ToArray();
            _ends = [.. ordered.Select(static add => add.Completed)];
            _least = new long[ordered.Length];
            var (sum, told) = (0L, 0L);
            for (var place = 0; place < ordered.Length; place++)
            {
                sum += ordered[place].Call.Argument.Number;
                told = Math.Max(told, ordered[place].Answer.Result?.Number ?? 0);
                _least[place] = Math.Max(sum, told);
            }
        }

        // How long before the read the first add that it lacks was acknowledged. What is least grows, so all before that one are in the read.
        public long AgeOf(RunOperation read)
        {
            var value = read.Answer.Result!.Value.Number;
            var (low, high) = (0, _ends.Length);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_least[middle] > value)
                    high = middle;
                else
                    low = middle + 1;
            }
            return low < _ends.Length && _ends[low] < read.Invoked ? read.Invoked - _ends[low] : 0;
        }
    }
}
