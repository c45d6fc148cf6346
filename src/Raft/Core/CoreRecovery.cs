namespace RaftStream.Raft.Core;

/// <summary>What a core starts from: all of it is on disk.</summary>
internal sealed record CoreRecovery(HardState HardState, LogPosition Base, LogPosition Snapshot, IEnumerable<EntryShape> Entries)
{
    /// <summary>A node that has never run.</summary>
    public static CoreRecovery Empty { get; } = new(default, LogPosition.Zero, LogPosition.Zero, []);
}
