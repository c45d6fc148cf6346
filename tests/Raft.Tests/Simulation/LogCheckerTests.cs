using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>The checker of logs is shown each thing that a node may not do to its own.</summary>
internal sealed class LogCheckerTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) };
    private static readonly Configuration Alone = new([new Member { Id = new(1), IsVoter = true, Disk = 1 }]);

    [Test]
    public void A_leader_that_cuts_its_log_is_seen()
    {
        var checker = new LogChecker();
        checker.After(new(1), Leader(proposals: 2), new(1));
        AssertBroken("LeaderAppendOnly", () => checker.After(new(1), Leader(proposals: 1), new(1)));
    }

    [Test]
    public void A_leader_that_adds_to_its_log_is_as_it_must_be()
    {
        var checker = new LogChecker();
        checker.After(new(1), Leader(proposals: 1), new(1));
        Assert.That(() => checker.After(new(1), Leader(proposals: 2), new(1)), Throws.Nothing);
    }

    [Test]
    public void A_log_that_holds_another_entry_where_one_is_committed_is_seen() =>
        AssertBroken("CommittedKept", () => new LogChecker().After(new(1), Leader(proposals: 1), new(7)));

    [Test]
    public void A_snapshot_that_is_gone_after_a_restart_is_seen()
    {
        using var simulation = new Simulation(new() { Seed = 1 });
        var checker = new LogChecker();
        checker.OnSnapshot(new(1), new(5));
        AssertBroken("SnapshotMonotonic", () => checker.OnStarted(simulation.Nodes[0], Leader(proposals: 1)));
    }

    /// <summary>A node that leads a cluster of its own, with everything committed.</summary>
    private static RaftCore Leader(int proposals)
    {
        var core = new RaftCore(Options, Alone, new(1), CoreRecovery.Empty with { Disk = 1 }, 1, default);
        for (var sequence = 1; core.Role != Role.Leader; sequence++)
        {
            core.Tick(core.Output.NextDeadline);
            core.LogDurable(default, sequence);
        }

        for (var i = 0; i < proposals; i++)
            core.Propose(default, [new(EntryKind.Command, 8)]);
        core.LogDurable(default, 100);
        Assert.That(core.Commit, Is.EqualTo(new LogIndex(proposals + 1)));
        return core;
    }

    private static void AssertBroken(string invariant, Action act) =>
        Assert.That(() => act(), Throws.TypeOf<ViolationException>().With.Property(nameof(ViolationException.Invariant)).EqualTo(invariant));
}
