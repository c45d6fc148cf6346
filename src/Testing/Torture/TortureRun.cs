using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// One run: a cluster is started, clients work on it while nemeses strike; then everything is mended, and what the clients saw is judged. Used once.
/// </summary>
internal sealed class TortureRun(ITestedSystem system, IClusterDriver driver, IMemberAdmin? admin, TortureOptions options)
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan QuietAtStart = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan QuietAtEnd = TimeSpan.FromSeconds(3);

    private readonly RunClock _clock = new();
    private ClientPool? _pool;
    private NemesisSchedule? _schedule;

    /// <summary>How far it has come, for a display: what is done at the moment, how the load does, and what is broken.</summary>
    public (string Phase, LoadProgress Load, string Fault) Progress => (_phase, _pool?.Look() ?? default, _schedule?.Current ?? "");

    private volatile string _phase = "starting";

    /// <summary>What was asked for and cannot be made here, and why: a sentence each.</summary>
    public IReadOnlyList<string> LeftOut { get; private set; } = [];

    /// <summary>Runs it; what it saw is in the folder of the run, too, but for the report.</summary>
    /// <exception cref="TortureException">The cluster does not start, or a nemesis is unknown or cannot be made here though it was named.</exception>
    public async Task<RunRecord> RunAsync(CancellationToken cancellation)
    {
        var began = DateTimeOffset.UtcNow;
        var random = new SimRandom(options.Seed);
        await using var watch = new ClusterWatch(system, driver, _clock);
        var field = new Field(system, driver, watch, options.HasFaultyNodes);
        var nemeses = Choose(field);

        // Before any node starts: a program's clock is set by what is loaded with it.
        driver.SetsWallClocks = nemeses.Exists(static nemesis => nemesis is WallClockTroubles);
        foreach (var node in driver.Nodes)
        {
            driver.Start(node);
            watch.Follow(node);
        }

        if (!await watch.HoldsAsync(() => cancellation.IsCancellationRequested || (watch.Leader is not null && field.Members.All(node => watch.ViewOf(node) is not null)), ReadyPatience))
            throw new TortureException($"The {options.Nodes} nodes of {system.Name} found no leader within {ReadyPatience.TotalSeconds:0} s: their logs in {options.Folder} say why.");
        cancellation.ThrowIfCancellationRequested();
        _pool = new(system, driver, options.Load, _clock);
        _schedule = new(field, nemeses, random.Fork(), _clock);
        var early = watch.Leaders.Count;
        _clock.Restart();
        await StrikeAsync(field, cancellation);
        var length = _clock.Now;
        _phase = "mending";
        var isWhole = await watch.HoldsAsync(() => watch.Leader is not null && field.Members.All(node => watch.ViewOf(node) is not null), ReadyPatience);
        if (admin is not null)
            await MemberTroubles.TidyAsync(field, admin);
        _phase = "reading";
        var load = await _pool.FinishAsync(cancellation);
        foreach (var node in driver.Nodes.Where(driver.IsRunning))
            await driver.StopAsync(node);
        _phase = "judging";
        var faults = _schedule.Faults;
        var checks = await JudgeAsync(load, faults, isWhole, cancellation);
        return new()
        {
            System = system.Name,
            Driver = driver.Name,
            Nodes = options.Nodes,
            Seed = options.Seed,
            Began = began,
            Length = length,
            Command = options.Command,
            Operations = load.Operations,
            Faults = faults,
            Leaders = [.. watch.Leaders.Select((leader, place) => place < early ? leader with { At = 0 } : leader)],
            Checks = checks,
            Invalid = Lacks(nemeses, faults, load),
            NodeLogs = NodeLogs(),
        };
    }

    /// <summary>Clients work the whole time, in quiet at first and at last, so that a report shows what was before and what is after.</summary>
    private async Task StrikeAsync(Field field, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var calm = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var operating = system is IOperatedSystem operated ? operated.OperateAsync(node => driver.LabAddress(node, system.ClientPorts[0]), stop.Token) : Task.CompletedTask;
        var load = _pool!.RunAsync(stop.Token);
        _phase = "quiet before";
        await WaitAsync(QuietAtStart, cancellation);
        _phase = "striking";
        calm.CancelAfter(options.Time);
        try
        {
            await _schedule!.RunAsync(calm.Token);
            await WaitAsync(calm.Token);
        }
        finally
        {
            await field.RestoreAsync();
        }

        _phase = "quiet after";
        await WaitAsync(QuietAtEnd, cancellation);
        await stop.CancelAsync();
        await load;
        await operating;
        cancellation.ThrowIfCancellationRequested();
    }

    private List<INemesis> Choose(Field field)
    {
        if (options.IsCalm)
            return [];
        var all = NemesisCatalog.Create(admin);
        foreach (var name in options.Nemeses)
        {
            if (!NemesisCatalog.Names.Contains(name, StringComparer.Ordinal))
                throw new TortureException($"There is no nemesis '{name}': give {string.Join(", ", NemesisCatalog.Names)}, all or none.");
            if (all.First(nemesis => nemesis.Name == name).WhyNot(field) is { } why)
                throw new TortureException($"The nemesis '{name}' cannot be had here: {why}");
        }

        LeftOut = options.Nemeses.Count > 0 ? [] : [.. all.Select(nemesis => nemesis.WhyNot(field)).OfType<string>().Distinct(StringComparer.Ordinal)];
        return [.. all.Where(nemesis => options.Nemeses.Count > 0 ? options.Nemeses.Contains(nemesis.Name, StringComparer.Ordinal) : nemesis.WhyNot(field) is null)];
    }

    private async Task<IReadOnlyList<RunCheck>> JudgeAsync(LoadResult load, IReadOnlyList<RunFault> faults, bool isWhole, CancellationToken cancellation)
    {
        var judging = new JudgeOptions
        {
            Folder = options.Folder,
            Leaps = ClockTroubles.LeapsOf(faults),
            SpoiltDisks = BitFlips.SpoiltBy(faults),
            NodeLogs = [.. NodeLogs().Select(log => Path.Combine(options.Folder, log))],
            DataFolders = options.HasFaultyNodes ? driver.Nodes.ToDictionary(static node => node, node => Path.Combine(driver.FolderOf(node), "data")) : null,
        };
        var checks = new List<RunCheck>(await Task.Run(() => Judge.Run(load, judging, cancellation), cancellation));
        var whole = isWhole ? "every node answers and one leads" : $"within {ReadyPatience.TotalSeconds:0} s after everything was mended not every node answered, or none led";
        checks.Add(new("cluster", "heals", isWhole ? Verdict.Linearizable : Verdict.Illegal, string.Create(CultureInfo.InvariantCulture, $"{whole}."), 0));
        return checks;
    }

    private List<string> Lacks(List<INemesis> nemeses, IReadOnlyList<RunFault> faults, LoadResult load)
    {
        var lacks = RunValidity.Lacks(faults, options.MustStrikeAll ? [.. nemeses.Select(static nemesis => nemesis.Name)] : [], load.Operations).ToList();
        if (!options.MustStrikeAll && nemeses.Count > 0 && !faults.Any(static fault => fault.TookEffect))
            lacks.Add("No fault was seen to take effect: give the run more time.");
        lacks.AddRange(RunValidity.Lacks(faults, load));
        if (load.IsFull)
            lacks.Add($"The load ended early: {load.Operations.Count} operations are all that a run keeps; give a lower --rate or less --time.");
        return lacks;
    }

    private List<string> NodeLogs()
    {
        var folder = Path.Combine(options.Folder, "nodes");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.log").Select(static file => "nodes/" + Path.GetFileName(file)).Order(StringComparer.Ordinal)] : [];
    }

    private static async Task WaitAsync(TimeSpan time, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        end.CancelAfter(time);
        await WaitAsync(end.Token);
    }

    private static Task WaitAsync(CancellationToken end)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        end.Register(over.SetResult);
        return over.Task;
    }
}

/// <summary>A run cannot be made: the message is one sentence for whoever asked for it.</summary>
internal sealed class TortureException : Exception
{
    public TortureException(string message)
        : base(message)
    {
    }

    public TortureException(string message, Exception cause)
        : base(message, cause)
    {
    }

    public TortureException()
    {
    }
}
