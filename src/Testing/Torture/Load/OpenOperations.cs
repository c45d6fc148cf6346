namespace RaftStream.Testing;

/// <summary>An operation that takes several calls until its outcome is known; in the history it is one, from its first call to its last answer.</summary>
internal sealed class OpenOperation(ClientCall call, long invoked)
{
    /// <summary>What was called first.</summary>
    public ClientCall Call => call;

    /// <summary>When.</summary>
    public long Invoked => invoked;

    /// <summary>Under which number it stands, once its client has gone on without it.</summary>
    public long Process { get; set; }

    /// <summary>Through which node it was called last.</summary>
    public int Node { get; set; }

    /// <summary>Whether one of the calls may have taken effect.</summary>
    public bool IsInDoubt { get; set; }
}

/// <summary>
/// The operations of a workload that were given up as unknown and can be asked about again when all is mended. Thread-safe; the oldest ten thousand are kept, and whatever
/// comes beyond stays unknown.
/// </summary>
/// <param name="workload">The workload's name.</param>
internal sealed class OpenOperations(string workload)
{
    private const int Most = 10_000;

    private readonly Lock _lock = new();
    private readonly Queue<OpenOperation> _open = new();

    /// <summary>A client goes on without knowing the outcome.</summary>
    public void Leave(LoadClient client, OpenOperation operation)
    {
        lock (_lock)
        {
            if (_open.Count < Most)
            {
                operation.Process = client.Abandon();
                _open.Enqueue(operation);
                return;
            }
        }
        client.Record(workload, operation.Call, operation.Invoked, operation.Node, new(AnswerKind.Unknown));
    }

    /// <summary>Brings each to its end by <paramref name="ask"/>; once the time is over, the rest is recorded as unknown.</summary>
    public async Task SettleAsync(LoadClient client, Func<OpenOperation, Task<ClientAnswer>> ask, CancellationToken end)
    {
        while (TryTake() is { } operation)
        {
            var answer = end.IsCancellationRequested ? new(AnswerKind.Unknown) : await ask(operation);
            client.Keep(workload, operation.Call, operation.Process, operation.Invoked, operation.Node, answer);
        }
    }

    private OpenOperation? TryTake()
    {
        lock (_lock)
            return _open.TryDequeue(out var operation) ? operation : null;
    }
}
