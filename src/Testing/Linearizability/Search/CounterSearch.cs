namespace RaftStream.Testing.Linearizability;

/// <summary>A counter: add and read; the answer to an add may tell the value after it. The state is the sum.</summary>
/// <remarks>
/// <para>As long as no amount is negative the sum only grows. Then of all answers left that tell a value the one with the smallest value before
/// it is next, the sum must come to exactly that value, and only adds that told nothing can bring it there: some of those that were called before
/// that answer must have the missing sum (<see cref="SubsetSums"/>). Moves after which none has are refused. With amounts that are random
/// and large this leaves hardly a choice. When no such answer is left nothing is to be explained.</para>
/// <para>With a negative amount none of that holds, and the search has only its memory.</para>
/// </remarks>
internal sealed class CounterSearch : ISearchModel
{
    private readonly SearchBudget _budget;
    private readonly OperationTable _table;
    private readonly long[] _amounts;
    private readonly long[] _before;
    private readonly bool[] _tells;
    private readonly bool _onlyGrows;
    private readonly PendingOrder _tellers;
    private readonly PendingOrder _silent;
    private readonly int[] _silentOrder;
    private readonly SubsetSums _sums = new();
    private readonly long[] _candidates;
    private readonly int _answered;

    public CounterSearch(OperationTable table, SearchBudget budget)
    {
        _budget = budget;
        _table = table;
        _answered = table.Completed.Length;
        table.DropOpen(static operation => operation.Argument.Number == 0);
        _amounts = new long[table.Count];
        _before = new long[table.Count];
        _tells = new bool[table.Count];
        for (var number = 0; number < table.Count; number++)
        {
            _amounts[number] = table[number].Function == OperationFunction.Add ? table[number].Argument.Number : 0;
            _tells[number] = table.ResultOf(number) is not null;
            _before[number] = unchecked((table.ResultOf(number)?.Number ?? 0) - _amounts[number]);
        }
        _onlyGrows = Array.TrueForAll(_amounts, static amount => amount >= 0) && Sum(_amounts) is not null;
        var numbers = Enumerable.Range(0, table.Count).ToArray();
        _tellers = new([.. numbers.Where(number => _tells[number]).OrderBy(number => _before[number]).ThenBy(number => table.Completed[number].Returned)], table.Count);

        // The answered ones first: behind the first that is left there are hardly more than there are clients.
        _silentOrder = [.. numbers.Where(number => !_tells[number])];
        _silent = new(_silentOrder, table.Count);
        _candidates = new long[_silentOrder.Length];
    }

    public long Initial => 0;

    public bool MayForce(int operation) => _tells[operation] && _amounts[operation] == 0;

    public bool IsBlind(int operation) => false;

    public Move Try(long state, int operation, out long next)
    {
        next = unchecked(state + _amounts[operation]);
        if (_tells[operation])
        {
            if (state != _before[operation])
                return Move.No;
            return _amounts[operation] == 0 ? Move.Forced : Move.Branch;
        }
        if (!_onlyGrows)
            return Move.Branch;
        var teller = _tellers.First;
        if (teller < 0)
            return operation < _answered ? Move.Forced : Move.No;
        var missing = _before[teller] - next;
        return missing == 0 || (missing > 0 && MayReach(missing, teller, operation)) ? Move.Branch : Move.No;
    }

    public void Taken(int operation)
    {
        _tellers.Take(operation);
        _silent.Take(operation);
    }

    public void PutBack(int operation)
    {
        _tellers.PutBack(operation);
        _silent.PutBack(operation);
    }

    private bool MayReach(long missing, int teller, int without)
    {
        var end = _table.Completed[teller].Returned;
        var count = 0;
        for (var rank = _silent.FirstRank; rank < _silentOrder.Length; rank++)
        {
            var add = _silentOrder[rank];
            var isLate = _table[add].Invoked > end;
            if (isLate && add < _answered)
            {
                // Behind it all answered ones are late, too: go on with the open ones.
                rank = Math.Max(rank, _silentOrder.Length - _table.Open.Count - 1);
                continue;
            }
            if (isLate)
                break;
            if (add != without && !_silent.IsTaken(rank))
                _candidates[count++] = _amounts[add];
        }
        var may = _sums.MayReach(missing, _candidates.AsSpan(0, count));
        _budget.Spend(_sums.Work / 16);
        return may;
    }

    // Null if it does not fit: then nothing can be concluded from sizes.
    private static long? Sum(long[] amounts)
    {
        var sum = 0L;
        foreach (var amount in amounts)
        {
            if (amount > long.MaxValue / 4 - sum)
                return null;
            sum += amount;
        }
        return sum;
    }
}
