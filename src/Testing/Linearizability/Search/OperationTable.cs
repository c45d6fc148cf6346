namespace RaftStream.Testing.Linearizability;

/// <summary>
/// The operations on one key as a search numbers them: first those that were answered, in the order of their calls, then the open ones,
/// in the same order. A search over a prefix takes as open what is answered after its end.
/// </summary>
internal sealed class OperationTable
{
    private readonly List<Operation> _open;

    /// <summary>Takes the operations on one key, in the order of their calls.</summary>
    /// <param name="operations">All of them.</param>
    /// <param name="end">The position of the last event that counts.</param>
    public OperationTable(IReadOnlyList<Operation> operations, int end)
    {
        Completed = [.. operations.Where(operation => operation.Returned <= end)];

        // An open read changes nothing and tells nothing.
        _open = [.. operations.Where(operation => operation.Invoked <= end && operation.Returned > end && operation.Function != OperationFunction.Read)];
    }

    /// <summary>The answered ones.</summary>
    public Operation[] Completed { get; }

    /// <summary>The open ones that may matter.</summary>
    public IReadOnlyList<Operation> Open => _open;

    /// <summary>How many there are.</summary>
    public int Count => Completed.Length + _open.Count;

    public Operation this[int number] => number < Completed.Length ? Completed[number] : _open[number - Completed.Length];

    /// <summary>What the answer told; null for an open operation, whatever was answered after the end.</summary>
    public HistoryValue? ResultOf(int number) => number < Completed.Length ? Completed[number].Result : null;

    public bool IsOpen(int number) => number >= Completed.Length;

    /// <summary>A model drops open operations that can never help to explain an answer: each would double the search.</summary>
    public void DropOpen(Predicate<Operation> useless) => _open.RemoveAll(useless);

    /// <summary>
    /// For each operation the one that does and tells the same and was answered next before it, or -1. While that one can be taken it is
    /// taken first: in any order that takes them the other way round they can change places, since whatever must come after the later
    /// answer must come after the earlier one, too. Open ones count as answered last of all, in the order of their calls.
    /// </summary>
    public int[] Twins()
    {
        var twins = new int[Count];
        var latest = new Dictionary<(OperationFunction, HistoryValue, HistoryValue?), int>();
        foreach (var number in Enumerable.Range(0, Count).OrderBy(number => IsOpen(number) ? int.MaxValue : Completed[number].Returned).ThenBy(static number => number))
        {
            var operation = this[number];
            var kind = (operation.Function, operation.Argument, operation.Function is OperationFunction.Read or OperationFunction.Add ? ResultOf(number) : null);
            twins[number] = latest.GetValueOrDefault(kind, -1);
            latest[kind] = number;
        }
        return twins;
    }
}
