namespace RaftStream.Testing.Linearizability;

/// <summary>A text: write, append, read.</summary>
/// <remarks>
/// <para>What matters of a text is of which texts that were read it is the beginning. If of none, it matches no read, and nothing that is appended
/// mends that: all such texts are one state, <see cref="Unread"/>, which only a write leaves. Any other is named by the first of
/// the sorted texts read that begins with it, and its length.</para>
/// <para>A move into Unread is refused if reads are left but no write, since then none of them fits; an open one always, since what follows it
/// until the next write explains nothing more than what it replaced. With no read left nothing is to be explained.</para>
/// </remarks>
internal sealed class TextSearch : ISearchModel
{
    private const long Unread = -1;
    private const int MaxMoves = 1 << 17;

    private readonly string[] _texts;
    private readonly Dictionary<string, int> _arguments = new(StringComparer.Ordinal);
    private readonly List<string> _argumentTexts = [];
    private readonly Dictionary<(long State, int Argument), long> _moves = [];
    private readonly OperationFunction[] _functions;
    private readonly int[] _argumentOf;
    private readonly long[] _expected;
    private readonly int _answered;
    private int _readsLeft;
    private int _writesLeft;

    public TextSearch(OperationTable table)
    {
        _answered = table.Completed.Length;
        _texts = [.. Enumerable.Range(0, _answered).Where(number => table[number].Function == OperationFunction.Read)
            .Select(number => table.ResultOf(number)!.Value.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        table.DropOpen(operation => operation.Function == OperationFunction.Write
            ? Find(0, 0, operation.Argument.Text) == Unread
            : !Array.Exists(_texts, text => text.Contains(operation.Argument.Text, StringComparison.Ordinal)));
        Initial = Find(0, 0, "");
        _functions = new OperationFunction[table.Count];
        _argumentOf = new int[table.Count];
        _expected = new long[table.Count];
        for (var number = 0; number < table.Count; number++)
        {
            _functions[number] = table[number].Function;
            if (_functions[number] == OperationFunction.Read)
                _expected[number] = Find(0, 0, table.ResultOf(number)!.Value.Text);
            else
                _argumentOf[number] = ArgumentOf(table[number].Argument.Text);
            PutBack(number);
        }
    }

    public long Initial { get; }

    public bool MayForce(int operation) => _functions[operation] == OperationFunction.Read;

    public bool IsBlind(int operation) => _functions[operation] == OperationFunction.Write;

    public Move Try(long state, int operation, out long next)
    {
        next = state;
        if (_functions[operation] == OperationFunction.Read)
            return state == _expected[operation] ? Move.Forced : Move.No;
        var isOpen = operation >= _answered;
        if (_readsLeft == 0)
            return isOpen ? Move.No : Move.Forced;
        next = After(state, operation);
        if (next != Unread)
            return Move.Branch;
        var writesAfter = _writesLeft - (_functions[operation] == OperationFunction.Write ? 1 : 0);
        return isOpen || writesAfter == 0 ? Move.No : Move.Branch;
    }

    public void Taken(int operation) => Count(operation, -1);

    public void PutBack(int operation) => Count(operation, 1);

    private void Count(int operation, int change)
    {
        if (_functions[operation] == OperationFunction.Read)
            _readsLeft += change;
        else if (_functions[operation] == OperationFunction.Write)
            _writesLeft += change;
    }

    private int ArgumentOf(string text)
    {
        if (_arguments.TryAdd(text, _arguments.Count))
            _argumentTexts.Add(text);
        return _arguments[text];
    }

    // Remembered, for the same moves come again and again; forgotten all at once when they are many, so that they stay few.
    private long After(long state, int operation)
    {
        var isWrite = _functions[operation] == OperationFunction.Write;
        if (state == Unread && !isWrite)
            return Unread;
        var from = isWrite ? 0 : state;
        var argument = _argumentOf[operation];
        if (!_moves.TryGetValue((from, argument), out var next))
        {
            next = Find((int)(from >> 32), (int)(uint)from, _argumentTexts[argument]);
            if (_moves.Count == MaxMoves)
                _moves.Clear();
            _moves.Add((from, argument), next);
        }
        return next;
    }

    // The first text read that begins with what the given one has in its first characters, and then the addition.
    private long Find(int first, int length, string addition)
    {
        if (_texts.Length == 0)
            return Unread;
        var beginning = _texts[first].AsSpan(0, length);
        var low = first;
        var high = _texts.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            var text = _texts[middle].AsSpan();
            var isBefore = text.StartsWith(beginning, StringComparison.Ordinal) && text[length..].SequenceCompareTo(addition) < 0;
            if (isBefore)
                low = middle + 1;
            else
                high = middle;
        }
        return low < _texts.Length && _texts[low].AsSpan().StartsWith(beginning, StringComparison.Ordinal)
            && _texts[low].AsSpan(length).StartsWith(addition, StringComparison.Ordinal)
            ? ((long)low << 32) | (uint)(length + addition.Length)
            : Unread;
    }
}
