namespace RaftStream.Raft.Core;

/// <summary>The parts of a core, each of which owns its state and its rules; made together, copied together.</summary>
internal sealed class CoreParts
{
    public CoreParts(CoreOptions options, Configuration configuration, NodeId self, CoreRecovery recovery, ulong seed, Instant now)
    {
        Membership = new(self);
        Commit = new(Log);
        Freshness = new(recovery.Life);
        Election = new(options, Membership, self, seed);
        Leadership = new(options, self, recovery.Disk, Log, Commit, Writes, Membership);
        Follower = new(self, Log, Commit, Writes, Membership, Freshness);
        Forwarded = new(options, self, seed);
        State = new(Log, Commit, Writes, Membership);
        Strangers = new(self, recovery.Disk, Membership, Commit);

        Log.Reset(recovery.Base);
        foreach (var entry in recovery.Entries)
            Log.Append(entry);
        Membership.Recover(recovery.ConfigurationIndex, configuration);
        foreach (var (index, placed) in recovery.Configurations)
            Membership.Append(index, placed);
        Writes.Recover(Log.Last.Index);
        State.Recover(recovery.Snapshot);
        Election.Recover(recovery.HardState, now);
    }

    public LogShape Log { get; } = new();

    public PendingWrites Writes { get; } = new();

    public CommitRule Commit { get; }

    public Membership Membership { get; }

    public Election Election { get; }

    public Leadership Leadership { get; }

    public FollowerLog Follower { get; }

    public ForwardedReads Forwarded { get; }

    public Freshness Freshness { get; }

    public SnapshotProgress State { get; }

    public Strangers Strangers { get; }

    public void CopyTo(CoreParts other)
    {
        Log.CopyTo(other.Log);
        Writes.CopyTo(other.Writes);
        Commit.CopyTo(other.Commit);
        Election.CopyTo(other.Election);
        Membership.CopyTo(other.Membership);
        Leadership.CopyTo(other.Leadership);
        Forwarded.CopyTo(other.Forwarded);
        Freshness.CopyTo(other.Freshness);
        State.CopyTo(other.State);
        other.Follower.IsFull = Follower.IsFull;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        Log.AddTo(ref fingerprint);
        Writes.AddTo(ref fingerprint);
        Commit.AddTo(ref fingerprint);
        Election.AddTo(ref fingerprint, Writes);
        Membership.AddTo(ref fingerprint);
        if (Election.Role == Role.Leader)
            Leadership.AddTo(ref fingerprint);
        Forwarded.AddTo(ref fingerprint);
        State.AddTo(ref fingerprint);
        fingerprint.Add(Follower.IsFull ? 1 : 0);
    }
}
