namespace RaftStream.Raft;

/// <summary>What an operator wants changed about the members.</summary>
public enum MemberChangeKind : byte
{
    /// <summary>A new member gets the log, and does not vote yet.</summary>
    Add = 1,

    /// <summary>A learner that has caught up gets a vote.</summary>
    Promote = 2,

    /// <summary>A member leaves.</summary>
    Remove = 3,

    /// <summary>A learner that has caught up takes the vote of a voter, which leaves: one change.</summary>
    Replace = 4,

    /// <summary>A member gets another priority or address.</summary>
    Update = 5,
}

/// <summary>A change of the members, one at a time (dissertation chapter 4).</summary>
public sealed record MemberChange
{
    private MemberChange()
    {
    }

    /// <summary>What is to be done.</summary>
    public MemberChangeKind Kind { get; private init; }

    /// <summary>Whom it is about.</summary>
    public NodeId Id { get; private init; }

    /// <summary>Replace: the learner that takes the vote.</summary>
    public NodeId With { get; private init; }

    /// <summary>Add, and Update where it changes: where its peers dial the member, <c>host:port</c>.</summary>
    public string? Address { get; private init; }

    /// <summary>Add and Update: its priority, 0 to 255; null for the usual one, or for the one it has.</summary>
    public int? Priority { get; private init; }

    /// <summary>
    /// The index of the configuration that the caller looked at: if another one is in force by now, nothing is changed. Null: whichever is.
    /// </summary>
    public LogIndex? Expected { get; init; }

    /// <summary>Adds a learner under an id never used before.</summary>
    public static MemberChange Add(NodeId id, string address, int? priority = null) => new() { Kind = MemberChangeKind.Add, Id = id, Address = address, Priority = priority };

    /// <summary>Gives a learner that has caught up a vote.</summary>
    public static MemberChange Promote(NodeId id) => new() { Kind = MemberChangeKind.Promote, Id = id };

    /// <summary>Removes a voter or learner; the leader itself, too.</summary>
    public static MemberChange Remove(NodeId id) => new() { Kind = MemberChangeKind.Remove, Id = id };

    /// <summary>Removes a voter and gives its vote to a learner that has caught up.</summary>
    public static MemberChange Replace(NodeId id, NodeId with) => new() { Kind = MemberChangeKind.Replace, Id = id, With = with };

    /// <summary>Changes a member's address or priority.</summary>
    public static MemberChange Update(NodeId id, string? address, int? priority) => new() { Kind = MemberChangeKind.Update, Id = id, Address = address, Priority = priority };
}
