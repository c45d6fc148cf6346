using System.CommandLine;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Sim;

/// <summary><c>raftstream-lab sim</c>: simulates seeds and stops at the first broken promise, which it makes small and tells as a story.</summary>
internal static class SimCommand
{
    private const int ShrinkRuns = 300;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShrinkTime = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var seeds = new Option<string>("--seeds") { Description = "The seeds to simulate: A..B, both included, or one.", Required = true };
        var nodes = new Option<int>("--nodes") { Description = "Nodes in the cluster: 2, 3 or 5.", DefaultValueFactory = static _ => 3 };
        var steps = new Option<int>("--steps") { Description = "Steps under faults for each seed, at least 10000; a single seed may have fewer.", DefaultValueFactory = static _ => 10_000 };
        var profile = new Option<string>("--profile") { Description = "Which faults: promised (no seed may break a promise), beyond (clocks further off than leases allow: violations are shown), or cuts (only bridges and one-way cuts: terms may not grow).", DefaultValueFactory = static _ => "promised" };
        var workload = new Option<string>("--workload") { Description = "What runs on the clusters: store (the counting store and all kinds of clients), or jobs (a stream job drawn from each seed, compared with a plain evaluation).", DefaultValueFactory = static _ => "store" };
        var resume = new Option<FileInfo?>("--resume") { Description = "Keeps the progress in this file, and goes on from it if it is there." };
        var jobs = new Option<int>("--jobs") { Description = "Simulations at a time.", DefaultValueFactory = static _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object at the end instead of text." };
        var noShrink = new Option<bool>("--no-shrink") { Description = "Shows a failing seed as it is, without making it smaller first." };
        var twice = new Option<bool>("--twice") { Description = "Runs every seed twice and requires the same trace." };
        var html = new Option<FileInfo?>("--html") { Description = "Writes the account of a failing seed, or of a single one, to this file as a page with a sequence diagram." };
        var without = new Option<string>("--without") { Description = "Leaves parts out: faults such as Crash,Pause, load such as Sessions,Readers, the operator's Changes,Transfers.", DefaultValueFactory = static _ => "" };
        var skipFaults = new Option<string>("--skip-faults") { Description = "Leaves single faults out, by number: 3,7 or 1-20.", DefaultValueFactory = static _ => "" };
        var skipActions = new Option<string>("--skip-actions") { Description = "Leaves single actions of the operator out, by number.", DefaultValueFactory = static _ => "" };
        var command = new Command("sim", "Simulates whole clusters under faults, one for each seed, and checks every promise after every event.")
        {
            seeds, nodes, steps, profile, workload, resume, jobs, json, noShrink, twice, html, without, skipFaults, skipActions,
        };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(
            new()
            {
                Seeds = parsed.GetRequiredValue(seeds),
                Nodes = parsed.GetValue(nodes),
                Steps = parsed.GetValue(steps),
                Profile = parsed.GetRequiredValue(profile),
                Workload = parsed.GetRequiredValue(workload),
                Resume = parsed.GetValue(resume),
                Jobs = parsed.GetValue(jobs),
                Json = parsed.GetValue(json),
                NoShrink = parsed.GetValue(noShrink),
                Twice = parsed.GetValue(twice),
                Html = parsed.GetValue(html),
                Without = parsed.GetRequiredValue(without),
                SkipFaults = parsed.GetRequiredValue(skipFaults),
                SkipActions = parsed.GetRequiredValue(skipActions),
            },
            cancellation)));
        return command;
    }

    private static int Run(SimArguments arguments, CancellationToken cancellation)
    {
        if (arguments.Problem(out var range, out var options) is { } problem)
            return Refuse(problem);
        var start = new HuntState(range, arguments.Nodes, arguments.Steps, arguments.Workload, range.First, 0, new(StringComparer.Ordinal));
        if (arguments.Resume is { Exists: true } file && !ResumeFile.TryRead(file, start, out start, out var damage))
            return Refuse(damage);
        var hunt = new SimHunt(start, options, arguments.Jobs, arguments.Twice);
        using var done = new ManualResetEventSlim();
        var reporter = new Thread(() => Report(hunt, arguments, done)) { IsBackground = true, Name = "progress" };
        reporter.Start();
        hunt.Run(cancellation);
        done.Set();
        reporter.Join();
        var isDone = hunt.Violation is null && hunt.State.NextSeed > range.Last;
        var ending = new SimEnding(hunt, isDone && arguments.IsWhole ? RequiredCoverage.Judge(hunt.State.Events, range.Count, arguments.Nodes, options.Load) : null, Account(hunt, options, range, arguments));
        if (arguments.Html is { } page && ending.Account is { } account)
            SimText.WritePage(page, account, hunt.Violation is not null);
        SimText.Print(ending, arguments.Json);
        return hunt.Violation is not null ? ExitCodes.Violation
            : !isDone || ending.Coverage?.Missing.Count > 0 ? ExitCodes.Undecided : ExitCodes.Fine;
    }

    /// <summary>The failing run, made smaller and run once more with everything kept for a reader; without one, a single seed for which a page was asked.</summary>
    private static ShrunkRun? Account(SimHunt hunt, SimulationOptions options, SeedRange range, SimArguments arguments)
    {
        if (hunt.Violation is not { } failing)
            return arguments.Html is not null && range.Count == 1 ? new(Simulation.Run(options with { Record = true }), 0, TimeSpan.Zero) : null;
        var isRepeatable = failing.Violation!.Invariant != SimHunt.Repeatable;
        var shrunk = arguments.NoShrink || !isRepeatable ? new(failing, 0, TimeSpan.Zero) : Shrinker.Shrink(failing, ShrinkRuns, ShrinkTime);
        return shrunk with { Report = isRepeatable ? Simulation.Run(shrunk.Report.Options with { Record = true }) : failing };
    }

    /// <summary>Says how far it is and keeps it in the file, now and then and at the end.</summary>
    private static void Report(SimHunt hunt, SimArguments arguments, ManualResetEventSlim done)
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
}
