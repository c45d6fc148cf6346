namespace RaftStream.Testing.Linearizability;

/// <summary>A lock that does not know its holder: the state is 1 while it is held.</summary>
internal sealed class MutexSearch : ISearchModel
{
    private readonly bool[] _acquires;

    public MutexSearch(OperationTable table)
    {
        _acquires = new bool[table.Count];
        for (var number = 0; number < table.Count; number++)
            _acquires[number] = table[number].Function == OperationFunction.Acquire;
    }

    public long Initial => 0;

    public bool MayForce(int operation) => false;

    public bool IsBlind(int operation) => false;

    public Move Try(long state, int operation, out long next)
    {
        next = 1 - state;
        return _acquires[operation] == (state == 0) ? Move.Branch : Move.No;
    }

    public void Taken(int operation)
    {
        // The state says it all.
    }

    public void PutBack(int operation)
    {
        // The state says it all.
    }
}
