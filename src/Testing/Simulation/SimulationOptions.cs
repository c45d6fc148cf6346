using System.Collections.ObjectModel;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>What to simulate.</summary>
public sealed record SimulationOptions
{
    /// <summary>Everything that happens follows from it.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many nodes: 1 to 9.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Steps under faults; the healing phase comes on top. A step is one delivered event: a message, a timer, a disk completion, a client's operation, a fault.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Which faults there are.</summary>
    public FaultProfile Profile { get; init; } = FaultProfile.Promised;

    /// <summary>Events kept for the report of a violation.</summary>
    public int KeptEvents { get; init; } = 60;

    /// <summary>What is left out.</summary>
    public SimulationPart Without { get; init; }

    /// <summary>Faults that do not happen, by their number, counted from 1 in the order in which the seed draws them.</summary>
    public IReadOnlySet<int> SkipFaults { get; init; } = ReadOnlySet<int>.Empty;

    /// <summary>Actions of the operator that are not done, by their number, counted from 1.</summary>
    public IReadOnlySet<int> SkipActions { get; init; } = ReadOnlySet<int>.Empty;

    /// <summary>Whether an account of the run is kept, see <see cref="SimulationReport.Account"/>. Slower.</summary>
    public bool Record { get; init; }

    /// <summary>An own state machine and what its clients do, one object a run; null: the counting store under the load of this project's own tests.</summary>
    public Func<ISimulatedWorkload>? Workload { get; init; }

    /// <summary>Which of this project's own tests' load, where <see cref="Workload"/> is null.</summary>
    internal OwnLoad Load { get; init; }

    /// <summary>The mix of faults and sizes; drawn from the seed where none is given.</summary>
    internal Swarm? Swarm { get; init; }
}

/// <summary>The loads of this project's own tests.</summary>
internal enum OwnLoad
{
    /// <summary>The counting store, with all kinds of clients.</summary>
    Store,

    /// <summary>A stream job that the seed draws, held against a reference.</summary>
    Jobs,
}

/// <summary>Which faults a simulation draws.</summary>
public enum FaultProfile
{
    /// <summary>All that the promises are made for: no seed may break one.</summary>
    Promised = 0,

    /// <summary>Also clocks that run or jump further off than leases are made for: what rests on clocks breaks, and must be seen to.</summary>
    Beyond = 1,

    /// <summary>Only bridges and one-way cuts, long and often: no seed may elect more often than there were cuts to cause it.</summary>
    Cuts = 2,
}

/// <summary>
/// What a seed draws before it begins: a swarm of configurations finds more than one average one, because a fault that is frequent
/// hides others (Groce et al., "Swarm Testing", ISSTA 2012).
/// </summary>
internal sealed record Swarm
{
    public double Loss { get; init; }

    public double Duplicate { get; init; }

    public double LongDelay { get; init; }

    /// <summary>The mean time between faults, in nanoseconds.</summary>
    public long FaultEvery { get; init; }

    public double CrashWeight { get; init; }

    public double TornCrashWeight { get; init; }

    public double PartitionWeight { get; init; }

    public double OneWayWeight { get; init; }

    public double PauseWeight { get; init; }

    public double SlowDiskWeight { get; init; }

    public long SnapshotAfterBytes { get; init; }

    public int SegmentBytes { get; init; }

    /// <summary>Small, as the states are: a snapshot has several chunks, of which the next one finds some again.</summary>
    public ChunkSizes Chunks { get; init; } = new(Min: 64, TailBits: 6, Max: 1024);

    public int CacheBytes { get; init; }

    public int MaxAppendBytes { get; init; }

    public int MaxAppendEntries { get; init; }

    public int Window { get; init; }

    /// <summary>How far the rate of a clock may be off, as a fraction: what the cluster is told, and what is drawn.</summary>
    public double Drift { get; init; } = 0.01;

    /// <summary>How often a slow disk answers nothing at all for a while.</summary>
    public double HangShare { get; init; }

    /// <summary>How often two sides hear a third in common, and not each other, among the faults.</summary>
    public double BridgeWeight { get; init; }

    /// <summary>How often a bit on a disk turns over, among the faults.</summary>
    public double RotWeight { get; init; }

    /// <summary>How often a disk becomes full, among the faults.</summary>
    public double FullDiskWeight { get; init; }

    /// <summary>How often a disk is lost for good, among the faults.</summary>
    public double LostDiskWeight { get; init; }

    /// <summary>The mean time between an operator's actions, in nanoseconds.</summary>
    public long OperateEvery { get; init; }

    /// <summary>How often an action is a change of the members; else leadership is handed over.</summary>
    public double ChangeShare { get; init; }

    /// <summary>Entries between two snapshots.</summary>
    public long SnapshotAfterEntries { get; init; }

    /// <summary>Clients with sessions.</summary>
    public int SessionClients { get; init; }

    /// <summary>What the cluster remembers for them and for keys: often little, so that every limit is met.</summary>
    public SessionLimits Sessions { get; init; } = SessionLimits.Default;

    /// <summary>The mean time between a client's operations, in nanoseconds.</summary>
    public long ClientEvery { get; init; }

    /// <summary>How often the sync of a file fails, among all syncs.</summary>
    public double SyncErrors { get; init; }

    /// <summary>Bytes that a learner may lack when it is promoted.</summary>
    public int CaughtUpBytes { get; init; } = 64 * 1024;

    /// <summary>How often a fault comes with a burst of load: hundreds of commands at once for who leads at that moment.</summary>
    public double Bursts { get; init; }

    /// <summary>How often the state machine takes long over what it is given.</summary>
    public double SlowApplies { get; init; }

    /// <summary>How often a node is alone for long, in place of a partition.</summary>
    public double Maroons { get; init; }

    /// <summary>How often a machine that has left is switched off when the operator looks: where never, it goes on for as long as it likes.</summary>
    public double SwitchOff { get; init; } = 0.3;

    /// <summary>What <see cref="FaultProfile.Cuts"/> has in place of a draw.</summary>
    public static Swarm OnlyCuts => new()
    {
        BridgeWeight = 1,
        OneWayWeight = 1,
        FaultEvery = 1_500_000_000,
        OperateEvery = long.MaxValue / 4,
        SnapshotAfterBytes = 64 * 1024,
        SnapshotAfterEntries = 10_000,
        SegmentBytes = 16 * 1024,
        CacheBytes = 64 * 1024,
        MaxAppendBytes = 4096,
        MaxAppendEntries = 64,
        Window = 16,
        ClientEvery = 20_000_000,
    };

    /// <summary>Draws a configuration.</summary>
    public static Swarm Draw(SimRandom random)
    {
        // Each fault is left out altogether by some seeds.
        double Weight() => random.Chance(0.3) ? 0 : random.NextUnit();
        return new()
        {
            Loss = random.Chance(0.4) ? 0 : random.NextUnit() * 0.2,
            Duplicate = random.Chance(0.4) ? 0 : random.NextUnit() * 0.2,
            LongDelay = random.Chance(0.3) ? 0 : random.NextUnit() * 0.1,
            FaultEvery = 1_000_000L * random.Between(100, 1500),
            CrashWeight = Weight(),
            TornCrashWeight = Weight(),
            PartitionWeight = Weight(),
            OneWayWeight = Weight(),
            PauseWeight = Weight(),
            SlowDiskWeight = Weight(),
            BridgeWeight = Weight() * 0.5,
            RotWeight = random.Chance(0.5) ? 0 : random.NextUnit() * 0.2,
            FullDiskWeight = random.Chance(0.5) ? 0 : random.NextUnit(),
            LostDiskWeight = random.Chance(0.5) ? 0 : random.NextUnit() * 0.2,
            OperateEvery = random.Chance(0.2) ? long.MaxValue / 4 : 1_000_000L * random.Between(50, 2000),
            ChangeShare = random.NextUnit(),
            SnapshotAfterBytes = 1024L * random.Between(1, 12),
            SegmentBytes = 4096 << random.Between(0, 2),
            CacheBytes = 512 << random.Between(0, 6),
            MaxAppendBytes = 64 << random.Between(0, 6),
            MaxAppendEntries = 1 << random.Between(0, 6),
            Window = 1 << random.Between(0, 4),
            ClientEvery = 100_000L * random.Between(10, 200),
            SnapshotAfterEntries = random.Chance(0.5) ? 1_000_000 : random.Between(20, 200),
            SessionClients = random.Between(0, 4),
            Sessions = DrawSessions(random),
            Drift = random.Chance(0.5) ? 0.01 : 0.05 + (random.NextUnit() * 0.15),
            HangShare = random.Chance(0.3) ? 0 : random.NextUnit(),
        };
    }

    /// <summary>How many commands come at once: where appends are small and few, more would take longer to send again than a mended cluster has.</summary>
    public int Burst(SimRandom random, int least, int most) => Math.Min(random.Between(least, most), Math.Max(least, MaxAppendEntries * Window * 2));

    /// <summary>How long the state machine lets wait what it is given, in nanoseconds.</summary>
    public long ApplyTime(SimRandom random, bool mayBeSlow) =>
        SlowApplies > 0 && mayBeSlow && random.Chance(SlowApplies) ? random.Between(100_000_000, 2_000_000_000) : random.Between(1_000, 200_000);

    /// <summary>Draws what most seeds go without.</summary>
    public Swarm DrawRare(SimRandom random) => this with
    {
        SyncErrors = random.Chance(0.7) ? 0 : 0.0002 * random.Between(1, 50),
        CaughtUpBytes = random.Chance(0.5) ? CaughtUpBytes : random.Between(0, 2000),
        SwitchOff = random.Chance(0.7) ? SwitchOff : 0,
        Bursts = random.Chance(0.6) ? 0 : random.NextUnit(),
        SlowApplies = random.Chance(0.7) ? 0 : random.NextUnit() * 0.2,
        Maroons = random.Chance(0.6) ? 0 : random.NextUnit(),
        Sessions = DrawKeys(Sessions, random),
    };

    private static SessionLimits DrawKeys(SessionLimits limits, SimRandom random)
    {
        var keys = random.Between(1, 10);
        return limits with
        {
            KeyRetention = 1_000_000L * random.Between(50, 10_000),
            MaxKeys = random.Chance(0.4) ? random.Between(2, 20) : limits.MaxKeys,

            // So little beyond what the keys themselves are charged that their replies decide when it is full.
            MaxKeyBytes = random.Chance(0.5) ? (keys * SessionLimits.KeyOverhead) + random.Between(1, keys * 14) : limits.MaxKeyBytes,
            MaxKeyReplyBytes = random.Chance(0.1) ? 2 : limits.MaxKeyReplyBytes,
        };
    }

    private static SessionLimits DrawSessions(SimRandom random)
    {
        var sessions = random.Chance(0.4) ? random.Between(1, 3) : 65_536;
        return new()
        {
            MaxSessions = sessions,
            EvictAfterIdle = 1_000_000L * random.Between(10, 500),
            Window = random.Chance(0.4) ? random.Between(1, 5) : 1024,
            MaxSessionBytes = random.Chance(0.3) ? random.Between(80, 300) : 1024 * 1024,
            MaxTotalBytes = sessions < 4 && random.Chance(0.7) ? (sessions * SessionLimits.SessionOverhead) + random.Between(10, 300) : 64 * 1024 * 1024,
            MaxReplyBytes = random.Chance(0.1) ? 8 : 64 * 1024,
        };
    }
}
