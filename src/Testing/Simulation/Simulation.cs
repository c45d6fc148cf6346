using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// A whole cluster in one thread and one seed: the agents of real replicas over virtual clocks, disks and network, under faults, with
/// every invariant looked at after every event. Used once.
/// </summary>
/// <remarks>
/// First faults come as the seed wills; then everything is mended, and within a bound a leader must appear, the text must be counted
/// to its end and all replicas must agree; and then nothing may happen any more. The same seed gives the same trace hash.
/// </remarks>
public sealed class Simulation : IDisposable
{
    /// <summary>Events in a row that may come to nothing.</summary>
    private const int MaxIdleEvents = 10_000;

    /// <summary>Elections that a cut may cause: the leader loses its quorum, and two who then stand at once need a second round.</summary>
    private const int MaxElectionsPerCut = 1;

    internal static readonly Guid ClusterId = new("d5a1f0a8-31c4-4e0a-9d9c-52f2c2b7a6a1");
    internal static readonly TimeSpan ElectionTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>Machines at the most: the first members and all that ever join.</summary>
    internal const int MaxMachines = 40;

    private readonly FaultInjector _faults;
    private readonly Swarm _swarm;
    private readonly SimRandom _random;
    private int _idle;

    internal Simulation(SimulationOptions options)
    {
        Options = options;
        var random = new SimRandom(options.Seed);
        var swarm = options.Swarm ?? (options.Profile == FaultProfile.Cuts ? Swarm.OnlyCuts : Swarm.Draw(random).DrawRare(new(~options.Seed)));
        (_random, _swarm) = (random, swarm);
        Trace = new(Time, options.KeptEvents);
        Configuration = new(Enumerable.Range(1, options.Nodes).Select(static id => new NodeId(id)));
        Shapes = new EntryShape[swarm.MaxAppendEntries];
        Account = options.Record ? new(Time, Shapes) : null;
        Healing = new(this);
        Checker = new(this, swarm);
        Network = new(this, swarm, random.Fork());
        var load = random.Fork();
        Workload = (options.Workload, options.Load) switch
        {
            ({ } user, _) => new UserWorkload(this, swarm, user(), load),
            (_, OwnLoad.Jobs) => new JobWorkload(this, swarm, load),
            _ => new StreamWorkload(this, swarm, load),
        };
        _faults = new(this, swarm, random.Fork());
        Operator = new(this, swarm, random.Fork());
        SyncErrors = new(this, swarm, _faults, new(options.Seed ^ 0x5bd1_e995_97f4_a7c1));
        for (var id = 1; id <= options.Nodes; id++)
            AddMachine();
    }

    /// <summary>What is simulated.</summary>
    public SimulationOptions Options { get; }

    /// <summary>How often what happened.</summary>
    public EventCounts Counts { get; } = new();

    internal VirtualTime Time { get; } = new();

    internal long Now => Time.Nanoseconds;

    internal SimEvents Events { get; } = new();

    internal Configuration Configuration { get; }

    internal EntryShape[] Shapes { get; }

    internal Checker Checker { get; }

    internal SimNetwork Network { get; }

    internal IWorkload Workload { get; }

    internal Operator Operator { get; }

    /// <summary>The end of the run.</summary>
    internal Healing Healing { get; }

    internal SyncErrors SyncErrors { get; }

    internal Trace Trace { get; }

    internal Coverage Coverage { get; } = new();

    /// <summary>What is kept for a reader, if anything.</summary>
    internal RunAccount? Account { get; }

    /// <summary>How far clocks may be off, as far as the cluster is told.</summary>
    internal double Drift => Options.Profile == FaultProfile.Beyond ? 0.01 : _swarm.Drift;

    /// <summary>How far a machine's clock is off: often as far as it may, since what allows for too little drift fails there alone.</summary>
    internal double DrawDrift(SimRandom random)
    {
        var (unit, isExtreme) = (random.NextUnit() - 0.5, random.Chance(0.5));
        if (Options.Profile == FaultProfile.Beyond && !Options.Without.HasFlag(SimulationPart.Drift))
            return unit * 0.8;
        return isExtreme ? Math.Sign(unit) * 0.999 * Drift : unit * 2 * Drift;
    }

    /// <summary>Events so far.</summary>
    internal long Steps { get; private set; }

    /// <summary>Every machine there ever was, by id.</summary>
    internal List<SimNode> Nodes { get; } = [];

    /// <summary>Whether the cluster has formed: its first entry is committed.</summary>
    internal bool HasFormed => Checker.Committed > LogIndex.Zero;

    /// <summary>Runs a seed to its end, or to the first promise that is broken.</summary>
    public static SimulationReport Run(SimulationOptions options)
    {
        using var simulation = new Simulation(options);
        return simulation.Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var node in Nodes)
            node.Dispose();
    }

    /// <summary>A new machine, with the next id; those beyond the first members wait to be added to the cluster.</summary>
    internal SimNode AddMachine()
    {
        var node = new SimNode(this, _swarm, new(Nodes.Count + 1), _random.Fork());
        node.Shadow.Appended = Checker.OnWritten;
        node.Shadow.Configured = Checker.Members.OnWritten;
        node.Shadow.CommittedChain = Checker.CommittedChain;
        SyncErrors.Watch(node);
        Nodes.Add(node);
        return node;
    }

    private SimulationReport Run()
    {
        ViolationException? violation = null;
        try
        {
            Begin();
            while (Steps < Options.Steps)
                Step();
            if (Options.Profile == FaultProfile.Cuts)
                CheckTermGrowth();
            Mend();
            Healing.ComeToRest();
            Workload.CheckEnd([.. Healing.Members().Select(static node => node.ApplyingMachine!)]);
            Healing.StayQuiet();
        }
        catch (ViolationException broken)
        {
            violation = broken;
        }
        catch (InvariantException broken)
        {
            violation = new("Invariant", broken.Message, broken);
        }
        catch (Exception failure)
        {
            // Whatever it is, it would have ended a real process: told with its seed, like any other find.
            violation = new("NoException", $"{failure.GetType().Name}: {failure.Message}", failure);
        }

        foreach (var node in Nodes)
            node.CountLife();
        Counts.Add("log truncated", Nodes.Sum(static node => node.Shadow.Truncations));
        Coverage.AddTo(Counts, Nodes);
        return new(Options, Steps, Trace.Hash, Counts, violation, violation is null ? [] : Trace.Last())
        {
            FaultsDrawn = _faults.Drawn,
            ActionsDrawn = Operator.Drawn,
            Healing = Healing.Times,
            Account = Account,
        };
    }

    /// <summary>Something happened that is counted, and told in an account.</summary>
    internal void Happened(string what, SimNode? node)
    {
        Counts.Add(what);
        Account?.Note(node, what);
    }

    /// <summary>The next event.</summary>
    internal void Step()
    {
        var any = Events.TryTake(out var next, out var at);
        Invariant.Check(any, "a simulation never runs out of events");
        Time.Nanoseconds = at;
        var node = next.Node == NodeId.None ? null : Nodes[next.Node.Value - 1];
        try
        {
            if (!Happen(next, node))
            {
                // Stale polls and timers are nothing; agents that wake up again and again for nothing would spin in a real node.
                ViolationException.Require(++_idle < MaxIdleEvents, "NoSpin", $"{MaxIdleEvents} events in a row did nothing, the last for node {next.Node}: {next.Kind} {next.Number}; its queues hold {node?.Replica?.Queues.Describe()}.");
                return;
            }
        }
        catch (SimulatedCrashException)
        {
            _faults.OnDiskCrash(node!);
        }

        _idle = 0;
        Steps++;
        Trace.Add(next.Kind, next.Node.Value, next.From.Value, next.Number, node?.Replica?.Consensus.Core.Commit.Value ?? -1);
        if (node is not null)
            Checker.After(node);
    }

    /// <summary>Lets an event happen; false if nothing came of it.</summary>
    private bool Happen(in SimEvent next, SimNode? node)
    {
        switch (next.Kind)
        {
            case SimEventKind.Deliver:
                var arrives = node!.Replica is not null && Network.Arrives(next.From, next.Node);
                Account?.Arrived(next.Number, arrives);
                if (!arrives)
                    return false;
                node.Deliver(next.From, next.Frame!);
                return true;
            case SimEventKind.Poll:
                return node!.Poll((SimAgent)next.Number, next.Life, next.At) > 0;
            case SimEventKind.Timer:
                return node!.Fire(next.Life, next.At) > 0;
            case SimEventKind.Client:
                Workload.Act();
                return true;
            case SimEventKind.Fault:
                _faults.Act();
                Workload.OnFault();
                return true;
            case SimEventKind.Operate:
                Operator.Act();
                return true;
            case SimEventKind.Restart:
                _faults.Restart(node!);
                return true;
            case SimEventKind.Maroon:
                _faults.Maroon(node!);
                return true;
            default:
                Network.Heal();
                return true;
        }
    }

    /// <summary>
    /// A cut that leaves every node some neighbour may cost a leader, and no more (Cloudflare's outage of 2020-11-02: two nodes that heard a third
    /// and not each other elected without end).
    /// </summary>
    private void CheckTermGrowth()
    {
        var cuts = Counts.Counts.GetValueOrDefault("bridge") + Counts.Counts.GetValueOrDefault("one-way cut");
        var elections = Counts.Counts.GetValueOrDefault("election begun") - 1;
        ViolationException.Require(elections <= MaxElectionsPerCut * cuts, "TermGrowth", $"{elections} elections came of {cuts} cuts.");
    }

    /// <summary>The nodes start, and what is to come is foreseen.</summary>
    internal void Begin()
    {
        foreach (var node in Nodes)
            node.Start(isOnMedium: true);
        _faults.Begin();
        Operator.Begin();
        Workload.Begin();
    }

    /// <summary>Mends everything, and brings the load to its end.</summary>
    internal void Mend()
    {
        Operator.Stop();
        _faults.Stop();
        Workload.IsActive = false;
    }
}
