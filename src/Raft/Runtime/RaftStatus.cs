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

    /// <summary>Syncs of the log since the start.</summary>
    public required long Syncs { get; init; }

    /// <summary>What stopped this replica, in one sentence, or null while it is healthy.</summary>
    public required string? Fault { get; init; }
}
