namespace RaftStream.Testing.Linearizability;

/// <summary>One value: read, write, compare-and-set. The state is the value's number.</summary>
/// <remarks>
/// <para>Values that no answered read and no compare-and-set looks for are one value: nobody can tell them apart. An open operation that
/// would bring such a value is dropped: whoever looks at the register next finds what a later write or nothing has put there, so the order
/// without it explains as much.</para>
/// <para>A move away from a value that is still to be seen, and that nothing left would bring again, is refused; if nothing brings it at all,
/// so is every move.</para>
/// </remarks>
internal sealed class RegisterSearch : ISearchModel
{
    private const int Unseen = 0;

    private readonly Kind[] _kinds;
    private readonly int[] _expected;
    private readonly int[] _brought;
    private readonly int[] _lookers;
    private readonly int[] _bringers;
    private readonly int _answered;
    private readonly bool _isHopeless;

    public RegisterSearch(OperationTable table)
    {
        var seen = Seen(table);
        table.DropOpen(operation => !seen.ContainsKey(NewOf(operation)!.Value) || OldOf(operation) == NewOf(operation));
        _answered = table.Completed.Length;
        _kinds = new Kind[table.Count];
        _expected = new int[table.Count];
        _brought = new int[table.Count];
        _lookers = new int[seen.Count + 1];
        _bringers = new int[seen.Count + 1];
        Initial = seen.GetValueOrDefault(HistoryValue.Null, Unseen);
        for (var number = 0; number < table.Count; number++)
        {
            var operation = table[number];
            _kinds[number] = operation.Function switch { OperationFunction.Read => Kind.Read, OperationFunction.Write => Kind.Write, _ => Kind.CompareAndSet };
            if ((_kinds[number] == Kind.Read ? table.ResultOf(number) : OldOf(operation)) is { } expected)
                _expected[number] = seen[expected];
            if (NewOf(operation) is { } brought)
                _brought[number] = seen.GetValueOrDefault(brought, Unseen);
            PutBack(number);
        }
        _isHopeless = Enumerable.Range(1, seen.Count).Any(value => value != Initial && _lookers[value] > 0 && _bringers[value] == 0);
    }

    private enum Kind : byte
    {
        Read = 0,
        Write = 1,
        CompareAndSet = 2,
    }

    public long Initial { get; }

    public bool MayForce(int operation) => _kinds[operation] == Kind.Read;

    public bool IsBlind(int operation) => _kinds[operation] == Kind.Write;

    public Move Try(long state, int operation, out long next)
    {
        next = state;
        if (_isHopeless)
            return Move.No;
        var kind = _kinds[operation];
        if (kind != Kind.Write && state != _expected[operation])
            return Move.No;
        if (kind == Kind.Read)
            return Move.Forced;
        next = _brought[operation];
        if (next == state || _bringers[state] > 0)
            return Move.Branch;
        var itself = kind == Kind.CompareAndSet && operation < _answered ? 1 : 0;
        return _lookers[state] > itself ? Move.No : Move.Branch;
    }

    public void Taken(int operation) => Count(operation, -1);

    public void PutBack(int operation) => Count(operation, 1);

    private void Count(int operation, int change)
    {
        if (_kinds[operation] != Kind.Read)
            _bringers[_brought[operation]] += change;
        if (_kinds[operation] != Kind.Write && operation < _answered)
            _lookers[_expected[operation]] += change;
    }

    private static HistoryValue? OldOf(Operation operation) => operation.Function == OperationFunction.CompareAndSet ? operation.Argument.Members[0] : null;

    private static HistoryValue? NewOf(Operation operation) => operation.Function switch
    {
        OperationFunction.Write => operation.Argument,
        OperationFunction.CompareAndSet => operation.Argument.Members[1],
        _ => null,
    };

    // The values somebody looks for, numbered from 1. An open compare-and-set looks for its old value only if somebody looks for its new one.
    private static Dictionary<HistoryValue, int> Seen(OperationTable table)
    {
        var seen = new Dictionary<HistoryValue, int>();
        for (var number = 0; number < table.Completed.Length; number++)
        {
            var operation = table.Completed[number];
            if ((operation.Function == OperationFunction.Read ? operation.Result : OldOf(operation)) is { } value)
                seen.TryAdd(value, seen.Count + 1);
        }
        var open = table.Open.Where(static operation => operation.Function == OperationFunction.CompareAndSet).ToList();
        while (open.RemoveAll(operation => seen.ContainsKey(operation.Argument.Members[1]) && (seen.TryAdd(operation.Argument.Members[0], seen.Count + 1) || true)) > 0)
        {
            // Each round may make others matter.
        }
        return seen;
    }
}
