using System.Diagnostics;
using RaftStream.Testing.Linearizability;

namespace RaftStream.Testing;

/// <summary>
/// Decides whether a history is linearizable: whether all its operations can be put in one order that respects real time, and in which
/// each answer is what the object would have answered. Objects of different keys are checked each for itself, which is the same.
/// </summary>
public static class LinearizabilityChecker
{
    private const long LeastMemory = 1 << 20;

    /// <summary>Checks a history.</summary>
    /// <param name="history">What happened.</param>
    /// <param name="model">The object that each key is.</param>
    /// <param name="bounds">How much it may take; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the check with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">An operation is none of the model's: the message is one sentence that says which and why.</exception>
    public static CheckResult Check(History history, HistoryModel model, CheckBounds? bounds = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(history);
        bounds ??= new();
        var watch = Stopwatch.StartNew();
        foreach (var operation in history.Operations)
            Require(model, operation);
        var keys = history.Operations.GroupBy(static operation => operation.Key, StringComparer.Ordinal)
            .Select(static (group, place) => (group.Key, Operations: (IReadOnlyList<Operation>)[.. group], Place: place)).ToArray();

        // The smallest first, each with an equal share of the time left: one key that explodes takes nothing from the others.
        var results = new KeyResult[keys.Length];
        var left = keys.Length;
        foreach (var (key, operations, place) in keys.OrderBy(static key => key.Operations.Count))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var share = (bounds.Time - watch.Elapsed) / left--;
            results[place] = CheckKey(key, operations, model, bounds with { Time = share }, cancellationToken);
        }
        return new(results, watch.Elapsed);
    }

    private static KeyResult CheckKey(string key, IReadOnlyList<Operation> operations, HistoryModel model, CheckBounds bounds, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var memory = Math.Max(LeastMemory, bounds.MemoryBytes);
        var budget = new SearchBudget(bounds.Time, memory, cancellation);
        var search = new KeySearch(new OperationTable(operations, Operation.Never - 1), model, budget);
        var verdict = search.Run();
        var explanation = verdict == Verdict.Illegal && bounds.Explain
            ? ShortestPrefix.Find(operations, model, search, new SearchBudget(bounds.Time - watch.Elapsed, memory, cancellation))
            : null;
        return new(key, operations, verdict, budget.Steps, search.MemoryBytes)
        {
            Linearization = search.Linearization,
            EndedBy = search.EndedBy,
            Illegal = explanation,
        };
    }

    private static void Require(HistoryModel model, Operation operation)
    {
        var problem = ModelRules.ProblemOfCall(model, operation.Function, operation.Argument)
            ?? (operation.IsOpen ? null : ModelRules.ProblemOfResult(model, operation.Function, operation.Result));
        if (problem is not null)
            throw new ArgumentException($"Operation {operation.Number} ({operation}) {problem}", nameof(operation));
    }
}
