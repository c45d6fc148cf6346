namespace RaftStream.Testing.Linearizability;

/// <summary>
/// A list: append, read. The state is its length. Lists only grow, so when the longest read is taken the list is what it saw, and before
/// that every state is a prefix of it: any append that brings another element than the next is refused, and no list need be kept.
/// </summary>
/// <remarks>
/// After the longest read the list is longer than any read, so the appends left come when no read is left, in any order. An element that
/// only one operation appends, and that comes next, has to come from that operation: nothing else need be tried. A read that is no
/// prefix of the longest fits no state.
/// </remarks>
internal sealed class ListSearch : ISearchModel
{
    private const int NoElement = -1;
    private const int NoPrefix = -2;

    private readonly int[] _elements;
    private readonly int[] _lengths;
    private readonly int[] _longest;
    private readonly int[] _appends;
    private readonly int _answered;
    private int _readsLeft;

    public ListSearch(OperationTable table)
    {
        _answered = table.Completed.Length;
        var reads = Enumerable.Range(0, _answered).Where(number => table[number].Function == OperationFunction.Read).ToArray();
        var longest = reads.Select(number => MembersOf(table, number)).MaxBy(static members => members.Count) ?? [];
        var numbers = new Dictionary<HistoryValue, int>();
        _longest = [.. longest.Select(Number)];
        table.DropOpen(operation => !numbers.ContainsKey(operation.Argument));
        _elements = new int[table.Count];
        _lengths = new int[table.Count];
        for (var number = 0; number < table.Count; number++)
            _elements[number] = table[number].Function == OperationFunction.Append ? numbers.GetValueOrDefault(table[number].Argument, numbers.Count) : NoElement;
        _appends = new int[numbers.Count + 1];
        foreach (var element in _elements.Where(static element => element >= 0))
            _appends[element]++;
        foreach (var read in reads)
            _lengths[read] = LengthOf(MembersOf(table, read), longest);
        _readsLeft = reads.Length;

        int Number(HistoryValue element)
        {
            numbers.TryAdd(element, numbers.Count);
            return numbers[element];
        }
    }

    public long Initial => 0;

    public bool MayForce(int operation) => _elements[operation] < 0;

    public bool IsBlind(int operation) => false;

    public Move Try(long state, int operation, out long next)
    {
        next = state;
        var element = _elements[operation];
        if (element < 0)
            return _lengths[operation] == state ? Move.Forced : Move.No;
        next = Math.Min(state, _longest.Length) + 1;
        if (state >= _longest.Length)
            return _readsLeft > 0 || operation >= _answered ? Move.No : Move.Forced;
        if (_longest[state] != element)
            return Move.No;
        return _appends[element] == 1 ? Move.Forced : Move.Branch;
    }

    public void Taken(int operation) => _readsLeft -= _elements[operation] < 0 ? 1 : 0;

    public void PutBack(int operation) => _readsLeft += _elements[operation] < 0 ? 1 : 0;

    private static IReadOnlyList<HistoryValue> MembersOf(OperationTable table, int number) => table.ResultOf(number)!.Value.Members;

    private static int LengthOf(IReadOnlyList<HistoryValue> read, IReadOnlyList<HistoryValue> longest)
    {
        for (var place = 0; place < read.Count; place++)
        {
            if (read[place] != longest[place])
                return NoPrefix;
        }
        return read.Count;
    }
}
