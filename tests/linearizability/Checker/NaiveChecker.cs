using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>
/// Tries every order of the operations that respects real time, with every subset of the open ones. It shares nothing with the real
/// checker but the operations: no keys apart, no memory, no rule that leaves anything out.
/// </summary>
internal static class NaiveChecker
{
    /// <summary>Whether an order explains the history up to an event; what is answered later is open.</summary>
    public static bool IsLinearizable(IReadOnlyList<Operation> operations, HistoryModel model, int end = Operation.Never - 1)
    {
        var left = operations.Where(operation => operation.Invoked <= end).ToList();
        return GoOn(left, [], model, end);
    }

    /// <summary>What is wrong with an order that is said to explain a history; null if nothing is.</summary>
    public static string? Refute(IReadOnlyList<Operation> order, IReadOnlyList<Operation> operations, HistoryModel model, int end = Operation.Never - 1)
    {
        if (order.Distinct().Count() != order.Count || operations.Any(operation => operation.Returned <= end && !order.Contains(operation)))
            return "An operation is missing or there twice.";
        var states = new Dictionary<string, HistoryValue>(StringComparer.Ordinal);
        for (var place = 0; place < order.Count; place++)
        {
            var operation = order[place];
            if (order.Skip(place + 1).Any(later => later.Returned <= end && later.Returned < operation.Invoked))
                return $"{operation} comes before one that was answered before it was called.";
            if (Apply(model, states.GetValueOrDefault(operation.Key), operation, operation.Returned > end) is not { } next)
                return $"{operation} does not fit where it is.";
            states[operation.Key] = next;
        }
        return null;
    }

    private static bool GoOn(List<Operation> left, Dictionary<string, HistoryValue> states, HistoryModel model, int end)
    {
        if (left.TrueForAll(operation => operation.Returned > end))
            return true;
        foreach (var operation in left)
        {
            if (left.Exists(other => other.Returned <= end && other.Returned < operation.Invoked))
                continue;
            if (Apply(model, states.GetValueOrDefault(operation.Key), operation, operation.Returned > end) is not { } next)
                continue;
            var states2 = new Dictionary<string, HistoryValue>(states, StringComparer.Ordinal) { [operation.Key] = next };
            if (GoOn([.. left.Where(other => other != operation)], states2, model, end))
                return true;
        }
        return false;
    }

    // The state after the operation, or null if it cannot be done there, or would have answered otherwise.
    private static HistoryValue? Apply(HistoryModel model, HistoryValue state, Operation operation, bool isOpen)
    {
        var argument = operation.Argument;
        var result = isOpen ? null : operation.Result;
        switch (operation.Function)
        {
            case OperationFunction.Read:
                return result is null || Same(model, state, result.Value) ? state : null;
            case OperationFunction.Write:
                return argument;
            case OperationFunction.CompareAndSet:
                return state == argument.Members[0] ? argument.Members[1] : null;
            case OperationFunction.Add when model == HistoryModel.Counter:
                HistoryValue sum = state.Number + argument.Number;
                return result is null || result.Value == sum ? sum : null;
            case OperationFunction.Add:
                return state.Members.Contains(argument) ? state : HistoryValue.List([.. state.Members, argument]);
            case OperationFunction.Append:
                return model == HistoryModel.KeyValue ? HistoryValue.FromString(state.Text + argument.Text) : HistoryValue.List([.. state.Members, argument]);
            case OperationFunction.Acquire:
                return state.Number == 0 ? 1 : null;
            default:
                return state.Number == 1 ? 0 : null;
        }
    }

    private static bool Same(HistoryModel model, HistoryValue state, HistoryValue read) => model switch
    {
        HistoryModel.Counter => state.Number == read.Number,
        HistoryModel.KeyValue => state.Text == read.Text,
        HistoryModel.Append => state.Members.SequenceEqual(read.Members),
        HistoryModel.Set => state.Members.ToHashSet().SetEquals(read.Members),
        _ => state == read,
    };
}
