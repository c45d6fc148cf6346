namespace RaftStream.Testing;

/// <summary>
/// How far the nodes' wall clocks are from the true time as the troubles in force make it together: each adds what it wants, and takes away its own alone. Safe
/// to use from any thread, since clocks that swing do so in the background.
/// </summary>
internal sealed class WallClocks(IClusterDriver driver)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, TimeSpan> _ahead = [];
    private readonly List<(CancellationTokenSource Stop, Task Swinging)> _swings = [];

    /// <summary>What the true wall clock shows, less what the boot clock shows, in milliseconds: a node that tells the same of itself has a true wall clock.</summary>
    public static long TrueMs => LessBootMs(NodeIo.Real.Clock);

    /// <summary>What this process's wall clock shows, less what a clock shows that nobody sets, in milliseconds.</summary>
    public static long LessBootMs(IClock clock) => (DateTime.UtcNow.Ticks / TimeSpan.TicksPerMillisecond) - (clock.Now.Nanoseconds / 1_000_000);

    /// <summary>Moves a node's wall clock ahead or back.</summary>
    /// <exception cref="IOException">The node's folder cannot be written to.</exception>
    public void Move(int node, TimeSpan by)
    {
        lock (_lock)
        {
            var ahead = _ahead[node] = _ahead.GetValueOrDefault(node) + by;
            WallClockLibrary.Set(driver.FolderOf(node), ahead);
        }
    }

    /// <summary>Lets wall clocks go ahead and back again and again; what it returns ends that, and leaves them as they were.</summary>
    public Func<Task> Swing(IReadOnlyList<int> nodes, TimeSpan by, TimeSpan every)
    {
        var stop = new CancellationTokenSource();
        var swinging = SwingAsync(nodes, by, every, stop.Token);
        var swing = (stop, swinging);
        lock (_lock)
            _swings.Add(swing);
        return () => EndAsync(swing);
    }

    /// <summary>All wall clocks are true again.</summary>
    public async Task HealAsync()
    {
        (CancellationTokenSource, Task)[] swings;
        lock (_lock)
            swings = [.. _swings];
        foreach (var swing in swings)
            await EndAsync(swing);
        lock (_lock)
        {
            foreach (var (node, ahead) in _ahead.Where(static pair => pair.Value != TimeSpan.Zero).ToList())
                Move(node, -ahead);
        }
    }

    private async Task EndAsync((CancellationTokenSource Stop, Task Swinging) swing)
    {
        lock (_lock)
        {
            if (!_swings.Remove(swing))
                return;
        }

        await swing.Stop.CancelAsync();
        await swing.Swinging;
        swing.Stop.Dispose();
    }

    private async Task SwingAsync(IReadOnlyList<int> nodes, TimeSpan by, TimeSpan every, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(every);
        var isAway = false;
        do
        {
            foreach (var node in nodes)
                Move(node, isAway ? -by : by);
            isAway = !isAway;
        }
        while (await TickAsync(timer, stop));
        foreach (var node in nodes.Where(_ => isAway))
            Move(node, -by);
    }

    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
