using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>What the consensus agent asks of the apply agent.</summary>
internal enum ApplyWorkKind : byte
{
    /// <summary>Apply committed entries.</summary>
    Entries = 0,

    /// <summary>Answer a query.</summary>
    Query = 1,

    /// <summary>Replace the state by a snapshot's.</summary>
    Restore = 2,
}

/// <summary>One piece of work for the state machine; which fields count depends on the kind.</summary>
internal readonly record struct ApplyWork
{
    public required ApplyWorkKind Kind { get; init; }

    /// <summary>Entries: what to apply; rented, given back by the apply agent.</summary>
    public EntryRun? Run { get; init; }

    /// <summary>Query: who asks.</summary>
    public ClientRequest? Request { get; init; }

    /// <summary>Restore: the snapshot.</summary>
    public SnapshotReader? Snapshot { get; init; }
}

/// <summary>What the apply agent answers.</summary>
internal readonly record struct ApplyDone
{
    /// <summary>The last entry applied.</summary>
    public required LogPosition Applied { get; init; }

    /// <summary>The state's hash there.</summary>
    public required ulong StateHash { get; init; }

    /// <summary>A state to save as a snapshot, if it is time for one.</summary>
    public CapturedState? Captured { get; init; }
}
