using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;

namespace RaftStream.Lab.Sim;

/// <summary>How a hunt ended: what it covered, null where it is too small for that or did not end, and the run to tell of, if there is one.</summary>
internal sealed record SimEnding(SimHunt Hunt, RequiredCoverage? Coverage, ShrunkRun? Account);

/// <summary>What a hunt prints at its end.</summary>
internal static class SimText
{
    private const int TextLines = 60;
    private const int PageLines = 1000;

    public static void Print(SimEnding ending, bool json)
    {
        if (json)
            PrintJson(ending);
        else
            PrintText(ending);
    }

    /// <summary>Writes the account of a run as a page.</summary>
    public static void WritePage(FileInfo page, ShrunkRun shown, bool isViolation)
    {
        var report = shown.Report;
        if (report.Account is not { } account)
            return;
        var title = report.Violation is { } violation
            ? string.Create(CultureInfo.InvariantCulture, $"Seed {report.Options.Seed} breaks {violation.Invariant} in step {report.Steps}")
            : string.Create(CultureInfo.InvariantCulture, $"Seed {report.Options.Seed}, {report.Steps} steps");
        File.WriteAllText(page.FullName, account.ToHtml(PageLines, title, isViolation ? [report.Violation?.Message ?? "", Replay(report.Options)] : [Replay(report.Options)]));
    }

    /// <summary>The command that repeats a simulation.</summary>
    private static string Replay(SimulationOptions options)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"dotnet run -c Release --project tools/Lab -- sim --seeds {options.Seed}..{options.Seed} --nodes {options.Nodes} --steps {options.Steps}");
        if (options.Profile != FaultProfile.Promised)
            text += $" --profile {options.Profile.ToString().ToLowerInvariant()}";
        if (options.Load != OwnLoad.Store)
            text += $" --workload {options.Load.ToString().ToLowerInvariant()}";
        if (options.Without != SimulationPart.None)
            text += $" --without {SimArguments.Names(options.Without)}";
        if (options.SkipFaults.Count > 0)
            text += $" --skip-faults {NumberRanges.Format(options.SkipFaults)}";
        if (options.SkipActions.Count > 0)
            text += $" --skip-actions {NumberRanges.Format(options.SkipActions)}";
        return text;
    }

    private static void PrintJson(SimEnding ending)
    {
        var hunt = ending.Hunt;
        var state = hunt.State;
        var violation = hunt.Violation;
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                ok = violation is null && state.NextSeed > state.Seeds.Last && ending.Coverage is not { Missing.Count: > 0 },
                valid = ending.Coverage is { } judged ? judged.Missing.Count == 0 : (bool?)null,
                missing = ending.Coverage?.Missing,
                required = ending.Coverage?.Required,
                seeds = state.Seeds.ToString(),
                nodes = state.Nodes,
                stepsPerSeed = state.StepsPerSeed,
                workload = state.Workload,
                cleanSeeds = state.NextSeed - state.Seeds.First,
                steps = state.Steps,
                stepsPerSecond = Math.Round(hunt.StepsPerSecond),
                stepsPerProcessorSecond = Math.Round(hunt.StepsPerProcessorSecond),
                longestHealing = new { leaderMs = hunt.Longest.Leader.TotalMilliseconds, restMs = hunt.Longest.Rest.TotalMilliseconds, elections = hunt.Longest.Elections },
                events = state.Events,
                seedsWith = hunt.SeedsWith,
                violation = violation is null ? null : new
                {
                    seed = violation.Options.Seed,
                    step = violation.Steps,
                    invariant = violation.Violation!.Invariant,
                    message = violation.Violation.Message,
                    lastEvents = violation.LastEvents,
                    replay = Replay(violation.Options),
                    shrunk = ending.Account is not { } shown ? null : new
                    {
                        steps = shown.Report.Steps,
                        runs = shown.Runs,
                        seconds = shown.Time.TotalSeconds,
                        message = shown.Report.Violation?.Message,
                        replay = Replay(shown.Report.Options),
                        account = shown.Report.Account?.ToText(TextLines),
                    },
                },
            },
            LabJson.Options));
    }

    private static void PrintText(SimEnding ending)
    {
        var hunt = ending.Hunt;
        var state = hunt.State;
        foreach (var (what, times) in state.Events)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times,14:N0}  {what}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{state.NextSeed - state.Seeds.First} of {state.Seeds.Count} seeds clean on {state.Nodes} nodes, {state.Steps:N0} steps, {hunt.StepsPerSecond:N0} steps/s, {hunt.StepsPerProcessorSecond:N0} a second of processor time."));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"After healing at the most {hunt.Longest.Leader.TotalSeconds:0.0} s to a leader, {hunt.Longest.Rest.TotalSeconds:0.0} s to rest, {hunt.Longest.Elections} elections, in simulated time."));
        if (hunt.Violation is { } broken)
            PrintViolation(broken, ending.Account!);
        else
            PrintCoverage(ending.Coverage);
    }

    private static void PrintCoverage(RequiredCoverage? coverage)
    {
        if (coverage is null)
        {
            Console.WriteLine($"Too small to judge coverage: that takes {RequiredCoverage.MinSeeds} whole seeds of profile promised.");
            return;
        }

        Console.WriteLine($"{coverage.Required - coverage.Missing.Count} of {coverage.Required} required events happened.");
        foreach (var name in coverage.Missing)
            Console.WriteLine($"Never happened: {name}");
        if (coverage.Missing.Count > 0)
            Console.WriteLine("INVALID: the hunt did not meet what it must meet, so that it found nothing proves nothing.");
    }

    private static void PrintViolation(SimulationReport broken, ShrunkRun shown)
    {
        var report = shown.Report;
        Console.WriteLine();
        if (report.Account is { } account)
            Console.WriteLine(account.ToText(TextLines));
        Console.WriteLine($"Seed {report.Options.Seed} breaks {report.Violation?.Invariant} in step {report.Steps}: {report.Violation?.Message}");
        if (report.Violation?.InnerException is { } inner)
            Console.WriteLine(inner);
        if (shown.Runs > 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Made smaller in {shown.Runs} runs and {shown.Time.TotalSeconds:0.0} s. As it was found, in step {broken.Steps}: {Replay(broken.Options)}"));
        Console.WriteLine($"Replay: {Replay(report.Options)}");
    }
}
