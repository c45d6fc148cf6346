using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class StatusBoardTests : IDisposable
{
    private readonly MonotonicClock _clock = new();
    private readonly Replica _replica;
    private readonly StatusBoard _board;

    public StatusBoardTests()
    {
        var parker = new Parker();
        var options = new ReplicaOptions
        {
            Identity = LogBench.Identity,
            Configuration = new([LogBench.Identity.Node]),
            Core = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) },
            SnapshotAfterBytes = 1 << 20,
            Seed = 1,
        };
        _replica = Replica.Open(options, LogBench.NewDisk(), new SumMachine(), new TestNetwork(), _clock, new(parker, parker, parker));
        _board = new(_replica, LogBench.Identity.Node, options.Core);
    }

    public void Dispose() => _replica.Dispose();

    [Test]
    public void A_change_of_role_is_published_at_once_and_other_changes_not_more_often_than_the_interval()
    {
        var now = _clock.Now;
        _board.Publish(now, somethingHappened: true);
        var first = _board.Current;
        _board.Publish(now + TimeSpan.FromMilliseconds(1), somethingHappened: true);
        Assert.That(_board.Current, Is.SameAs(first));
        Assert.That(_board.Idle(TimeSpan.FromSeconds(1)), Is.LessThan(TimeSpan.FromMilliseconds(10)), "what changed must still come out");
        _replica.Consensus.Core.Tick(_replica.Consensus.Core.Output.NextDeadline);
        _board.Publish(now + TimeSpan.FromMilliseconds(2), somethingHappened: false);
        Assert.That(_board.Current.Role, Is.EqualTo(Role.Candidate));
    }

    [Test]
    public void A_fault_stays_whatever_is_published_after_it()
    {
        _board.Fail("The disk is gone.");
        _board.Publish(_clock.Now + TimeSpan.FromSeconds(1), somethingHappened: true);
        Assert.That((_board.Current.Fault, _board.Current.IsReady), Is.EqualTo(("The disk is gone.", false)));
    }
}
