namespace RaftStream.Testing.Linearizability;

/// <summary>A set: add, read. Which members are in follows from the operations taken, so the state is always 0.</summary>
/// <remarks>
/// Sets only grow. Let T be the smallest read that is left: it is taken before any larger one, or no order exists. A member outside T
/// must not come before T. A member of T can come at once: every read left contains T (or no order exists), so none minds it. So there is never
/// a choice, and with no read left there is nothing to explain.
/// </remarks>
internal sealed class SetSearch : ISearchModel
{
    private const int Unread = -1;

    private readonly int[] _members;
    private readonly int[][] _reads;
    private readonly int[] _adds;
    private readonly PendingOrder _pending;
    private readonly int _answered;
    private int _size;

    public SetSearch(OperationTable table)
    {
        _answered = table.Completed.Length;
        var numbers = new Dictionary<HistoryValue, int>();
        var reads = Enumerable.Range(0, _answered).Where(number => table[number].Function == OperationFunction.Read).ToArray();
        _reads = new int[_answered][];
        foreach (var read in reads)
            _reads[read] = [.. table.ResultOf(read)!.Value.Members.Select(Number).Distinct().Order()];
        table.DropOpen(operation => !numbers.ContainsKey(operation.Argument));
        _members = new int[table.Count];
        for (var number = 0; number < table.Count; number++)
            _members[number] = numbers.GetValueOrDefault(table[number].Argument, Unread);
        _adds = new int[numbers.Count];
        _pending = new([.. reads.OrderBy(read => _reads[read].Length).ThenBy(read => table.Completed[read].Returned)], table.Count);

        int Number(HistoryValue member)
        {
            numbers.TryAdd(member, numbers.Count);
            return numbers[member];
        }
    }

    public long Initial => 0;

    public bool MayForce(int operation) => true;

    public bool IsBlind(int operation) => false;

    public Move Try(long state, int operation, out long next)
    {
        next = state;
        if (IsRead(operation))
            return _reads[operation].Length == _size && Array.TrueForAll(_reads[operation], member => _adds[member] > 0) ? Move.Forced : Move.No;
        if (_pending.First < 0)
            return operation < _answered ? Move.Forced : Move.No;
        return Array.BinarySearch(_reads[_pending.First], _members[operation]) >= 0 ? Move.Forced : Move.No;
    }

    public void Taken(int operation)
    {
        _pending.Take(operation);
        if (!IsRead(operation) && _members[operation] != Unread && _adds[_members[operation]]++ == 0)
            _size++;
    }

    public void PutBack(int operation)
    {
        _pending.PutBack(operation);
        if (!IsRead(operation) && _members[operation] != Unread && --_adds[_members[operation]] == 0)
            _size--;
    }

    private bool IsRead(int operation) => operation < _answered && _reads[operation] is not null;
}
