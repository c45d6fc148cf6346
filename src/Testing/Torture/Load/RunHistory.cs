namespace RaftStream.Testing;

/// <summary>
/// Every operation of a run, in the order of completion, and how many ended how. Bounded: once it is full the load stops. Safe to call from any
/// thread.
/// </summary>
/// <param name="limit">The most operations that it takes.</param>
internal sealed class RunHistory(int limit)
{
    private readonly Lock _lock = new();
    private readonly List<RunOperation> _operations = [];
    private long _ok;
    private long _failed;
    private long _unknown;

    /// <summary>Whether there is no room for more.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
                return _operations.Count >= limit;
        }
    }

    /// <summary>How many ended how.</summary>
    public (long Ok, long Failed, long Unknown) Counts => (Interlocked.Read(ref _ok), Interlocked.Read(ref _failed), Interlocked.Read(ref _unknown));

    /// <summary>Takes an operation that has ended. The few that are under way when the last place is taken are kept, too.</summary>
    public void Add(RunOperation operation)
    {
        Interlocked.Increment(ref CounterOf(operation.Answer.Kind));
        lock (_lock)
            _operations.Add(operation);
    }

    /// <summary>All of them so far.</summary>
    public IReadOnlyList<RunOperation> ToList()
    {
        lock (_lock)
            return [.. _operations.OrderBy(static operation => operation.Completed)];
    }

    private ref long CounterOf(AnswerKind kind)
    {
        if (kind == AnswerKind.Ok)
            return ref _ok;
        return ref kind == AnswerKind.Failed ? ref _failed : ref _unknown;
    }
}
