using System.Buffers;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Io;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>What restoring and resetting write, and what a crash in the middle of them leaves.</summary>
internal sealed class RecoveryToolsTests
{
    private static readonly Guid Cluster = new("11111111-2222-3333-4444-555555555555");
    private static readonly LogIdentity Identity = new(Cluster, new(1));
    private static readonly Configuration Three = new(new[] { 1, 2, 3 }.Select(static id => new Member { Id = new(id), Address = $"h:{id}", IsVoter = true, Disk = (ulong)id }));

    [Test]
    public void A_reset_leaves_one_voter_in_a_later_incarnation_and_never_uses_an_id_again()
    {
        using var folder = new TemporaryFolder();
        var before = WriteLog(folder.Path, incarnation: null);
        using (var reset = QuorumReset.Open(folder.Path, Cluster, seed: 5))
        {
            Assert.That((reset.Before, reset.Incarnation), Is.EqualTo((before, 0u)));
            Assert.That((reset.IsQuorum([]), reset.IsQuorum([new(3)])), Is.EqualTo((false, true)));
            reset.Run();
        }

        using var again = QuorumReset.Open(folder.Path, Cluster, seed: 6);
        var alone = again.Members.Members.Single();
        Assert.That((again.Incarnation, again.Before), Is.EqualTo((1u, new LogPosition(before.Index.Next, new(8)))), "the term is one that nobody led");
        Assert.That((alone.Id, alone.IsVoter, alone.Disk != 0, again.Members.Highest), Is.EqualTo((new NodeId(1), true, true, new NodeId(3))));
        Assert.That(again.IsQuorum([]), "it is a majority by itself");
    }

    [Test]
    public void A_reset_interrupted_behind_its_first_step_still_has_its_old_voters_and_is_finished_by_the_next()
    {
        using var folder = new TemporaryFolder();
        WriteLog(folder.Path, incarnation: 1);
        using (var reset = QuorumReset.Open(folder.Path, Cluster, seed: 5))
        {
            Assert.That((reset.Incarnation, reset.Members.Count), Is.EqualTo((1u, 3)), "it can win no vote: its peers refuse it");
            reset.Run();
        }

        using var again = QuorumReset.Open(folder.Path, Cluster, seed: 6);
        Assert.That((again.Incarnation, again.Members.Count), Is.EqualTo((2u, 1)));
    }

    [Test]
    public void A_restored_folder_goes_on_behind_the_backup_in_its_term_with_members_not_known_yet()
    {
        using var folder = new TemporaryFolder();
        var file = WriteBackup(folder.Path);
        var target = Path.Combine(folder.Path, "restored");
        using (var backup = BackupFile.Open(file))
            Assert.That(Restoration.Run(backup, target, Identity, [new Member { Id = new(1), Address = "h:1", IsVoter = true }], incarnation: null, seed: 7), Is.EqualTo(4u));

        using var disk = FileDisk.OpenFolder(target);
        var opening = Storage.Open(disk, Identity, new(), saltSeed: 8);
        using var storage = opening.Storage!;
        Assert.That((storage.Log.Base, storage.Log.Birth.Incarnation, storage.Log.HardState), Is.EqualTo((new LogPosition(new(9), new(7)), 4u, new HardState(new(7), NodeId.None))));
        var members = RecoveredMembers.At(storage.Snapshots.Newest, Configuration.Empty);
        Assert.That((members.Configuration.Members.Single().Disk, members.Configuration.Highest), Is.EqualTo((0ul, new NodeId(3))));
        Assert.That(storage.Snapshots.Newest!.Description.StateHash, Is.EqualTo(77ul));
    }

    [Test]
    public void A_restoration_interrupted_before_its_log_leaves_a_folder_that_no_node_starts_with()
    {
        using var folder = new TemporaryFolder();
        WriteBackup(folder.Path);
        using var disk = FileDisk.OpenFolder(folder.Path);

        Assert.That(Storage.Open(disk, Identity, new(), saltSeed: 8).Kind, Is.EqualTo(OpeningKind.Corrupt));
    }

    private static LogPosition WriteLog(string folder, uint? incarnation)
    {
        using var disk = FileDisk.OpenFolder(folder);
        using var storage = Storage.Open(disk, Identity, new(), saltSeed: 3).Storage!;
        var payload = ConfigurationFormat.ToBytes(Three);
        var record = new LogRecord(new(new(1), new(7)), 1, EntryKind.Configuration, payload.Length);
        var bytes = new byte[record.Size];
        record.Write(bytes, payload);
        storage.Log.Stage(new HardState(new(7), new(2)));
        storage.Log.Stage(bytes, new(1), 1);
        Assert.That(storage.Log.Commit());
        Assert.That(incarnation is null || storage.Log.BeginIncarnation(incarnation.Value));
        return storage.Log.Last;
    }

    private static string WriteBackup(string folder)
    {
        using var disk = FileDisk.OpenFolder(folder);
        using var store = SnapshotStore.Open(disk);
        var position = new LogPosition(new(9), new(7));
        using var writer = store.BeginWrite(new(position, 1, 77, SnapshotMembers.ToBytes(new PlacedConfiguration(new(1), Three), incarnation: 3)));
        writer.Write("state"u8);
        writer.Finish();
        return Path.Combine(folder, SnapshotFile.NameOf(position));
    }
}
