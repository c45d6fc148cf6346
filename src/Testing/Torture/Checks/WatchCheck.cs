using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// Watches: what each watcher was told, over all nodes at which it watched, is in the order of the log, each change once and none left out but where a reset says so; the rows of a reset are
/// the state at its end; each change is one that a write made, with the value and at the place that the write was answered with; and in the end every watcher knows every acknowledged write.
/// </summary>
internal static class WatchCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "each change once";

    /// <summary>Checks the watchers of a run.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, WatchAccount account) =>
        RunHistories.Timed(workload, Checker, () => Find(operations, account));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations, WatchAccount account)
    {
        var adds = operations.Where(static operation => operation.Call.Function == OperationFunction.Add).ToArray();
        var changes = new WatchedChanges(adds);
        try
        {
            changes.Hear(account);
            var readers = account.Watchers.Select(static (stretches, place) => (Stretches: stretches, Name: $"Watcher {place + 1}")).Select(one => (one.Stretches, Reader: new WatchReader(one.Name, changes))).ToArray();
            foreach (var (stretches, reader) in readers)
                reader.Read(stretches);

            // Only now it is known which adds of unknown outcome stand somewhere else.
            foreach (var (_, reader) in readers)
                reader.CheckRows();
            var last = adds.Where(static add => add.Answer.Kind == AnswerKind.Ok).Select(static add => add.Answer.Index).DefaultIfEmpty().Max();
            var behind = readers.Count(one => one.Reader.Place < last);
            if (behind > 0)
                return (Verdict.Undecided, $"{behind} of {readers.Length} watchers did not come to {last}, the place of the last acknowledged write, in time; what they were told is right.");
        }
        catch (WatchProblemException found)
        {
            return (Verdict.Illegal, found.Message);
        }

        return (Verdict.Linearizable, Tell(adds, account));
    }

    private static string Tell(RunOperation[] adds, WatchAccount account)
    {
        var answered = new Dictionary<long, long>();
        foreach (var add in adds.Where(static add => add.Answer is { Kind: AnswerKind.Ok, Index: > 0 }))
            answered[add.Answer.Index] = add.Completed;
        var changes = account.Watchers.SelectMany(static stretches => stretches).SelectMany(static stretch => stretch.Heard).Where(static heard => heard.Told.Kind == WatchToldKind.Change).ToArray();

        // What was answered before a watcher came back from elsewhere was late for its own reasons.
        var lags = account.Watchers.SelectMany(static stretches => stretches)
            .SelectMany(stretch => stretch.Heard.Where(heard => heard.Told.Kind == WatchToldKind.Change && answered.TryGetValue(heard.Told.Index, out var at) && at >= stretch.Heard[0].At))
            .Select(heard => (heard.At - answered[heard.Told.Index]) / 1e6).Order().ToArray();
        var (here, elsewhere) = account.Resumed;
        var lag = lags.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" Half were told within {Math.Max(0, lags[lags.Length / 2]):0.0} ms of their write's answer, 99 of 100 within {Math.Max(0, lags[lags.Length * 99 / 100]):0} ms.");
        return $"{account.Watchers.Count} watchers were told {changes.Length} changes in order, each once; they went on {here + elsewhere} times, {elsewhere} of them at another node, and began anew {account.Resets} times.{lag}";
    }
}

/// <summary>A watch told something that it must not, or left something out: the message is one sentence.</summary>
internal sealed class WatchProblemException : Exception
{
    public WatchProblemException(string message)
        : base(message)
    {
    }

    public WatchProblemException(string message, Exception cause)
        : base(message, cause)
    {
    }

    public WatchProblemException()
    {
    }
}
