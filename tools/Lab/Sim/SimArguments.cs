using RaftStream.Testing;

namespace RaftStream.Lab.Sim;

/// <summary>What <c>raftstream-lab sim</c> was asked for.</summary>
internal sealed record SimArguments
{
    private const int MinSteps = 10_000;

    public required string Seeds { get; init; }

    public required int Nodes { get; init; }

    public required int Steps { get; init; }

    public required string Profile { get; init; }

    /// <summary>What runs on the clusters: the counting store, or stream jobs.</summary>
    public string Workload { get; init; } = "store";

    public FileInfo? Resume { get; init; }

    public required int Jobs { get; init; }

    public bool Json { get; init; }

    public bool NoShrink { get; init; }

    public bool Twice { get; init; }

    public FileInfo? Html { get; init; }

    public string Without { get; init; } = "";

    public string SkipFaults { get; init; } = "";

    public string SkipActions { get; init; } = "";

    /// <summary>Whether the runs are whole ones, so that their coverage means something.</summary>
    public bool IsWhole => Without.Length == 0 && SkipFaults.Length == 0 && SkipActions.Length == 0 && Steps >= MinSteps && Profile == "promised";

    /// <summary>The options of a parts list, as <c>--without</c> takes it.</summary>
    public static string Names(SimulationPart parts) => string.Join(',', Enum.GetValues<SimulationPart>().Where(part => part != SimulationPart.None && parts.HasFlag(part)).Select(static part => part.ToString()));

    /// <summary>What is wrong with the arguments, in one sentence; null and what they mean if nothing is.</summary>
    public string? Problem(out SeedRange range, out SimulationOptions options)
    {
        options = new() { Seed = 0 };
        if (!SeedRange.TryParse(Seeds, out range))
            return $"--seeds {Seeds} is no range of seeds: write it as 1..2000, or as one number.";
        if (Nodes is not (2 or 3 or 5))
            return $"--nodes {Nodes} is not simulated: give 2, 3 or 5.";
        if (Profile is not ("promised" or "beyond" or "cuts"))
            return $"--profile {Profile} is unknown: give promised, beyond or cuts.";
        if (Workload is not ("store" or "jobs"))
            return $"--workload {Workload} is unknown: give store or jobs.";
        if (Steps < 1 || (Steps < MinSteps && range.Count > 1))
            return $"--steps {Steps} is too short for faults to meet: give at least {MinSteps}, or one seed.";
        if (Jobs is < 1 or > 256)
            return $"--jobs {Jobs} is out of range: give 1 to 256.";
        var without = SimulationPart.None;
        foreach (var name in Without.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!char.IsLetter(name[0]) || !Enum.TryParse<SimulationPart>(name, ignoreCase: true, out var part))
                return $"--without {name} is no part of a simulation: give some of {Names((SimulationPart)(-1))}.";
            without |= part;
        }

        if (!NumberRanges.TryParse(SkipFaults, out var faults))
            return $"--skip-faults {SkipFaults} are no numbers: write them as 3,7 or 1-20.";
        if (!NumberRanges.TryParse(SkipActions, out var actions))
            return $"--skip-actions {SkipActions} are no numbers: write them as 3,7 or 1-20.";
        options = new()
        {
            Seed = range.First,
            Nodes = Nodes,
            Steps = Steps,
            Profile = Enum.Parse<FaultProfile>(Profile, ignoreCase: true),
            Load = Enum.Parse<OwnLoad>(Workload, ignoreCase: true),
            Without = without,
            SkipFaults = faults,
            SkipActions = actions,
        };
        return null;
    }
}
