namespace RaftStream.Testing;

/// <summary>What an object of a workload is to begin with, and what a read tells of one that is not there.</summary>
internal enum LoadObject
{
    /// <summary>One value, null while it was never written: read, write, cas.</summary>
    Register = 0,

    /// <summary>A sum, 0 while nothing was added: read, add.</summary>
    Counter = 1,
}

/// <summary>
/// A workload: what clients ask of the keys that begin with its name, so that all workloads share one cluster. One object serves all clients at
/// once; what they share of a key it keeps under a lock of its own.
/// </summary>
internal interface ILoad
{
    /// <summary>Its name, and the beginning of its keys up to the slash.</summary>
    string Name { get; }

    /// <summary>What its keys are.</summary>
    LoadObject Object { get; }

    /// <summary>The keys that were used, oldest first.</summary>
    IReadOnlyList<string> Keys { get; }

    /// <summary>Whether its calls go to the port of the Redis protocol (<see cref="IRedisSystem"/>); if not told otherwise, to the first port for clients.</summary>
    bool SpeaksRedis => false;

    /// <summary>One step of a client: a few calls, which depend on each other where the workload says so.</summary>
    Task StepAsync(LoadClient client);

    /// <summary>Once all is mended, before the final reads: brings to an end what was left open.</summary>
    Task SettleAsync(LoadClient client, CancellationToken end);
}

/// <summary>The workloads there are, and which of them a system can do.</summary>
internal static class LoadCatalog
{
    /// <summary>The concern of writes that the leader's disk alone holds.</summary>
    private const string Leader = "leader";

    /// <summary>The concern of writes that the disk of whichever node is asked alone holds.</summary>
    private const string Available = "available";

    private static readonly (string Name, Func<ITestedSystem, bool> Fits)[] Known =
    [
        (RegisterLoad.LoadName, static system => Can(system, OperationFunction.Read) && (Can(system, OperationFunction.CompareAndSet) || Can(system, OperationFunction.Write))),
        (CounterLoad.LoadName, static system => Can(system, OperationFunction.Read, OperationFunction.Add)),
        (CasLoad.LoadName, static system => Can(system, OperationFunction.Read, OperationFunction.CompareAndSet)),
        (SetLoad.LoadName, static system => Can(system, OperationFunction.Read, OperationFunction.Add)),
        (AppendLoad.LoadName, static system => Can(system, OperationFunction.Read, OperationFunction.CompareAndSet)),
        (BankLoad.LoadName, static system => Can(system, OperationFunction.Read, OperationFunction.CompareAndSet)),
        (MutexLoad.LoadName, static system => Can(system, OperationFunction.Read, OperationFunction.CompareAndSet)),
        (SessionsLoad.LoadName, static system => system.HasSessions && Can(system, OperationFunction.Read, OperationFunction.Add)),
        (LevelsLoad.LoadName, static system => system.ReadLevels.Count > 0 && Can(system, OperationFunction.Read, OperationFunction.Add)),
        (ProvisionalLoad.LoadName, static system => system.WriteConcerns.Contains(Leader, StringComparer.Ordinal) && Can(system, OperationFunction.Read, OperationFunction.Add)),
        (AvailableLoad.LoadName, static system => system.WriteConcerns.Contains(Available, StringComparer.Ordinal) && Can(system, OperationFunction.Read, OperationFunction.Add)),
        (WatchLoad.LoadName, static system => system is IWatchSystem && Can(system, OperationFunction.Read, OperationFunction.Add)),
        (RedisLoad.LoadName, static system => system is IRedisSystem && Can(system, OperationFunction.Read, OperationFunction.Add)),
        (StreamLoad.LoadName, static system => system is IStreamSystem && Can(system, OperationFunction.Read)),
        .. TortureJobs.All.Select(static job => (job.Name, new Func<ITestedSystem, bool>(static system => system is IJobSystem))),
    ];

    /// <summary>The names of all workloads.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static known => known.Name)];

    /// <summary>What the keys of a workload are.</summary>
    public static LoadObject ObjectOf(string workload) =>
        workload is CounterLoad.LoadName or SetLoad.LoadName or SessionsLoad.LoadName or LevelsLoad.LoadName or ProvisionalLoad.LoadName or AvailableLoad.LoadName or WatchLoad.LoadName or RedisLoad.LoadName or StreamLoad.LoadName
        || TortureJobs.Of(workload) is not null
            ? LoadObject.Counter : LoadObject.Register;

    /// <summary>The names of those that a system can do.</summary>
    public static IReadOnlyList<string> NamesFor(ITestedSystem system) => [.. Known.Where(known => known.Fits(system)).Select(static known => known.Name)];

    /// <summary>Makes workloads by name; all that the system can do where none is named.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or the system cannot do it: one sentence.</exception>
    public static IReadOnlyList<ILoad> Create(ITestedSystem system, LoadOptions options)
    {
        var possible = NamesFor(system);
        foreach (var name in options.Workloads)
        {
            if (!Names.Contains(name, StringComparer.Ordinal))
                throw new ArgumentException($"There is no workload '{name}': give {string.Join(", ", Names)}, or all.", nameof(options));
            if (!possible.Contains(name, StringComparer.Ordinal))
                throw new ArgumentException($"The workload '{name}' asks for what {system.Name} does not have: it can do {string.Join(", ", possible)}.", nameof(options));
        }
        return [.. (options.Workloads.Count > 0 ? options.Workloads : possible).Distinct(StringComparer.Ordinal).Select(name => Create(name, system, options))];
    }

    private static ILoad Create(string name, ITestedSystem system, LoadOptions options) => name switch
    {
        RegisterLoad.LoadName => new RegisterLoad(Can(system, OperationFunction.Write), Can(system, OperationFunction.CompareAndSet)),
        CounterLoad.LoadName => new CounterLoad(),
        CasLoad.LoadName => new CasLoad(),
        SetLoad.LoadName => new SetLoad(),
        AppendLoad.LoadName => new AppendLoad(),
        BankLoad.LoadName => new BankLoad(),
        MutexLoad.LoadName => new MutexLoad(),
        SessionsLoad.LoadName => new SessionsLoad(),
        LevelsLoad.LoadName => new LevelsLoad(system.ReadLevels),
        ProvisionalLoad.LoadName => new ProvisionalLoad(Leader),
        AvailableLoad.LoadName => new AvailableLoad(Available),
        WatchLoad.LoadName => new WatchLoad((IWatchSystem)system),
        RedisLoad.LoadName => new RedisLoad(),
        StreamLoad.LoadName => new StreamLoad((IStreamSystem)system, options),
        _ => new JobLoad(TortureJobs.Of(name)!, system, options),
    };

    private static bool Can(ITestedSystem system, params ReadOnlySpan<OperationFunction> functions)
    {
        foreach (var function in functions)
        {
            if (!system.Functions.Contains(function))
                return false;
        }
        return true;
    }
}
