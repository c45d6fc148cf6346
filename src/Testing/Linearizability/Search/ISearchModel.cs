namespace RaftStream.Testing.Linearizability;

/// <summary>Whether an operation can be taken next.</summary>
internal enum Move
{
    /// <summary>Not in this state, or nothing that follows could be explained.</summary>
    No = 0,

    /// <summary>It can; other operations must be tried if this leads nowhere.</summary>
    Branch = 1,

    /// <summary>It can, and if any order goes on from here, one goes on with it: nothing else need be tried.</summary>
    Forced = 2,
}

/// <summary>
/// A sequential object, compiled for the operations of one search. A state is a number that stands for everything later answers
/// depend on, apart from which operations were taken. A model may refuse a move that the object itself allows only where no order of
/// all operations could follow: each says why.
/// </summary>
internal interface ISearchModel
{
    /// <summary>The state before the first operation.</summary>
    long Initial { get; }

    /// <summary>Whether a move by this operation can be forced: such moves are looked for before any other.</summary>
    bool MayForce(int operation);

    /// <summary>
    /// Whether the state after it does not depend on the state before it, and it tells nothing of that. An open operation directly before
    /// such a one would have no effect that anybody can see, so it need not be taken.
    /// </summary>
    bool IsBlind(int operation);

    /// <summary>Whether an operation that has not been taken can be taken in a state, and the state after it.</summary>
    Move Try(long state, int operation, out long next);

    /// <summary>The operation has been taken.</summary>
    void Taken(int operation);

    /// <summary>The operation taken last has been put back.</summary>
    void PutBack(int operation);
}

/// <summary>Makes the compiled models.</summary>
internal static class SearchModels
{
    /// <summary>Compiles a model for these operations, and drops open ones that cannot matter to it.</summary>
    public static ISearchModel Compile(HistoryModel model, OperationTable table, SearchBudget budget) => model switch
    {
        HistoryModel.Register => new RegisterSearch(table),
        HistoryModel.Counter => new CounterSearch(table, budget),
        HistoryModel.KeyValue => new TextSearch(table),
        HistoryModel.Append => new ListSearch(table),
        HistoryModel.Set => new SetSearch(table),
        _ => new MutexSearch(table),
    };
}

/// <summary>
/// Finds the first in a fixed order that has not been taken. It moves on over what was taken and back to what is put back, so it costs
/// next to nothing in a search that goes a step forward or back at a time.
/// </summary>
internal sealed class PendingOrder
{
    private readonly int[] _order;
    private readonly int[] _rank;
    private readonly bool[] _taken;
    private int _first;

    /// <summary>Takes the operations in their order, and how many operations there are at all.</summary>
    public PendingOrder(int[] order, int count)
    {
        _order = order;
        _rank = new int[count];
        Array.Fill(_rank, -1);
        for (var rank = 0; rank < order.Length; rank++)
            _rank[order[rank]] = rank;
        _taken = new bool[order.Length];
    }

    /// <summary>How many are left.</summary>
    public int Left => _order.Length - Count;

    /// <summary>The first that is left, or -1.</summary>
    public int First => _first < _order.Length ? _order[_first] : -1;

    /// <summary>How many in front of the order are all taken.</summary>
    public int FirstRank => _first;

    private int Count { get; set; }

    /// <summary>An operation was taken; nothing happens if it is not in the order.</summary>
    public void Take(int operation)
    {
        var rank = _rank[operation];
        if (rank < 0)
            return;
        _taken[rank] = true;
        Count++;
        while (_first < _order.Length && _taken[_first])
            _first++;
    }

    /// <summary>An operation was put back.</summary>
    public void PutBack(int operation)
    {
        var rank = _rank[operation];
        if (rank < 0)
            return;
        _taken[rank] = false;
        Count--;
        _first = Math.Min(_first, rank);
    }

    /// <summary>Whether the one at a place of the order is taken.</summary>
    public bool IsTaken(int rank) => _taken[rank];
}
