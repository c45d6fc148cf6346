namespace RaftStream.Testing;

/// <summary>
/// Exactly once: at the end the whole source is counted, every word as often as it is in it; and on the way the offset never went back, and was never
/// beyond what had been posted.
/// </summary>
internal static class StreamCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "exactly once";

    /// <summary>Checks the stream of a run.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, StreamAccount account) =>
        RunHistories.Timed(workload, Checker, () => Find(operations, account));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations, StreamAccount account)
    {
        if (ProblemOfOffsets(operations) is { } problem)
            return (Verdict.Illegal, problem);
        foreach (var (word, count) in account.Counted)
        {
            var wrong = count - account.Counts[word];
            if (account.Final.Kind == AnswerKind.Ok && account.Final.Offset == account.Length && wrong != 0)
                return (Verdict.Illegal, $"The word {word} is {account.Counts[word]} times in the source and counted {count} times: {Math.Abs(wrong)} {(wrong > 0 ? "too often" : "lost")}.");
            if (wrong > 0)
                return (Verdict.Illegal, $"The word {word} is {account.Counts[word]} times in the source and counted {count} times.");
        }
        if (account.Final.Kind != AnswerKind.Ok)
            return (Verdict.Undecided, "Nobody told at the end how far the stream was counted.");
        if (account.Final.Offset != account.Length)
            return (account.Final.Offset > account.Length ? Verdict.Illegal : Verdict.Undecided, $"The source has {account.Length} bytes and {account.Final.Offset} were counted at the end.");
        if (account.Final.Words != account.Words)
            return (Verdict.Illegal, $"The source has {account.Words} words and the job counted {account.Final.Words}.");
        if (account.Counted.Count < account.Counts.Count)
            return (Verdict.Undecided, $"The counters of {account.Counts.Count - account.Counted.Count} words were not read at the end.");
        return (Verdict.Linearizable, $"{account.Words} words in {account.Length} bytes are counted once each; the source was posted {account.Posts.Complete + account.Posts.BrokenOff} times, {account.Posts.BrokenOff} of them broken off.");
    }

    private static string? ProblemOfOffsets(IReadOnlyList<RunOperation> operations)
    {
        var answered = operations.Where(static operation => operation.Answer.Kind == AnswerKind.Ok).ToArray();
        var ended = answered.OrderBy(static operation => operation.Completed).ToArray();
        var begun = operations.Where(static operation => operation.Call.Function == OperationFunction.Append).OrderBy(static post => post.Invoked).ToArray();
        var (next, least, posted, most) = (0, 0L, 0, 0L);
        foreach (var operation in answered.OrderBy(static operation => operation.Invoked))
        {
            while (next < ended.Length && ended[next].Completed < operation.Invoked)
                least = Math.Max(least, ended[next++].Answer.Result?.Number ?? 0);
            if (operation.Answer.Result?.Number < least)
                return $"The offset goes back: {RunHistories.Tell(operation)} after {least} was told.";
        }
        foreach (var operation in ended)
        {
            while (posted < begun.Length && begun[posted].Invoked < operation.Completed)
                most = Math.Max(most, begun[posted++].Call.Argument.Number);
            if (operation.Answer.Result?.Number > most)
                return $"The offset is beyond what was posted, {most}: {RunHistories.Tell(operation)}.";
        }
        return null;
    }
}
