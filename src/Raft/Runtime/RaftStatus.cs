namespace RaftStream.Raft;

/// <summary>Where a replica stands, as of its last turn.</summary>
public sealed record RaftStatus
{
    /// <summary>This node.</summary>
    public required NodeId Id { get; init; }

    /// <summary>What it does.</summary>
    public required Role Role { get; init; }

    /// <summary>Its term.</summary>
    public required Term Term { get; init; }

    /// <summary>Who leads, as far as this node knows, or <see cref="NodeId.None"/>.</summary>
    public required NodeId Leader { get; init; }

    /// <summary>Whether this node leads and has applied the entry that opened its term: only then may a source reader start.</summary>
    public required bool IsReady { get; init; }

    /// <summary>The last entry in its log.</summary>
    public required LogPosition Last { get; init; }

    /// <summary>Up to where the log is known to be committed.</summary>
    public required LogIndex Commit { get; init; }

    /// <summary>Up to where the state machine has applied it.</summary>
    public required LogIndex Applied { get; init; }

    /// <summary>The state machine's hash at <see cref="Applied"/>.</summary>
    public required ulong StateHash { get; init; }

    /// <summary>The newest snapshot on disk.</summary>
    public required LogIndex Snapshot { get; init; }

    /// <summary>The members that this node acts on, smallest id first.</summary>
    public required IReadOnlyList<MemberStatus> Members { get; init; }

    /// <summary>The index of the entry that named them: what a change compares with.</summary>
    public required LogIndex MembersIndex { get; init; }

    /// <summary>Whether voters are changing: two sets of them count at once.</summary>
    public required bool IsJoint { get; init; }

    /// <summary>To whom this leader is handing leadership over, or <see cref="NodeId.None"/>.</summary>
    public required NodeId TransferTarget { get; init; }

    /// <summary>Whether the disk has no room for more log: no writes until space returns.</summary>
    public required bool IsStorageFull { get; init; }

    /// <summary>
    /// Which life of the cluster this node's data belongs to: 0 at first, one more after each restoration or reset, which forget a part of the past.
    /// </summary>
    public required uint Incarnation { get; init; }

    /// <summary>Syncs of the log since the start.</summary>
    public required long Syncs { get; init; }

    /// <summary>What stopped this replica, in one sentence, or null while it is healthy.</summary>
    public required string? Fault { get; init; }
}

/// <summary>What a member does for the decisions of the cluster.</summary>
public enum MemberRole : byte
{
    /// <summary>Gets the log, does not vote.</summary>
    Learner = 0,

    /// <summary>Votes.</summary>
    Voter = 1,

    /// <summary>Gets a vote once the change under way is done; votes with the new set already.</summary>
    Joining = 2,

    /// <summary>Loses its vote once the change under way is done; votes with the old set still.</summary>
    Leaving = 3,
}

/// <summary>A member, and what the leader knows of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Address">Where its peers dial it.</param>
/// <param name="Role">What it does.</param>
/// <param name="Priority">Who of those that could lead should: the larger, the rather.</param>
/// <param name="IsHeard">At the leader: whether it was heard within an election timeout; elsewhere, whether it is the leader or this node.</param>
/// <param name="Match">At the leader: its disk holds the log up to here; elsewhere zero.</param>
/// <param name="BytesBehind">At the leader: payload bytes that it lacks of what the leader still holds; elsewhere -1.</param>
/// <param name="BytesPerSecond">At the leader: how fast a learner takes entries in; else 0.</param>
public sealed record MemberStatus(NodeId Id, string Address, MemberRole Role, int Priority, bool IsHeard, LogIndex Match, long BytesBehind, long BytesPerSecond);
