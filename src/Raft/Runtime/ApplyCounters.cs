namespace RaftStream.Raft.Runtime;

/// <summary>What the apply agent has done since the start of its replica. Written by its thread.</summary>
internal sealed class ApplyCounters
{
    /// <summary>Commands and session entries applied.</summary>
    public Tally Commands { get; } = new();

    /// <summary>States captured at a snapshot point.</summary>
    public Tally Captures { get; } = new();

    /// <summary>Snapshot points passed by because the last state was still being saved.</summary>
    public Tally CapturesSkipped { get; } = new();
}
