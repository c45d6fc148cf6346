namespace RaftStream.Raft.Core;

/// <summary>A configuration and where its entry stands; zero for the one that a cluster begins with.</summary>
internal readonly record struct PlacedConfiguration(LogIndex Index, Configuration Configuration);

/// <summary>What a core starts from: all of it is on disk.</summary>
internal sealed record CoreRecovery(HardState HardState, LogPosition Base, LogPosition Snapshot, IEnumerable<EntryShape> Entries)
{
    /// <summary>A node that has never run.</summary>
    public static CoreRecovery Empty { get; } = new(default, LogPosition.Zero, LogPosition.Zero, []);

    /// <summary>The index of the configuration that is in force at the snapshot.</summary>
    public LogIndex ConfigurationIndex { get; init; }

    /// <summary>The configurations behind it in the log, in order.</summary>
    public IReadOnlyList<PlacedConfiguration> Configurations { get; init; } = [];

    /// <summary>The random number of the data folder, made with it and never zero.</summary>
    public ulong Disk { get; init; } = 1;

    /// <summary>A random number of this life of the process.</summary>
    public ulong Life { get; init; } = 1;
}
