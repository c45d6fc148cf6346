namespace RaftStream.Linearizability.Tests;

/// <summary>
/// Decides whether the operations on one counter are linearizable. Every add adds a positive number of its own and every answer
/// tells the counter's value, so the values themselves give the only order that can explain a history, and it need only be checked:
/// </summary>
/// <remarks>
/// <para>Chain: sorted by value, each answered add must start where the one before it ended, or the gap between them must be the sum of
/// unanswered adds, each used once. Then every acknowledged add is in, none is in twice, and no other number is.</para>
/// <para>Reads: each must see a value at which the counter stood between two steps of that chain.</para>
/// <para>Real time: an operation that was invoked after another had been answered must not come before it in that order. For an
/// unanswered add only the time of its invocation is known: nothing that was answered before may follow from it.</para>
/// <para>The deltas are random numbers of 40 bits, so that two different sets of a few of them hardly ever have the same sum.</para>
/// </remarks>
internal static class CounterChecker
{
    /// <summary>More unanswered adds than this on one counter would take too long to try.</summary>
    public const int MaxUnknown = 60;

    private const int MaxInOneGap = 6;

    /// <summary>Returns what is wrong, in one sentence, or null if the history is linearizable.</summary>
    /// <param name="operations">All operations on one counter that were not certainly refused.</param>
    public static string? Explain(IReadOnlyCollection<Operation> operations)
    {
        var unknown = operations.Where(operation => operation.Value is null && operation.Kind == OperationKind.Add).ToList();
        if (unknown.Count > MaxUnknown)
            throw new InvalidOperationException($"{unknown.Count} adds have no answer: at most {MaxUnknown} can be checked.");
        var chain = new List<Step>();
        return BuildChain(operations, unknown, chain) ?? CheckRealTime(operations, chain);
    }

    // The steps of the counter's value from 0 to the largest value seen, answered and unanswered adds alike.
    private static string? BuildChain(IReadOnlyCollection<Operation> operations, List<Operation> unknown, List<Step> chain)
    {
        var at = 0L;

        // Reads come before the add that starts at the value they saw.
        var points = operations.Where(operation => operation.Value is not null)
            .OrderBy(operation => operation.Before).ThenBy(operation => operation.Kind == OperationKind.Add ? 1 : 0);
        foreach (var operation in points)
        {
            if (operation.Before < at)
                return $"The counter went back: '{operation}' starts at {operation.Before}, but {at} was reached by then.";
            var missing = Find(operation.Before - at, unknown);
            if (missing is null)
                return $"The value {operation.Before}, which '{operation}' saw, is the sum of no adds: {operation.Before - at} more than the {at} before it.";

            // Within a gap their order is open; by the time of invocation is the one that real time allows if any does.
            foreach (var add in missing.OrderBy(add => add.Invoked))
            {
                unknown.Remove(add);
                chain.Add(new Step(at, at + add.Delta, add));
                at += add.Delta;
            }
            if (operation.Kind == OperationKind.Add)
            {
                chain.Add(new Step(at, operation.Value!.Value, operation));
                at = operation.Value.Value;
            }
        }
        return null;
    }

    private static string? CheckRealTime(IReadOnlyCollection<Operation> operations, List<Step> chain)
    {
        // Sweep by invocation: the highest value that was certainly reached by then is a floor for everything that follows.
        var answered = operations.Where(operation => operation.Value is not null).OrderBy(operation => operation.Completed).ToList();
        var invocations = answered.Select(operation => (Floor: operation.Before, Operation: operation))
            .Concat(chain.Where(step => step.Cause.Value is null).Select(step => (Floor: step.From, Operation: step.Cause)))
            .OrderBy(invocation => invocation.Operation.Invoked);
        var next = 0;
        Operation? highest = null;
        foreach (var (floor, operation) in invocations)
        {
            for (; next < answered.Count && answered[next].Completed < operation.Invoked; next++)
            {
                if (highest is null || answered[next].Value > highest.Value)
                    highest = answered[next];
            }
            if (highest is not null && highest.Value > floor)
                return $"Out of real time: '{operation}' took place at {floor}, but '{highest}' was answered before it was sent.";
        }
        return null;
    }

    // A set of the given adds with exactly this sum; null if there is none with a few members.
    private static List<Operation>? Find(long sum, List<Operation> adds)
    {
        for (var size = 0; size <= Math.Min(MaxInOneGap, adds.Count); size++)
        {
            var found = new List<Operation>(size);
            if (Choose(sum, adds, 0, size, found))
                return found;
        }
        return null;
    }

    private static bool Choose(long sum, List<Operation> adds, int from, int left, List<Operation> found)
    {
        if (left == 0)
            return sum == 0;
        for (var place = from; place <= adds.Count - left; place++)
        {
            if (adds[place].Delta > sum)
                continue;
            found.Add(adds[place]);
            if (Choose(sum - adds[place].Delta, adds, place + 1, left - 1, found))
                return true;
            found.RemoveAt(found.Count - 1);
        }
        return false;
    }

    private readonly record struct Step(long From, long To, Operation Cause);
}
