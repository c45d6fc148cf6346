using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SnapshotPolicyTests
{
    private readonly SnapshotPolicy _policy = new(afterBytes: 1000, afterEntries: 10);

    [Test]
    public void A_point_is_due_after_so_many_bytes_or_so_many_entries()
    {
        HandOver(2, length: 420);
        Assert.That(_policy.TryPropose(out _), Is.False);
        HandOver(1, length: 40);
        Assert.That(_policy.TryPropose(out _), Is.True);
        var byEntries = new SnapshotPolicy(1 << 20, 3);
        for (var i = 0; i < 3; i++)
            byEntries.HandedOver(new(LogBench.At(1 + i, 1), 0, EntryKind.Noop, 0));
        Assert.That(byEntries.TryPropose(out _), Is.True);
    }

    [Test]
    public void One_point_at_a_time_is_on_its_way_and_one_that_was_lost_is_proposed_again()
    {
        HandOver(10);
        Assert.That(_policy.TryPropose(out var point), Is.True);
        Assert.That(point!.EntryKind, Is.EqualTo(EntryKind.SnapshotPoint));
        Assert.That(_policy.TryPropose(out _), Is.False);
        point.Refuse(Refusal.NotLeader);
        Assert.That(_policy.TryPropose(out _), Is.True);
    }

    [Test]
    public void A_point_in_the_log_whoever_put_it_there_and_an_installed_snapshot_begin_the_count_anew()
    {
        HandOver(9);
        HandOver(1, EntryKind.SnapshotPoint);
        HandOver(9);
        Assert.That(_policy.TryPropose(out _), Is.False);
        _policy.Installed();
        HandOver(9);
        Assert.That(_policy.TryPropose(out _), Is.False);
        HandOver(1);
        Assert.That(_policy.TryPropose(out _), Is.True);
    }

    private void HandOver(int count, EntryKind kind = EntryKind.Command, int length = 0)
    {
        for (; count > 0; count--)
            _policy.HandedOver(new LogRecord(LogBench.At(1, 1), 0, kind, length));
    }
}
