namespace RaftStream.Raft;

/// <summary>What must hold a write before it is answered.</summary>
public enum WriteConcern : byte
{
    /// <summary>A quorum's disks, and it is executed: <see cref="Outcome.Applied"/>. Never lost. The default.</summary>
    Quorum = 0,

    /// <summary>
    /// The leader's disk: <see cref="Outcome.Provisional"/>, with its position in the log and without a reply, since nothing was executed. It may be lost with the
    /// leader. The answer is no token for a session's reads: what it stands for may never be.
    /// </summary>
    Leader = 1,

    /// <summary>
    /// This node's disk, whoever leads and whether or not it hears anybody: <see cref="Outcome.Accepted"/>. It goes into the log as soon as that can be, at most once, and exactly
    /// once if the disk survives. Only for commands that commute (<see cref="ICommutingMachine"/>), since nobody knows behind what it will stand.
    /// </summary>
    Available = 2,
}
