namespace RaftStream.Raft.Log;

/// <summary>The outcome of opening a replica's storage: either the storage or the problem.</summary>
/// <param name="Storage">Log and snapshots, where they are open; the caller owns it.</param>
/// <param name="Problem">Why they are not, else null.</param>
/// <param name="Facts">What the log's recovery found.</param>
/// <param name="LogWasReset">Whether the log was reset to the newest snapshot, because it did not lead up to it.</param>
/// <param name="SnapshotDamage">A damaged snapshot that could be done without, in words, or null.</param>
internal sealed record StorageOpening(Storage? Storage, OpeningProblem? Problem, RecoveryFacts Facts, bool LogWasReset, string? SnapshotDamage)
{
    /// <summary>How it ended.</summary>
    public OpeningKind Kind => Problem?.Kind ?? OpeningKind.Opened;
}

/// <summary>What became of an installation.</summary>
internal enum InstallOutcome
{
    /// <summary>The log leads up to the newest snapshot, or begins behind it: nothing was to be done.</summary>
    Kept,

    /// <summary>The log goes on from the newest snapshot.</summary>
    Reset,

    /// <summary>The disk has no room for it. Nothing is lost: ask again when there may be some.</summary>
    NoRoom,
}

/// <summary>
/// Log and snapshots of one replica, which together are its whole past: every entry up to the newest snapshot is in it, and the log
/// reaches back to it. Owned by the disk agent.
/// </summary>
/// <remarks>
/// The order of an installation: first the snapshot is durable under its name, then the log is reset to it. In this order a crash in
/// between leaves a snapshot ahead of the log, or one whose term the log contradicts, which is recognised at the next start and
/// finished there. In the other order it would leave a log that begins behind nothing. The entries a reset throws away are either in the
/// snapshot, or follow an entry that contradicts a committed one and therefore were never committed (log matching, dissertation 3.5).
/// </remarks>
internal sealed class Storage : IDisposable
{
    private Storage(SegmentedLog log, SnapshotStore snapshots)
    {
        Log = log;
        Snapshots = snapshots;
    }

    /// <summary>The log.</summary>
    public SegmentedLog Log { get; }

    /// <summary>The snapshots.</summary>
    public SnapshotStore Snapshots { get; }

    /// <summary>Opens the storage of a folder, or begins one in that incarnation of the cluster, and finishes an installation that a crash interrupted.</summary>
    /// <exception cref="IOException">The medium failed. Damaged bytes are no exception but a typed result.</exception>
    public static StorageOpening Open(IDisk disk, LogIdentity identity, LogOptions options, ulong saltSeed, uint incarnation = 0)
    {
        var snapshots = SnapshotStore.Open(disk, options.Chunks);
        if (snapshots.Refused is { } refused)
            return new(null, refused, default, false, snapshots.Damage);
        if ((snapshots.Newest is not null || snapshots.Damage is not null) && !HasSegment(disk))
        {
            var sentence = $"The data folder holds a snapshot but no log, and with it the vote of node {identity.Node} is lost: {OpeningProblem.WayBack(identity.Node)}";
            return new(null, new(OpeningKind.Corrupt, sentence), default, false, snapshots.Damage);
        }

        var opening = SegmentedLog.Open(disk, identity, options, saltSeed, incarnation);
        if (opening.Log is not { } log)
            return new(null, opening.Problem, opening.Facts, false, snapshots.Damage);
        var storage = new Storage(log, snapshots);
        var kept = false;
        try
        {
            if (storage.FindGap(identity.Node) is { } gap)
                return new(null, gap, opening.Facts, false, snapshots.Damage);
            var outcome = storage.Install();
            if (outcome == InstallOutcome.NoRoom)
                throw new DiskFullException("There is no room to begin the log behind the newest snapshot: make room in the data folder and start the node again, nothing is lost.");
            log.RemoveLeftovers();
            snapshots.RemoveDamaged();
            kept = true;
            return new(storage, null, opening.Facts, outcome == InstallOutcome.Reset, snapshots.Damage);
        }
        finally
        {
            if (!kept)
                storage.Dispose();
        }
    }

    /// <summary>
    /// Makes the log go on from the newest snapshot: one just received whole becomes it. Where the log holds the snapshot's last entry
    /// nothing happens, else the log is reset behind it. Nothing may be staged.
    /// </summary>
    public InstallOutcome Install()
    {
        if (!Snapshots.PublishReceived())
            return InstallOutcome.NoRoom;
        if (Snapshots.Newest is not { } newest || newest.Position.Index < Log.Base.Index || Log.TermAt(newest.Position.Index) == newest.Position.Term)
            return InstallOutcome.Kept;
        return Log.Reset(newest.Position, newest.Description.Time) ? InstallOutcome.Reset : InstallOutcome.NoRoom;
    }

    /// <summary>Drops the part of the log that even the older of the two snapshots covers; nothing while there is only one.</summary>
    public void Compact()
    {
        if (Snapshots.Held.Count > 1)
            Log.CompactTo(Snapshots.Held[0].Index);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Log.Dispose();
        Snapshots.Dispose();
    }

    // Entries between the newest snapshot and the log's base would be missing; nobody but another replica has them.
    private OpeningProblem? FindGap(NodeId node)
    {
        var reached = Snapshots.Newest?.Position ?? LogPosition.Zero;
        if (Log.Base.Index < reached.Index || Log.Base == reached)
            return null;
        var damage = Snapshots.Damage is { } found ? $" ({found})" : "";
        return new(
            OpeningKind.Corrupt,
            $"The log begins behind entry {Log.Base} with '{Segment.NameOf(Log.FirstSegment)}' and the newest readable snapshot stands at {reached}{damage}: put '{Segment.NameOf(Log.FirstSegment - 1)}' back if you have it; else entries in between are lost, and {OpeningProblem.WayBack(node)}");
    }

    private static bool HasSegment(IDisk disk)
    {
        foreach (var name in disk.List())
        {
            if (Segment.TryParse(name, out _))
                return true;
        }

        return false;
    }
}
