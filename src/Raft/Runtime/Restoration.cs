using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Makes the data folder of one member of a new cluster out of a backup: the backup's state, a later incarnation of the cluster, and the
/// members given. Done for each member with the same backup and the same list, they form that cluster once all of them are up.
/// </summary>
/// <remarks>
/// [safety] A backup forgets what came after it, so nodes and clients that saw that must not meet the restored cluster: the handshake refuses
/// another incarnation. The data folders of the members are not known yet, so the cluster forms anew, by the votes of all
/// (see <see cref="Membership.IsFormed"/>): no majority can form it without hearing of the rest.
/// </remarks>
internal static class Restoration
{
    /// <summary>Restores into an empty folder and returns the incarnation.</summary>
    /// <param name="backup">A backup; every byte is read before anything is written.</param>
    /// <param name="folder">The folder; made if missing.</param>
    /// <param name="identity">Which cluster, and which of the members.</param>
    /// <param name="members">All members and their addresses.</param>
    /// <param name="incarnation">Above the backup's; null for the one after it.</param>
    /// <param name="seed">A random number.</param>
    /// <exception cref="ReplicaException">The folder is not empty, or the backup is damaged: nothing was written.</exception>
    /// <exception cref="IOException">The folder cannot be written: empty it before the next attempt.</exception>
    public static uint Run(BackupFile backup, string folder, LogIdentity identity, IEnumerable<Member> members, uint? incarnation, ulong seed)
    {
        var next = incarnation ?? backup.Incarnation + 1;
        if (next <= backup.Incarnation)
            throw new ReplicaException($"The incarnation {next} is not above the backup's: give at least {backup.Incarnation + 1}, or leave it out.");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(static path => Path.GetFileName(path) != FileDisk.LockName))
            throw new ReplicaException($"The folder '{folder}' is not empty: restore into an empty one.");
        backup.Verify();
        using var disk = FileDisk.OpenFolder(folder);

        // First the snapshot, then the log. A crash before its rename leaves a part, which nobody takes for anything, and a crash behind it a
        // snapshot without a log, which no node starts with. In the other order it would leave an empty log that could vote.
        var snapshot = Copy(backup, disk, new Configuration(members, backup.Members.Highest), next);

        // Then the whole of the log at once: one segment, which says what is behind it, in one rename. [safety] Its term is the snapshot's: from an
        // earlier one, an election could win a term that is below that of entries in the snapshot. Nobody voted in it in this incarnation.
        var description = snapshot.Description;
        var start = new Checkpoint(
            new(snapshot.Position.Term, NodeId.None), snapshot.Position, description.Time, FirstBatch: 1, IsReset: true, LogBirth.New(seed, next));
        using var builder = new SegmentBuilder(disk, identity, seed);
        using var segment = builder.TryActivate(1, new LogOptions().FirstSegmentSize, start)
            ?? throw new DiskFullException($"There is no room for the log in '{folder}': empty it, make room and restore again.");
        return next;
    }

    /// <summary>The list and the chunks as they are, and a manifest with the new members: the same bytes for each of them.</summary>
    private static SnapshotManifest Copy(BackupFile backup, FileDisk disk, Configuration members, uint incarnation)
    {
        var position = backup.Manifest.Position;
        var placed = SnapshotMembers.ToBytes(new PlacedConfiguration(position.Index, members), incarnation);
        var manifest = backup.Manifest with { Description = backup.Manifest.Description with { Members = placed } };
        using var store = SnapshotStore.Open(disk);
        var receiver = store.BeginReceive(position);
        var buffer = Array.Empty<byte>();
        var outcome = receiver.Accept(0, manifest.ToBytes());
        while (outcome == PieceOutcome.Taken)
            outcome = receiver.IsLooking ? receiver.Look() : receiver.Accept(receiver.NextPiece, backup.ReadPiece(receiver.NextPiece, ref buffer));
        Invariant.Check(outcome == PieceOutcome.Finished, "pieces that were verified are taken");
        if (!store.PublishReceived())
            throw new DiskFullException("There is no room for the snapshot's name: empty the folder, make room and restore again.");
        return manifest;
    }
}
