namespace RaftStream.Testing;

/// <summary>Looks at every node ten times a second, on a way that no fault cuts, and remembers who led when.</summary>
internal sealed class ClusterWatch(ITestedSystem system, IClusterDriver driver, RunClock clock) : IAsyncDisposable
{
    /// <summary>Leaderships kept at the most.</summary>
    private const int MaxLeaders = 100_000;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, NodeView?> _views = [];
    private readonly Dictionary<int, Task> _loops = [];
    private readonly HashSet<(int Node, long Term)> _known = [];
    private readonly List<RunLeader> _leaders = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Every leadership seen so far.</summary>
    public IReadOnlyList<RunLeader> Leaders
    {
        get
        {
            lock (_lock)
                return [.. _leaders];
        }
    }

    /// <summary>Who leads: of those who say so, the one of the newest term; null while nobody does.</summary>
    public int? Leader
    {
        get
        {
            lock (_lock)
                return _views.Where(static view => view.Value is { IsLeader: true }).OrderByDescending(static view => view.Value!.Term).Select(static view => (int?)view.Key).FirstOrDefault();
        }
    }

    /// <summary>What a node last said of itself; null if it did not answer.</summary>
    public NodeView? ViewOf(int node)
    {
        lock (_lock)
            return _views.GetValueOrDefault(node);
    }

    /// <summary>Begins to look at a node.</summary>
    public void Follow(int node)
    {
        lock (_lock)
            _loops.TryAdd(node, Task.Run(() => LookAsync(node)));
    }

    /// <summary>Waits until something holds; false if it does not in time.</summary>
    public async Task<bool> HoldsAsync(Func<bool> condition, TimeSpan patience)
    {
        var end = clock.Now + (patience.Ticks * 100);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition())
        {
            if (clock.Now > end)
                return false;
            await timer.WaitForNextTickAsync();
        }

        return true;
    }

    /// <summary>Looks no more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] loops;
        lock (_lock)
            loops = [.. _loops.Values];
        await Task.WhenAll(loops);
        _stop.Dispose();
    }

    private async Task LookAsync(int node)
    {
        using var timer = new PeriodicTimer(Every);
        while (!_stop.IsCancellationRequested)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(Patience);
            var view = driver.IsRunning(node) ? await AskAsync(node, patience.Token) : null;
            lock (_lock)
            {
                _views[node] = view;
                if (view is { IsLeader: true } && _leaders.Count < MaxLeaders && _known.Add((node, view.Term)))
                    _leaders.Add(new(clock.Now, node, view.Term));
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task<NodeView?> AskAsync(int node, CancellationToken patience)
    {
        try
        {
            return await system.LookAsync(driver.LabAddress(node, system.ClientPorts[0]), patience);
        }
        catch (OperationCanceledException)
        {
            return null; // It hangs, or is stopped.
        }
    }
}
