namespace RaftStream.Testing;

/// <summary>
/// Clients that load a cluster with several workloads at once: each step of a client is one of a workload drawn from its seed, so every workload
/// sees every client and every fault. Steps come at a steady rate, whatever answers take: a client that was held up makes up for at most a second.
/// </summary>
/// <remarks>Call <see cref="RunAsync"/> once, mend everything, then call <see cref="FinishAsync"/> once.</remarks>
internal sealed class ClientPool
{
    private const long MostBehind = 1_000_000_000;

    private readonly LoadOptions _options;
    private readonly LoadShare _share;
    private readonly SimRandom _random;
    private readonly Lock _look = new();
    private (long Count, long At) _before;

    /// <summary>Makes the pool; nothing is called yet.</summary>
    /// <exception cref="ArgumentException">The options are out of range, or name a workload that the system cannot do: one sentence.</exception>
    public ClientPool(ITestedSystem system, IClusterDriver driver, LoadOptions options, RunClock clock)
    {
        if (options.Clients is < 1 or > 10_000)
            throw new ArgumentException($"{options.Clients} clients are out of range: give 1 to 10000.", nameof(options));
        if (options.Rate is not (> 0 and <= 1_000_000))
            throw new ArgumentException($"A rate of {options.Rate} is out of range: give more than 0 and at most 1000000 operations a second.", nameof(options));
        if (options.MaxOperations is < 1 or > HistoryReader.MaxOperations)
            throw new ArgumentException($"{options.MaxOperations} operations are out of range: give 1 to {HistoryReader.MaxOperations}.", nameof(options));
        _options = options;
        Loads = LoadCatalog.Create(system, options);
        if (Loads.Count == 0)
            throw new ArgumentException($"{system.Name} can do no workload: it must read, and write, add or compare-and-set.", nameof(system));
        _share = new(system, driver, clock, new(options.MaxOperations), options.CallTimeout);
        _random = new(options.Seed);
    }

    /// <summary>The workloads that run.</summary>
    public IReadOnlyList<ILoad> Loads { get; }

    /// <summary>The operations so far, in the order of completion.</summary>
    public IReadOnlyList<RunOperation> Operations => _share.History.ToList();

    /// <summary>How it is getting on; for one caller, since the rate is that since the last look.</summary>
    public LoadProgress Look()
    {
        var (ok, failed, unknown) = _share.History.Counts;
        var (count, now) = (ok + failed + unknown, _share.Clock.Now);
        lock (_look)
        {
            var rate = now > _before.At ? (count - _before.Count) * 1e9 / (now - _before.At) : 0;
            _before = (count, now);
            return new(ok, failed, unknown, rate);
        }
    }

    /// <summary>Works until it is told to stop, and lets each client end the step it is at; or until the history is full.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var clients = Enumerable.Range(0, _options.Clients).Select(number => new LoadClient(_share, number, _random.Fork())).ToArray();
        try
        {
            await Task.WhenAll(clients.Select(client => Task.Run(() => WorkAsync(client, stop), CancellationToken.None)));
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }
    }

    /// <summary>
    /// For when everything is mended: brings to an end what was left open, reads every key once more, the newest ones through every node, waits
    /// until the nodes agree, and writes the history to the folder of the run.
    /// </summary>
    public async Task<LoadResult> FinishAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(_options.FinalTime);
        var from = _share.Clock.Now;
        await SettleAsync(end.Token);
        var reading = new FinalReading(_share, Loads, _random.Fork());
        await reading.RunAsync(end.Token);
        cancellationToken.ThrowIfCancellationRequested();
        var result = new LoadResult
        {
            Operations = _share.History.ToList(),
            FinalFrom = from,
            FinalReads = reading.Reads,
            Views = reading.Views,
            Repeats = Loads.OfType<SessionsLoad>().FirstOrDefault()?.Repeats ?? [],
            Stream = Loads.OfType<StreamLoad>().FirstOrDefault()?.Account,
            Outboxes = Loads.OfType<AvailableLoad>().FirstOrDefault()?.Settled,
            Watch = Loads.OfType<WatchLoad>().FirstOrDefault()?.Account,
            Jobs = [.. Loads.OfType<JobLoad>().Select(static load => load.Account).OfType<JobAccount>()],
            IsFull = _share.History.IsFull,
        };
        HistoryFile.Write(Path.Combine(_options.Folder, HistoryFile.Name), result.Operations);
        return result;
    }

    // What never comes to an end, such as a command of a session that is gone, must leave time for the reads.
    private async Task SettleAsync(CancellationToken end)
    {
        using var half = CancellationTokenSource.CreateLinkedTokenSource(end);
        half.CancelAfter(_options.FinalTime / 2);
        await Task.WhenAll(Loads.Select((load, place) => SettleAsync(load, place, _random.Fork(), half.Token)));
    }

    private async Task SettleAsync(ILoad load, int place, SimRandom random, CancellationToken end)
    {
        await using var client = new LoadClient(_share, _options.Clients + place, random);
        await load.SettleAsync(client, end);
    }

    private async Task WorkAsync(LoadClient client, CancellationToken stop)
    {
        var interval = (long)(1e9 * _options.Clients / _options.Rate);
        var next = _share.Clock.Now + client.Random.Below(interval + 1);
        while (!stop.IsCancellationRequested && !_share.History.IsFull)
        {
            var wait = next - _share.Clock.Now;
            if (wait > 0 && !await PauseAsync(wait, stop))
                return;
            next = Math.Max(next, _share.Clock.Now - MostBehind);
            var before = client.Calls;
            await Loads[client.Random.Below(Loads.Count)].StepAsync(client);

            // Calls of one step follow each other at once; the time they took up is made up for between steps.
            next += interval * Math.Max(1, client.Calls - before);
        }
    }

    private static async Task<bool> PauseAsync(long nanoseconds, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, nanoseconds / 1e6)), stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
