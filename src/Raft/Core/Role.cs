namespace RaftStream.Raft;

/// <summary>What a replica is doing for the cluster at a moment.</summary>
public enum Role : byte
{
    /// <summary>Follows a leader, or waits for one.</summary>
    Follower = 0,

    /// <summary>Asks whether it could win an election, without disturbing anyone (dissertation 9.6).</summary>
    PreCandidate = 1,

    /// <summary>Stands for election.</summary>
    Candidate = 2,

    /// <summary>Leads its term.</summary>
    Leader = 3,
}
