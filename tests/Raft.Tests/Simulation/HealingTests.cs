using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>What must hold of a cluster that is mended can fail: each is shown what it must not let pass.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HealingTests : IDisposable
{
    private const long Second = 1_000_000_000;

    private readonly Simulation _simulation = new(new() { Seed = 5, Swarm = Calm });

    public HealingTests()
    {
        _simulation.Begin();
        while (_simulation.Steps < 3000)
            _simulation.Step();
        _simulation.Mend();
    }

    private static Swarm Calm => Swarm.OnlyCuts with { BridgeWeight = 0, OneWayWeight = 0, CrashWeight = 1, FaultEvery = long.MaxValue / 4 };

    private SimNode Leader => _simulation.Nodes.Find(static node => node.Replica!.Consensus.IsReady)!;

    private SimNode Follower => _simulation.Nodes.Find(static node => !node.Replica!.Consensus.IsReady)!;

    public void Dispose() => _simulation.Dispose();

    [Test]
    public void A_cluster_that_nothing_disturbs_comes_to_rest_and_stays_there()
    {
        _simulation.Healing.ComeToRest();
        Assert.That(() => _simulation.Healing.StayQuiet(), Throws.Nothing);
        Assert.That(_simulation.Healing.Times.Elections, Is.Zero);
    }

    [Test]
    public void A_cluster_that_stays_cut_into_pieces_is_seen()
    {
        CutAll();
        while (_simulation.Nodes.Exists(static node => node.Replica!.Consensus.IsReady))
            _simulation.Step();
        AssertBroken("Liveness", () => _simulation.Healing.ComeToRest());
    }

    [Test]
    public void A_leader_that_is_lost_while_all_is_quiet_is_seen()
    {
        _simulation.Healing.ComeToRest();
        CutAll();
        AssertBroken("Liveness", () => _simulation.Healing.StayQuiet());
    }

    [Test]
    public void An_election_while_a_leader_is_there_is_seen()
    {
        _simulation.Healing.ComeToRest();
        var core = Leader.Replica!.Consensus.Core;
        var frame = new byte[PeerFrame.MessageSize];
        PeerFrame.WriteMessage(frame, new() { Kind = MessageKind.ElectNow, From = Leader.Id, To = Follower.Id, Term = core.Term, Disk = core.Output.Disk });
        _simulation.Events.Add(_simulation.Now + (5 * Second), new(SimEventKind.Deliver, Follower.Id, Leader.Id, 0, 1, 0, frame));
        AssertBroken("QuietTerm", () => _simulation.Healing.StayQuiet());
    }

    [Test]
    public void A_queue_that_nobody_empties_is_seen()
    {
        _simulation.Healing.ComeToRest();
        Follower.Pause(_simulation.Now + (60 * Second));
        AssertBroken("QuietQueues", () => _simulation.Healing.StayQuiet());
    }

    private void CutAll()
    {
        foreach (var from in _simulation.Nodes)
        {
            foreach (var to in _simulation.Nodes)
                _simulation.Network.Cut(from.Id, to.Id, true);
        }
    }

    private static void AssertBroken(string invariant, Action act) =>
        Assert.That(() => act(), Throws.TypeOf<ViolationException>().With.Property(nameof(ViolationException.Invariant)).EqualTo(invariant));
}
