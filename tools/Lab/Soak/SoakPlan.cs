using RaftStream.Lab.Torture;

namespace RaftStream.Lab.Soak;

/// <summary>What a soak is: the same run again and again, over drivers and sizes of cluster, with seeds that count up.</summary>
internal sealed record SoakPlan
{
    /// <summary>The drivers, all of which can run here.</summary>
    public required IReadOnlyList<string> Drivers { get; init; }

    /// <summary>How many nodes clusters have.</summary>
    public required IReadOnlyList<int> Nodes { get; init; }

    /// <summary>For how long new runs are begun.</summary>
    public required TimeSpan Length { get; init; }

    /// <summary>The clean runs whose folders are kept: the newest.</summary>
    public required int KeepClean { get; init; }

    /// <summary>The runs that were not clean whose folders are kept: the worst, and of those as bad the first.</summary>
    public required int KeepFailed { get; init; }

    /// <summary>How many bytes the folders of all kept runs may have; one that failed is kept whatever it has.</summary>
    public required long KeepBytes { get; init; }

    /// <summary>Each run, but for its driver, nodes and seed: its seed is that of the first one.</summary>
    public required TortureArguments Each { get; init; }
}
