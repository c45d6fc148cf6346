namespace RaftStream.Testing;

/// <summary>A key of accepted writes.</summary>
/// <param name="Name">The key.</param>
internal sealed record AcceptedKey(string Name)
{
    /// <summary>The add of each member, whatever became of it.</summary>
    public RunOperation?[] Adds { get; } = new RunOperation?[AvailableLoad.Members];

    /// <summary>The reads that were answered, in the order of their calls.</summary>
    public List<RunOperation> Reads { get; } = [];

    /// <summary>One of the adds of these members.</summary>
    public RunOperation AddOf(long members) => Adds[System.Numerics.BitOperations.TrailingZeroCount(members)]!;
}

/// <summary>The writes that nodes accepted, by key and by the process that accepted them.</summary>
internal sealed class AcceptedWrites
{
    private readonly IReadOnlySet<int> _spoilt;
    private readonly Dictionary<string, AcceptedKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Node, int Life), RunOperation[]> _empty;

    /// <summary>Sorts the operations of a workload.</summary>
    public AcceptedWrites(IReadOnlyList<RunOperation> operations, IReadOnlySet<int> spoilt)
    {
        (Operations, _spoilt) = (operations, spoilt);
        foreach (var operation in operations.OrderBy(static operation => operation.Invoked))
            Add(operation);

        // [safety] Only what the same process says of itself: one that was just started may not know yet how far its log goes.
        _empty = operations.Where(static read => read is { Answer: { Kind: AnswerKind.Ok, IsTentative: false }, Life: > 0 })
            .GroupBy(static read => (read.Node, read.Life)).ToDictionary(static reads => reads.Key, static reads => reads.OrderBy(static read => read.Invoked).ToArray());
    }

    /// <summary>All operations.</summary>
    public IReadOnlyList<RunOperation> Operations { get; }

    /// <summary>The keys.</summary>
    public IReadOnlyCollection<AcceptedKey> Keys => _keys.Values;

    /// <summary>Adds that were accepted.</summary>
    public int Accepted { get; private set; }

    /// <summary>Adds of unknown outcome.</summary>
    public int Unknown { get; private set; }

    /// <summary>Tentative reads that were answered.</summary>
    public int Tentative { get; private set; }

    /// <summary>Those of them at whose node something waited.</summary>
    public int Waiting { get; private set; }

    /// <summary>Whether places are what they should be: told by the node that was asked, no two alike, and in the order of real time.</summary>
    public string? ProblemOfPlaces()
    {
        var accepted = Operations.Where(static operation => operation is { Call.Function: OperationFunction.Add, Answer: { Kind: AnswerKind.Ok, Accepted: not null } }).ToArray();
        if (Array.Find(accepted, static add => add.Answer.Accepted!.Value.Node != add.Node) is { } other)
            return $"Node {other.Answer.Accepted!.Value.Node} accepted what node {other.Node} was asked for: {Tell(other)}.";
        foreach (var node in accepted.GroupBy(static add => add.Node).Where(node => !_spoilt.Contains(node.Key)))
        {
            // Against the latest place among those whose answer was there before this was asked for.
            var ended = node.OrderBy(static add => add.Completed).ToArray();
            var places = new Dictionary<AcceptedPlace, RunOperation>();
            var (next, last) = (0, default(RunOperation));
            foreach (var add in node.OrderBy(static add => add.Invoked))
            {
                while (next < ended.Length && ended[next].Completed < add.Invoked)
                {
                    last = last is null || PlaceOf(last).IsBefore(PlaceOf(ended[next])) ? ended[next] : last;
                    next++;
                }

                if (!places.TryAdd(PlaceOf(add), add))
                    return $"Two writes have the place {PlaceOf(add).Sequence} of epoch {PlaceOf(add).Epoch}: {Tell(places[PlaceOf(add)])}, and {Tell(add)}.";
                if (last is not null && !PlaceOf(last).IsBefore(PlaceOf(add)))
                    return $"{Tell(add)} has the place {PlaceOf(add).Sequence} of epoch {PlaceOf(add).Epoch}, and what was accepted before it a later one: {Tell(last)}.";
            }
        }

        return null;
    }

    /// <summary>An add that a value lacks although it has one that the same node, which is not <paramref name="except"/>, accepted later; null if there is none.</summary>
    public (RunOperation Missing, RunOperation Later)? FirstOutOfOrder(AcceptedKey key, MemberDigits value, int? except)
    {
        foreach (var node in key.Adds.OfType<RunOperation>().Where(static add => add.Answer.Accepted is not null).GroupBy(static add => add.Node).Where(node => node.Key != except && !_spoilt.Contains(node.Key)))
        {
            RunOperation? missing = null;
            foreach (var add in node.OrderBy(static add => PlaceOf(add).Epoch).ThenBy(static add => PlaceOf(add).Sequence))
            {
                if (value.CountOf(add) == 0)
                    missing ??= add;
                else if (missing is not null)
                    return (missing, add);
            }
        }

        return null;
    }

    /// <summary>The members that the process which answers a read had accepted before it was asked.</summary>
    public static long OwnBefore(AcceptedKey key, RunOperation read) => read.Life == 0 ? 0 : key.Adds.OfType<RunOperation>()
        .Where(add => IsAccepted(add) && (add.Node, add.Life) == (read.Node, read.Life) && add.Completed < read.Invoked)
        .Aggregate(0L, static (members, add) => members | (1L << MemberDigits.MemberOf(add)));

    /// <summary>The members that were in the log before an instant, since the process that accepted them had said that nothing waits there.</summary>
    public long SureBefore(AcceptedKey key, long instant) => key.Adds.OfType<RunOperation>()
        .Where(add => IsAccepted(add) && add.Life > 0 && IsInLog(add, instant))
        .Aggregate(0L, static (members, add) => members | (1L << MemberDigits.MemberOf(add)));

    private bool IsInLog(RunOperation add, long instant)
    {
        if (!_empty.TryGetValue((add.Node, add.Life), out var reads))
            return false;
        var (low, high) = (0, reads.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (reads[middle].Invoked > add.Completed)
                high = middle;
            else
                low = middle + 1;
        }

        return low < reads.Length && reads[low].Completed < instant;
    }

    private void Add(RunOperation operation)
    {
        var name = operation.Call.Key;
        if (!_keys.TryGetValue(name, out var key))
            _keys.Add(name, key = new(name));
        if (operation.Call.Function == OperationFunction.Add)
        {
            key.Adds[MemberDigits.MemberOf(operation)] = operation;
            Accepted += operation.Answer.Kind == AnswerKind.Ok ? 1 : 0;
            Unknown += operation.Answer.Kind == AnswerKind.Unknown ? 1 : 0;
        }
        else if (operation.Answer.Kind == AnswerKind.Ok)
        {
            key.Reads.Add(operation);
            Tentative += operation.Call.Level is null ? 0 : 1;
            Waiting += operation.Answer.IsTentative == true ? 1 : 0;
        }
    }

    private static bool IsAccepted(RunOperation add) => add.Answer.Kind == AnswerKind.Ok;

    private static AcceptedPlace PlaceOf(RunOperation add) => add.Answer.Accepted!.Value;

    private static string Tell(RunOperation operation) => RunHistories.Tell(operation);
}
