namespace RaftStream.Testing;

/// <summary>What a run of the fault lab is.</summary>
internal sealed record TortureOptions
{
    /// <summary>How many nodes form the cluster.</summary>
    public required int Nodes { get; init; }

    /// <summary>How long clients work and nemeses strike.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>What everything is drawn from. The same seed draws the same operations and faults; when they fall together, real time decides.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The folder of the run.</summary>
    public required string Folder { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The nemeses by name; empty for all that can be made.</summary>
    public IReadOnlyList<string> Nemeses { get; init; } = [];

    /// <summary>Whether a run in which one of the nemeses never struck proves too little; else it is one of many, which have them all between them.</summary>
    public bool MustStrikeAll { get; init; } = true;

    /// <summary>Whether nothing is broken.</summary>
    public bool IsCalm { get; init; }

    /// <summary>The load.</summary>
    public required LoadOptions Load { get; init; }

    /// <summary>Whether the nodes' disks and clocks obey <see cref="NodeFaults"/>.</summary>
    public bool HasFaultyNodes { get; init; }
}
