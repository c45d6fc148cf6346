using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;

namespace RaftStream.Lab.Sim;

/// <summary>What a hunt prints at its end.</summary>
internal static class SimText
{
    public static void Print(SimHunt hunt, bool json)
    {
        if (json)
            PrintJson(hunt);
        else
            PrintText(hunt);
    }

    private static string ProfileOf(SimulationReport report) =>
        report.Options.Profile == FaultProfile.Promised ? "" : $" --profile {report.Options.Profile.ToString().ToLowerInvariant()}";

    /// <summary>The command that repeats a simulation.</summary>
    private static string Replay(HuntState state, ulong seed, string profile) => string.Create(
        CultureInfo.InvariantCulture, $"dotnet run -c Release --project tools/Lab -- sim --seeds {seed}..{seed} --nodes {state.Nodes} --steps {state.StepsPerSeed}{profile}");

    private static void PrintJson(SimHunt hunt)
    {
        var state = hunt.State;
        var violation = hunt.Violation;
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                ok = violation is null && state.NextSeed > state.Seeds.Last,
                seeds = state.Seeds.ToString(),
                nodes = state.Nodes,
                stepsPerSeed = state.StepsPerSeed,
                cleanSeeds = state.NextSeed - state.Seeds.First,
                steps = state.Steps,
                stepsPerSecond = Math.Round(hunt.StepsPerSecond),
                events = state.Events,
                violation = violation is null ? null : new
                {
                    seed = violation.Options.Seed,
                    step = violation.Steps,
                    invariant = violation.Violation!.Invariant,
                    message = violation.Violation.Message,
                    lastEvents = violation.LastEvents,
                    replay = Replay(state, violation.Options.Seed, ProfileOf(violation)),
                },
            },
            LabJson.Options));
    }

    private static void PrintText(SimHunt hunt)
    {
        var state = hunt.State;
        foreach (var (what, times) in state.Events)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times,14:N0}  {what}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{state.NextSeed - state.Seeds.First} of {state.Seeds.Count} seeds clean on {state.Nodes} nodes, {state.Steps:N0} steps, {hunt.StepsPerSecond:N0} steps/s."));
        if (hunt.Violation is not { } report)
            return;
        Console.WriteLine();
        foreach (var line in report.LastEvents)
            Console.WriteLine(line);
        Console.WriteLine($"Seed {report.Options.Seed} breaks {report.Violation!.Invariant} in step {report.Steps}: {report.Violation.Message}");
        if (report.Violation.InnerException is { } inner)
            Console.WriteLine(inner);
        Console.WriteLine($"Replay: {Replay(state, report.Options.Seed, ProfileOf(report))}");
    }
}
