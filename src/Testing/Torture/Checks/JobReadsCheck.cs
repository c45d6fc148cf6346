namespace RaftStream.Testing;

/// <summary>
/// How many records count, as reads during the run told it: a strong one tells of all that were acknowledged before it began, a weaker one of all that were by as long before as it may be old; none tells of more than had been
/// sent by its end; and of two reads, the one that stands further in the log tells of no fewer, and at one place both tell the same.
/// </summary>
internal static class JobReadsCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "reads";

    /// <summary>Checks the reads of a job.</summary>
    public static RunCheck Check(JobAccount account, IReadOnlyList<RunOperation> operations) => RunHistories.Timed(account.Job.Name, Checker, () => Find(account, operations));

    private static (Verdict Verdict, string Detail) Find(JobAccount account, IReadOnlyList<RunOperation> operations)
    {
        var reads = operations.Where(operation => operation is { Answer.Kind: AnswerKind.Ok, Call.Function: OperationFunction.Read } && operation.Call.Key == $"{account.Job.Name}/all").ToArray();
        var sent = new Steps(account.Batches.Select(static batch => (batch.Invoked, batch.Records.Count)));
        var acknowledged = new Steps(account.Batches.Where(static batch => batch.Acknowledged is not null).Select(static batch => (batch.Acknowledged!.Value, batch.Records.Count)));
        foreach (var read in reads)
        {
            var told = read.Answer.Result!.Value.Number;
            if (sent.Before(read.Completed) is var most && told > most)
                return (Verdict.Illegal, $"{told} records were counted, and {most} had been sent: {RunHistories.Tell(read)}.");
            if (RunHistories.MostAge(read) is { } age && acknowledged.Before(read.Invoked - age) is var least && told < least)
                return (Verdict.Illegal, $"{told} records were counted at the level {read.Call.Level ?? "linearizable"}, and {least} had been acknowledged {age / 1_000_000} ms before: {RunHistories.Tell(read)}.");
        }

        RunOperation? before = null;
        foreach (var read in reads.Where(static read => read.Answer.Index > 0).OrderBy(static read => read.Answer.Index).ThenBy(static read => read.Answer.Result!.Value.Number))
        {
            if (before is not null && (read.Answer.Index == before.Answer.Index ? read.Answer.Result != before.Answer.Result : read.Answer.Result!.Value.Number < before.Answer.Result!.Value.Number))
                return (Verdict.Illegal, $"The count at place {before.Answer.Index} of the log was {before.Answer.Result}, and at {read.Answer.Index} {read.Answer.Result}: {RunHistories.Tell(before)}, {RunHistories.Tell(read)}.");
            before = read;
        }

        return (Verdict.Linearizable, $"{reads.Length} counts fit what was sent and acknowledged, and each other.");
    }

    /// <summary>A sum that grows with time.</summary>
    private sealed class Steps
    {
        private readonly long[] _times;
        private readonly long[] _sums;

        public Steps(IEnumerable<(long At, int Amount)> steps)
        {
            var ordered = steps.OrderBy(static step => step.At).ToArray();
            _times = [.. ordered.Select(static step => step.At)];
            _sums = new long[ordered.Length + 1];
            for (var place = 0; place < ordered.Length; place++)
                _sums[place + 1] = _sums[place] + ordered[place].Amount;
        }

        /// <summary>The sum before a time.</summary>
        public long Before(long time)
        {
            var (low, high) = (0, _times.Length);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _times[middle] < time ? (middle + 1, high) : (low, middle);
            }

            return _sums[low];
        }
    }
}
