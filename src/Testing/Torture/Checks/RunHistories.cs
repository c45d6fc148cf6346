using System.Diagnostics;
using System.Globalization;

namespace RaftStream.Testing;

/// <summary>Operations of a run as checkers want them.</summary>
internal static class RunHistories
{
    /// <summary>The level of reads that promises what the strongest does, while clocks keep their rates.</summary>
    public const string Lease = "lease";

    /// <summary>The level of reads that come after whatever their client was told before.</summary>
    public const string Session = "session";

    // What is left of a lease read's promise while a clock has just leapt: some state that there was.
    private const string LeaseInLeap = "lease while a clock leapt";

    private const string Bounded = "bounded:";

    /// <summary>Whether an operation promises to be linearizable: all writes do, and reads of no named level.</summary>
    public static bool IsStrong(RunOperation operation) => operation.Call.Level is null or Lease;

    /// <summary>Whether an operation comes after all that its process was told before: strong ones do, and reads of a session.</summary>
    public static bool IsInSession(RunOperation operation) => IsStrong(operation) || operation.Call.Level == Session;

    /// <summary>
    /// The operations with what each really promises: a lease read that was under way while a clock had just leapt promises to be some state that there was,
    /// and no more.
    /// </summary>
    public static IReadOnlyList<RunOperation> WithLeaps(IReadOnlyList<RunOperation> operations, IReadOnlyList<ClockLeap> leaps) => leaps.Count == 0 ? operations :
    [
        .. operations.Select(operation => operation.Call.Level == Lease && leaps.Any(leap => operation.Invoked <= leap.Until && operation.Completed >= leap.From)
            ? operation with { Call = operation.Call with { Level = LeaseInLeap }, Answer = operation.Answer with { AgeMs = null } }
            : operation),
    ];

    /// <summary>How old, in nanoseconds, what an operation tells may be; null where nothing is promised.</summary>
    public static long? MostAge(RunOperation operation)
    {
        if (IsStrong(operation))
            return 0;
        var level = operation.Call.Level!;
        var promised = level.StartsWith(Bounded, StringComparison.Ordinal) && long.TryParse(level.AsSpan(Bounded.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var bound)
            ? bound
            : (long?)null;
        var least = promised is { } most && operation.Answer.AgeMs is { } told ? Math.Min(most, told) : promised ?? operation.Answer.AgeMs;
        return least * 1_000_000;
    }

    /// <summary>The model that a workload's keys are.</summary>
    public static HistoryModel ModelOf(string workload) =>
        LoadCatalog.ObjectOf(workload) == LoadObject.Counter ? HistoryModel.Counter : HistoryModel.Register;

    /// <summary>The operations of one workload, which are bounded by those of the run.</summary>
    public static RunOperation[] Of(IEnumerable<RunOperation> operations, string workload) =>
        [.. operations.Where(operation => operation.Workload == workload)];

    /// <summary>Its keys, each with its operations in the order of their calls.</summary>
    public static IEnumerable<IGrouping<string, RunOperation>> ByKey(IEnumerable<RunOperation> operations) =>
        operations.OrderBy(static operation => operation.Invoked).GroupBy(static operation => operation.Call.Key, StringComparer.Ordinal);

    /// <summary>The history that the linearizability checker reads.</summary>
    public static History ToHistory(IReadOnlyList<RunOperation> operations)
    {
        var recorder = new HistoryRecorder(HistoryRecorder.MaxOperations);
        var numbers = new Dictionary<RunOperation, int>(operations.Count, ReferenceEqualityComparer.Instance);
        foreach (var (operation, isCall) in RunEvents.Of(operations))
        {
            var call = operation.Call;
            if (isCall)
                numbers[operation] = recorder.Invoke(operation.Client, call.Key, call.Function, call.Argument);
            else if (operation.Answer.Kind == AnswerKind.Failed)
                recorder.Fail(numbers[operation]);
            else if (operation.Answer.Kind == AnswerKind.Unknown)
                recorder.Info(numbers[operation]);
            else
                recorder.Ok(numbers[operation], call.Function is OperationFunction.Read or OperationFunction.Add ? operation.Answer.Result : null);
        }
        return recorder.ToHistory();
    }

    /// <summary>Runs a checker and notes how long it took.</summary>
    public static RunCheck Timed(string workload, string checker, Func<(Verdict Verdict, string Detail)> check)
    {
        var watch = Stopwatch.StartNew();
        var (verdict, detail) = check();
        return new(workload, checker, verdict, detail, watch.Elapsed.TotalSeconds);
    }

    /// <summary>An operation in a sentence, such as <c>process 7 through node 2 at 12.345 s: add 5 -> 9</c>.</summary>
    public static string Tell(RunOperation operation)
    {
        var call = new Operation(0, operation.Client, operation.Call.Key, operation.Call.Function, operation.Call.Argument, 0, 0);
        if (operation.Answer.Kind == AnswerKind.Ok)
            (call.Result, call.Returned) = (operation.Answer.Result, 1);
        return string.Create(CultureInfo.InvariantCulture, $"process {operation.Client} through node {operation.Node} at {operation.Invoked / 1e9:0.000} s: {call.Call}");
    }
}

/// <summary>A stretch in which a monotonic clock had just leapt, so that promises kept by clocks may be broken: from and until when, in nanoseconds of the run.</summary>
internal readonly record struct ClockLeap(long From, long Until);
