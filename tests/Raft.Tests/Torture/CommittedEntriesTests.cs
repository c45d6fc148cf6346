using RaftStream.Raft.Log;
using RaftStream.Raft.Tests.Io;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>What stands on the disks of stopped nodes, held against what they called committed.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CommittedEntriesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Logs_that_agree_on_what_is_committed_pass_whatever_a_minority_holds_beside_it()
    {
        var check = Check(commit: 10, Log(1, (10, 1)), Log(2, (12, 1)), Log(3, (8, 1), (2, 2)));
        Assert.That(check.Verdict, Is.EqualTo(Verdict.Linearizable), check.Detail);
        Assert.That(check.Detail, Does.Contain("10 committed entries").And.Contain("3 readable logs"));
    }

    [Test]
    public void An_entry_called_committed_that_only_one_of_three_holds_is_found()
    {
        var check = Check(commit: 10, Log(1, (10, 1)), Log(2, (9, 1)), Log(3, (9, 1)));
        Assert.That(check.Verdict, Is.EqualTo(Verdict.Illegal), check.Detail);
        Assert.That(check.Detail, Does.StartWith("Entry 10 was called committed, and only 1 of 3 voters hold it"));
    }

    [Test]
    public void Entries_of_three_terms_at_one_place_are_no_quorum()
    {
        var check = Check(commit: 9, Log(1, (8, 1), (1, 2)), Log(2, (8, 1), (1, 3)), Log(3, (8, 1), (1, 4)));
        Assert.That(check.Detail, Does.StartWith("Entry 9 was called committed, and only 1 of 3"));
    }

    [Test]
    public void Different_bytes_at_one_index_and_term_are_found()
    {
        var check = Check(commit: 5, Log(1, (5, 1)), Log(2, (5, 1)), Log(3, payload: 1, (5, 1)));
        Assert.That(check.Detail, Does.Contain("Entry 1 of term 1 has different bytes").And.Contain("1, 2, 3"));
    }

    [Test]
    public void What_a_snapshot_stands_in_for_counts_as_held()
    {
        var snapshot = Log(2, (2, 1));
        using (var disk = FileDisk.OpenFolder(snapshot.Folder))
        {
            using var storage = Storage.Open(disk, Identity(2), new(), saltSeed: 1).Storage!;
            SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(20, 1), SnapshotStoreTests.StateOf(50));
        }
        Assert.That(Check(commit: 10, Log(1, (10, 1)), snapshot, Log(3, (3, 1))).Verdict, Is.EqualTo(Verdict.Linearizable));
    }

    [Test]
    public void A_log_that_cannot_be_read_has_the_benefit_of_the_doubt_but_proves_nothing()
    {
        var gone = (Node: 3, Folder: Path.Combine(_folder.Path, "none"));
        Assert.That(Check(commit: 10, Log(1, (10, 1)), Log(2, (10, 1)), gone).Verdict, Is.EqualTo(Verdict.Linearizable), "two are a quorum");
        var one = Check(commit: 10, Log(4, (10, 1)), gone, (5, gone.Folder));
        Assert.That(one.Verdict, Is.EqualTo(Verdict.Undecided), one.Detail);
        Assert.That(one.Detail, Does.Contain("Only 1 of 3"));
        Assert.That(Check(commit: 0, Log(6, (10, 1))).Verdict, Is.EqualTo(Verdict.Undecided));
    }

    private static LogIdentity Identity(int node) => new(Guid.Empty, new(node));

    private static RunCheck Check(long commit, params (int Node, string Folder)[] logs) => CommittedEntriesCheck.Check(
        logs.ToDictionary(static log => log.Node, static log => log.Folder),
        logs.ToDictionary(static log => log.Node, log => new NodeView(false, 1, commit, commit, "")));

    private (int Node, string Folder) Log(int node, params (int Count, long Term)[] runs) => Log(node, payload: 0, runs);

    // Runs of entries one behind the other, each of one term.
    private (int Node, string Folder) Log(int node, byte payload, params (int Count, long Term)[] runs)
    {
        var folder = Path.Combine(_folder.Path, $"node-{node}");
        using var disk = FileDisk.OpenFolder(folder);
        using var log = SegmentedLog.Open(disk, Identity(node), new(), saltSeed: (ulong)node).Log!;
        var next = 1;
        foreach (var (count, term) in runs)
        {
            for (var place = 0; place < count; place++, next++)
            {
                var record = new LogRecord(LogBench.At(next, term), next, EntryKind.Command, 1);
                var bytes = new byte[record.Size];
                record.Write(bytes, [payload]);
                log.Stage(bytes, new(next), 1);
            }
        }
        log.Commit();
        return (node, folder);
    }
}
