using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

internal sealed class SimulationTests
{
    /// <summary>What must happen over the seeds below, or they prove nothing.</summary>
    private static readonly string[] MustHappen =
    [
        "add Applied", "add Rejected", "add Unknown", "advance applied", "advance declined: Superseded", "crash in a disk operation", "crash in recovery",
        "election begun", "leader elected", "leader stepped down", "log truncated", "message cut off", "message delayed", "message duplicated", "message lost",
        "one-way cut", "partition", "power cut", "pre-vote asked", "process killed", "process paused", "read Applied", "read Rejected", "reader opened",
        "session closed Applied", "session command Applied", "session command Rejected", "session command Unknown", "session command answered again",
        "session command refused: SessionExpired", "session command refused: SessionStale", "session command refused: SessionTableFull",
        "session command refused: SessionWindowFull", "session evicted on a replica", "session expired on a replica", "session opened Applied",
        "session reply not kept", "session table full", "snapshot point passed by",
        "repeated advance None", "repeated advance WrongOffset", "repeated advance Superseded", "restart", "slow disk", "append refused", "vote refused",
        "pre-vote refused", "snapshot offered", "snapshot piece sent", "snapshot installed", "snapshot saved", "text counted to its end", "torn tail cut",
        "torn write",
    ];

    [TestCase(7UL, 3)]
    [TestCase(8UL, 5)]
    [TestCase(21UL, 3)]
    [TestCase(22UL, 5)]
    [TestCase(23UL, 3)]
    [TestCase(24UL, 5)]
    public void The_same_seed_runs_the_same_way_twice(ulong seed, int nodes)
    {
        var options = new SimulationOptions { Seed = seed, Nodes = nodes };
        var (first, second) = (Simulation.Run(options), Simulation.Run(options));
        Assert.That((second.TraceHash, second.Steps), Is.EqualTo((first.TraceHash, first.Steps)));
        Assert.That(second.Counts.Counts, Is.EqualTo(first.Counts.Counts));
        Assert.That(Simulation.Run(options with { Seed = seed + 1 }).TraceHash, Is.Not.EqualTo(first.TraceHash));
    }

    /// <summary>Seeds that showed a bug once, of a node or of the simulator: docs/found-by-simulation.md tells which.</summary>
    [TestCase(506UL, 3)]
    [TestCase(557UL, 3)]
    [TestCase(1094UL, 3)]
    [TestCase(1638UL, 3)]
    [TestCase(2548UL, 3)]
    [TestCase(4255UL, 3)]
    [TestCase(2009UL, 3)]
    [TestCase(10698UL, 3)]
    [TestCase(3099UL, 5)]
    [TestCase(73UL, 5)]
    [TestCase(12280UL, 3)]
    [TestCase(188UL, 5)]
    [TestCase(6391UL, 5)]
    [TestCase(23335UL, 5)]
    public void A_seed_that_showed_a_bug_once_is_clean(ulong seed, int nodes) => Assert.That(Simulation.Run(new() { Seed = seed, Nodes = nodes }).Violation, Is.Null);

    [TestCase(3, 60)]
    [TestCase(5, 60)]
    public void Every_promise_holds_on_these_seeds_and_every_fault_happened_on_them(int nodes, int seeds)
    {
        var reports = new SimulationReport[seeds];
        Parallel.For(0, seeds, place => reports[place] = Simulation.Run(new() { Seed = (ulong)place + 1, Nodes = nodes }));
        Assert.That(
            reports.Where(static report => report.Violation is not null).Select(static report => $"seed {report.Options.Seed} breaks {report.Violation!.Invariant}: {report.Violation.Message}"),
            Is.Empty);
        var counts = new EventCounts();
        foreach (var report in reports)
            counts.Add(report.Counts);
        Assert.That(MustHappen.Where(what => counts.Counts.GetValueOrDefault(what) == 0), Is.Empty, "these never happened");
    }
}
