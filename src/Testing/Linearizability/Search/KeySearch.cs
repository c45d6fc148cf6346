namespace RaftStream.Testing.Linearizability;

/// <summary>
/// Looks for an order of the operations on one key that explains every answer: the search of Wing and Gong with the memory of Lowe.
/// </summary>
/// <remarks>
/// <para>An answered operation can be taken next if it was called before the first answer of those not taken; an open one likewise. Each
/// that the model allows is tried, depth first, and taken back when nothing goes on from it. A configuration is entered once.</para>
/// <para>What is left out, and why nothing is lost: a read that fits is taken at once (an order that takes it later can take it now, since
/// it changes nothing); of operations that do and tell the same, the one answered first (<see cref="OperationTable.Twins"/>);
/// open operations after all answered ones, and never directly before a move that hides them (<see cref="ISearchModel.IsBlind"/>);
/// what a visited configuration covers (<see cref="ConfigurationMemo"/>). Of all orders one with the fewest open operations passes each
/// of these rules, for whatever breaks one of them gives an order with fewer, or an earlier one with as many.</para>
/// <para>A step allocates nothing but memory of configurations.</para>
/// </remarks>
internal sealed class KeySearch
{
    private readonly OperationTable _table;
    private readonly ISearchModel _model;
    private readonly SearchBudget _budget;
    private readonly ConfigurationMemo _memo;
    private readonly EntryList _list;
    private readonly PendingOrder _returns;
    private readonly int[] _twins;
    private readonly int[] _windows;
    private readonly ulong[] _keys;
    private readonly ulong[] _done;
    private readonly ulong[] _used;
    private readonly Frame[] _frames;
    private readonly int _answered;

    private ulong _hash;
    private long _state;
    private bool _afterOpen;
    private int _left;
    private int _depth;
    private int _cursor;
    private int _openCursor;
    private int _bestAnswered = -1;
    private int[] _best = [];

    /// <summary>Prepares a search.</summary>
    public KeySearch(OperationTable table, HistoryModel model, SearchBudget budget)
    {
        _table = table;
        _model = SearchModels.Compile(model, table, budget);
        _budget = budget;
        _memo = new(budget.MemoryBytes);
        _answered = table.Completed.Length;
        _left = _answered;
        _list = new(table.Completed);
        var byReturn = Enumerable.Range(0, _answered).OrderBy(number => table.Completed[number].Returned).ToArray();
        _returns = new(byReturn, table.Count);
        _twins = table.Twins();
        _windows = Windows(table.Completed, byReturn);
        _keys = new ulong[_answered];
        var seed = new SimRandom(0x5EED);
        for (var i = 0; i < _answered; i++)
            _keys[i] = seed.NextBits();
        _done = new ulong[(_answered + 63) / 64];
        _used = new ulong[(table.Open.Count + 63) / 64];
        _frames = new Frame[table.Count];
    }

    /// <summary>The position of the last answer that an order was found to reach: every prefix that ends before it is legal.</summary>
    public int Furthest { get; private set; }

    /// <summary>Bytes remembered.</summary>
    public long MemoryBytes => _memo.Bytes;

    /// <summary>Which bound ended the search; null if none did.</summary>
    public string? EndedBy { get; private set; }

    /// <summary>The order found, or the longest part of one.</summary>
    public IReadOnlyList<Operation> Linearization => [.. _best.Select(number => _table[number])];

    /// <summary>Searches. To be called once.</summary>
    public Verdict Run()
    {
        _state = _model.Initial;
        var isNew = true;
        while (_left > 0)
        {
            if (!_budget.Step() || _memo.IsFull)
                return End(_memo.IsFull ? "memory" : "time");
            if (isNew)
            {
                if (PushForced())
                    continue;
                (_cursor, _openCursor) = (_list.First, 0);
            }
            isNew = PushBranch();
            if (!isNew && !Backtrack())
                return Verdict.Illegal;
        }
        KeepBest();
        return Verdict.Linearizable;
    }

    private Verdict End(string bound)
    {
        EndedBy = bound;
        KeepBest();
        return Verdict.Undecided;
    }

    // Goes back to the last choice that has alternatives, behind the one that failed; false if there is none.
    private bool Backtrack()
    {
        KeepBest();
        while (_depth > 0)
        {
            var failed = _frames[_depth - 1];
            PutBack();
            if (failed.IsForced)
                continue;
            (_cursor, _openCursor) = failed.Operation < _answered
                ? (_list.Next(_list.CallOf(failed.Operation)), 0)
                : (_list.ReturnOf(_returns.First), failed.Operation - _answered + 1);
            return true;
        }
        return false;
    }

    private bool PushForced()
    {
        for (var entry = _list.First; _list.CallAt(entry) >= 0; entry = _list.Next(entry))
        {
            if (TryForced(_list.CallAt(entry)))
                return true;
        }
        for (var open = 0; open < _table.Open.Count && IsCalled(open); open++)
        {
            if (!IsUsed(open) && TryForced(_answered + open))
                return true;
        }
        return false;
    }

    private bool TryForced(int operation)
    {
        if (!_model.MayForce(operation) || (_afterOpen && _model.IsBlind(operation)) || _model.Try(_state, operation, out var next) != Move.Forced)
            return false;
        Take(operation, next, isForced: true);
        return true;
    }

    private bool PushBranch()
    {
        for (; _list.CallAt(_cursor) >= 0; _cursor = _list.Next(_cursor))
        {
            if (TryBranch(_list.CallAt(_cursor)))
                return true;
        }
        for (; _openCursor < _table.Open.Count && IsCalled(_openCursor); _openCursor++)
        {
            if (!IsUsed(_openCursor) && TryBranch(_answered + _openCursor))
                return true;
        }
        return false;
    }

    private bool TryBranch(int operation)
    {
        if ((_afterOpen && _model.IsBlind(operation)) || HasTwinToTake(operation))
            return false;
        var move = _model.Try(_state, operation, out var next);
        if (move == Move.No)
            return false;
        Take(operation, next, move == Move.Forced);
        if (move == Move.Forced || _left == 0 || Remember())
            return true;
        PutBack();
        return false;
    }

    private bool Remember()
    {
        var first = _list.CallAt(_list.First) >> 6;
        var last = (_windows[_returns.First] - 1) >> 6;
        while (last >= first && _done[last] == 0)
            last--;
        var hash = (_hash ^ ((ulong)_state * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
        return _memo.Add(hash ^ (hash >> 32), _state, (first << 1) | (_afterOpen ? 1 : 0), _done.AsSpan(first, last - first + 1), _used);
    }

    // Whether one that does the same, and was answered earlier, can be taken here.
    private bool HasTwinToTake(int operation)
    {
        var twin = _twins[operation];
        if (twin < 0)
            return false;
        return twin < _answered
            ? (_done[twin >> 6] & (1UL << twin)) == 0 && _table.Completed[twin].Invoked < FirstReturn
            : !IsUsed(twin - _answered);
    }

    private int FirstReturn => _table.Completed[_returns.First].Returned;

    private bool IsCalled(int open) => _table.Open[open].Invoked < FirstReturn;

    private bool IsUsed(int open) => (_used[open >> 6] & (1UL << open)) != 0;

    private void Take(int operation, long next, bool isForced)
    {
        _frames[_depth++] = new(_state, operation, isForced, _afterOpen);
        _state = next;
        _model.Taken(operation);
        _afterOpen = operation >= _answered;
        if (_afterOpen)
        {
            var open = operation - _answered;
            _used[open >> 6] |= 1UL << open;
            return;
        }
        _list.Take(operation);
        _returns.Take(operation);
        _done[operation >> 6] |= 1UL << operation;
        _hash ^= _keys[operation];
        _left--;
    }

    private void PutBack()
    {
        var frame = _frames[--_depth];
        _state = frame.State;
        _afterOpen = frame.AfterOpen;
        _model.PutBack(frame.Operation);
        if (frame.Operation >= _answered)
        {
            var open = frame.Operation - _answered;
            _used[open >> 6] &= ~(1UL << open);
            return;
        }
        _list.PutBack(frame.Operation);
        _returns.PutBack(frame.Operation);
        _done[frame.Operation >> 6] &= ~(1UL << frame.Operation);
        _hash ^= _keys[frame.Operation];
        _left++;
    }

    // Called only where the search turns back, so that a way straight through copies nothing.
    private void KeepBest()
    {
        if (_left > 0)
            Furthest = Math.Max(Furthest, FirstReturn);
        if (_answered - _left <= _bestAnswered)
            return;
        _bestAnswered = _answered - _left;
        _best = new int[_depth];
        for (var i = 0; i < _depth; i++)
            _best[i] = _frames[i].Operation;
    }

    // For each operation, how many had been called when it was answered.
    private static int[] Windows(Operation[] completed, int[] byReturn)
    {
        var windows = new int[completed.Length];
        var called = 0;
        foreach (var operation in byReturn)
        {
            while (called < completed.Length && completed[called].Invoked < completed[operation].Returned)
                called++;
            windows[operation] = called;
        }
        return windows;
    }

    private readonly record struct Frame(long State, int Operation, bool IsForced, bool AfterOpen);
}
