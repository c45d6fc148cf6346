namespace RaftStream.Raft.Core;

/// <summary>How far the state machine is, and what its newest durable snapshot holds (dissertation chapter 5).</summary>
/// <remarks>
/// Kept true: the snapshot never passes what is applied, what is applied never passes what is committed, and neither goes back; the log
/// is forgotten only where a snapshot holds it and only as far as it is durable, so that no write under way is cut off at its start.
/// </remarks>
internal sealed class SnapshotProgress(LogShape log, CommitRule commit, PendingWrites writes, Membership membership)
{
    /// <summary>The last entry that the newest snapshot holds.</summary>
    public LogPosition Snapshot { get; private set; }

    /// <summary>The last entry applied.</summary>
    public LogIndex Applied { get; private set; }

    /// <summary>At the start the state is the snapshot's, and what a snapshot holds is committed.</summary>
    public void Recover(LogPosition snapshot)
    {
        Invariant.Check(snapshot == LogPosition.Zero || log.Holds(snapshot), "the recovered log holds its snapshot's last entry");
        commit.BySnapshot(snapshot.Index);
        Installed(snapshot);
    }

    /// <summary>The state machine has applied the log up to an index; a report from before an installation changes nothing.</summary>
    public void AppliedTo(LogIndex index)
    {
        Invariant.Check(index <= commit.Commit, "only what is committed is applied");
        Applied = LogIndex.Max(Applied, index);
    }

    /// <summary>A snapshot of our own state is durable; the log may be forgotten up to <paramref name="compactTo"/>.</summary>
    public void Taken(LogPosition snapshot, LogIndex compactTo)
    {
        // A peer's snapshot may have been installed while this one was written; the log then begins there.
        if (snapshot.Index > Snapshot.Index)
            Snapshot = snapshot;
        Invariant.Check(Snapshot.Index <= Applied && compactTo <= Snapshot.Index, "a snapshot holds what is applied, and compaction stays behind it");
        log.CompactTo(LogIndex.Min(compactTo, writes.Durable));
        membership.Forget(log.Base.Index);
    }

    /// <summary>A peer's snapshot takes the place of log and state.</summary>
    public void Installed(LogPosition snapshot) => (Snapshot, Applied) = (snapshot, snapshot.Index);

    public void CopyTo(SnapshotProgress other) => (other.Snapshot, other.Applied) = (Snapshot, Applied);

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Snapshot);
        fingerprint.Add(Applied.Value);
    }
}
