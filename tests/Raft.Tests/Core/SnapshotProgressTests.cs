using RaftStream.Raft.Core;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Core;

internal sealed class SnapshotProgressTests
{
    [Test]
    public void A_snapshot_saved_while_a_peers_newer_one_was_installed_changes_nothing()
    {
        var log = new LogShape();
        var commit = new CommitRule(log);
        var progress = new SnapshotProgress(log, commit, new PendingWrites(), Members());
        log.Reset(LogBench.At(500, 3));
        progress.Recover(LogBench.At(500, 3));
        progress.Taken(LogBench.At(100, 1), compactTo: new(500));
        Assert.That((progress.Snapshot, progress.Applied, log.Base), Is.EqualTo((LogBench.At(500, 3), new LogIndex(500), LogBench.At(500, 3))));
    }

    [Test]
    public void A_report_from_before_an_installation_does_not_take_the_applied_index_back()
    {
        var log = new LogShape();
        var progress = new SnapshotProgress(log, new CommitRule(log), new PendingWrites(), Members());
        log.Reset(LogBench.At(500, 3));
        progress.Recover(LogBench.At(500, 3));
        progress.AppliedTo(new(100));
        Assert.That(progress.Applied, Is.EqualTo(new LogIndex(500)));
    }

    private static Membership Members()
    {
        var membership = new Membership(new(1));
        membership.Recover(LogIndex.Zero, new([new NodeId(1)]));
        return membership;
    }
}
