using System.CommandLine;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Sim;

/// <summary><c>raftstream-lab sim</c>: simulates seeds and stops at the first broken promise.</summary>
internal static class SimCommand
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var seeds = new Option<string>("--seeds") { Description = "The seeds to simulate: A..B, both included, or one.", Required = true };
        var nodes = new Option<int>("--nodes") { Description = "Nodes in the cluster: 3 or 5.", DefaultValueFactory = static _ => 3 };
        var steps = new Option<int>("--steps") { Description = "Steps under faults for each seed, at least 10000.", DefaultValueFactory = static _ => 10_000 };
        var profile = new Option<string>("--profile") { Description = "Which faults: promised (no seed may break a promise), beyond (clocks further off than leases allow: violations are shown), or cuts (only bridges and one-way cuts: terms may not grow).", DefaultValueFactory = static _ => "promised" };
        var resume = new Option<FileInfo?>("--resume") { Description = "Keeps the progress in this file, and goes on from it if it is there." };
        var jobs = new Option<int>("--jobs") { Description = "Simulations at a time.", DefaultValueFactory = static _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object at the end instead of text." };
        var command = new Command("sim", "Simulates whole clusters under faults, one for each seed, and checks every promise after every event.") { seeds, nodes, steps, profile, resume, jobs, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(
            new(parsed.GetRequiredValue(seeds), parsed.GetValue(nodes), parsed.GetValue(steps), parsed.GetRequiredValue(profile), parsed.GetValue(resume), parsed.GetValue(jobs), parsed.GetValue(json)), cancellation)));
        return command;
    }

    private static int Run(Arguments arguments, CancellationToken cancellation)
    {
        if (arguments.Problem(out var range) is { } problem)
            return Refuse(problem);
        var start = new HuntState(range, arguments.Nodes, arguments.Steps, range.First, 0, new(StringComparer.Ordinal));
        if (arguments.Resume is { Exists: true } file && !ResumeFile.TryRead(file, start, out start, out var damage))
            return Refuse(damage);
        var hunt = new SimHunt(start, Enum.Parse<FaultProfile>(arguments.Profile, ignoreCase: true), arguments.Jobs);
        using var done = new ManualResetEventSlim();
        var reporter = new Thread(() => Report(hunt, arguments, done)) { IsBackground = true, Name = "progress" };
        reporter.Start();
        hunt.Run(cancellation);
        done.Set();
        reporter.Join();
        SimText.Print(hunt, arguments.Json);
        return hunt.Violation is not null ? ExitCodes.Violation
            : hunt.State.NextSeed <= range.Last ? ExitCodes.Undecided : ExitCodes.Fine;
    }

    /// <summary>Says how far it is and keeps it in the file, now and then and at the end.</summary>
    private static void Report(SimHunt hunt, Arguments arguments, ManualResetEventSlim done)
    {
        bool isOver;
        do
        {
            isOver = done.Wait(ReportEvery);
            var state = hunt.State;
            if (!arguments.Json && !isOver)
                Console.WriteLine($"{state.NextSeed - state.Seeds.First} of {state.Seeds.Count} seeds clean, {hunt.StepsPerSecond:N0} steps/s");
            if (arguments.Resume is { } file)
                ResumeFile.Write(file, state);
        }
        while (!isOver);
    }

    private static int Refuse(string problem)
    {
        Console.Error.WriteLine(problem);
        return ExitCodes.BadUsage;
    }

    private sealed record Arguments(string Seeds, int Nodes, int Steps, string Profile, FileInfo? Resume, int Jobs, bool Json)
    {
        public string? Problem(out SeedRange range)
        {
            if (!SeedRange.TryParse(Seeds, out range))
                return $"--seeds {Seeds} is no range of seeds: write it as 1..2000, or as one number.";
            if (Nodes is not (3 or 5))
                return $"--nodes {Nodes} is not simulated: give 3 or 5.";
            if (Profile is not ("promised" or "beyond" or "cuts"))
                return $"--profile {Profile} is unknown: give promised, beyond or cuts.";
            if (Steps < 10_000)
                return $"--steps {Steps} is too short for faults to meet: give at least 10000.";
            return Jobs is < 1 or > 256 ? $"--jobs {Jobs} is out of range: give 1 to 256." : null;
        }
    }
}
