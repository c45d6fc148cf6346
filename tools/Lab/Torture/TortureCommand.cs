using System.CommandLine;
using System.Globalization;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Torture;

/// <summary><c>raftstream-lab torture</c>: clients work on a real cluster while it is broken in every way, and what they saw is judged.</summary>
internal static class TortureCommand
{
    private const int MaxSeconds = 24 * 3600;
    private const int MaxClients = 1_000;
    private const int MaxRate = 20_000;

    public static Command Create()
    {
        var driver = new Option<string>("--driver") { Description = "Where the nodes run: process, namespace (Linux, root) or container (Docker).", DefaultValueFactory = static _ => "process" };
        var system = new Option<string>("--system") { Description = "What is tortured: raftstream, redis or etcd (Debian's packages).", DefaultValueFactory = static _ => "raftstream" };
        var nodes = new Option<int>("--nodes") { Description = "Nodes that form the cluster: 3 or 5; for redis 2 as well.", DefaultValueFactory = static _ => 3 };
        var workload = new Option<string>("--workload") { Description = $"all, or names with commas between: {string.Join(", ", LoadCatalog.Names)}.", DefaultValueFactory = static _ => "all" };
        var nemesis = new Option<string>("--nemesis") { Description = "all, none, or names with commas between.", DefaultValueFactory = static _ => "all" };
        var time = new Option<double>("--time") { Description = "Seconds under faults.", DefaultValueFactory = static _ => 60 };
        var clients = new Option<int>("--clients") { Description = "Clients, each with one operation at a time.", DefaultValueFactory = static _ => 20 };
        var rate = new Option<double>("--rate") { Description = "Operations a second, of all clients together.", DefaultValueFactory = static _ => 200 };
        var seed = new Option<ulong>("--seed") { Description = "What operations and faults are drawn from.", DefaultValueFactory = static _ => 1 };
        var output = new Option<DirectoryInfo>("--out") { Description = "The folder for the run's folder and the index over all runs.", DefaultValueFactory = static _ => new("torture") };
        var json = new Option<bool>("--json") { Description = "Prints results.json of the run instead of text." };
        var command = new Command("torture", "Breaks a real cluster while clients work on it, and judges what they saw. Exit code 0: clean and valid; 1: a promise was broken; 2: undecided, or the run proves too little.")
        {
            driver, system, nodes, workload, nemesis, time, clients, rate, seed, output, json,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new()
            {
                Driver = parsed.GetRequiredValue(driver),
                System = parsed.GetRequiredValue(system),
                Nodes = parsed.GetValue(nodes),
                Workloads = Names(parsed.GetRequiredValue(workload)),
                Nemeses = Names(parsed.GetRequiredValue(nemesis)),
                IsCalm = parsed.GetRequiredValue(nemesis) == "none",
                Seconds = parsed.GetValue(time),
                Clients = parsed.GetValue(clients),
                Rate = parsed.GetValue(rate),
                Seed = parsed.GetValue(seed),
                Out = parsed.GetRequiredValue(output).FullName,
            },
            parsed.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(TortureArguments arguments, bool json, CancellationToken cancellation)
    {
        if (Problem(arguments) is { } problem)
            return Complain(problem, ExitCodes.BadUsage);
        try
        {
            var (run, folder) = await TortureSession.RunAsync(arguments, json ? null : Console.Out, cancellation);
            var verdict = RunVerdict.Of(run);
            Console.Out.WriteLine(json ? await File.ReadAllTextAsync(Path.Combine(folder, RunReport.ResultsFile), CancellationToken.None) : TortureText.Of(run, verdict, folder));
            return verdict.ExitCode;
        }
        catch (TortureException refused)
        {
            return Complain(refused.Message, ExitCodes.BadUsage);
        }
        catch (ArgumentException unknown)
        {
            return Complain(unknown.Message, ExitCodes.BadUsage);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Complain("Stopped by a signal before the end: nothing is claimed.", ExitCodes.Undecided);
        }
    }

    public static string? Problem(TortureArguments arguments)
    {
        if (arguments.Nodes is not (2 or 3 or 5) || (arguments.Nodes == 2 && arguments.System != "redis"))
            return string.Create(CultureInfo.InvariantCulture, $"--nodes {arguments.Nodes} is not possible: give 3 or 5; for redis 2 as well, a primary and its replica.");
        if (arguments.Seconds is not (>= 1 and <= MaxSeconds))
            return string.Create(CultureInfo.InvariantCulture, $"--time {arguments.Seconds} is not possible: give 1 to {MaxSeconds} seconds.");
        if (arguments.Clients is < 1 or > MaxClients)
            return string.Create(CultureInfo.InvariantCulture, $"--clients {arguments.Clients} is not possible: give 1 to {MaxClients}.");
        return arguments.Rate is > 0 and <= MaxRate ? null : string.Create(CultureInfo.InvariantCulture, $"--rate {arguments.Rate} is not possible: give more than 0 and at most {MaxRate} a second.");
    }

    private static string[] Names(string list) => list is "all" or "none" ? [] : list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static int Complain(string sentence, int exitCode)
    {
        Console.Error.WriteLine("raftstream-lab: " + sentence);
        return exitCode;
    }
}

/// <summary>What the command was given.</summary>
internal sealed record TortureArguments
{
    public required string Driver { get; init; }

    public required string System { get; init; }

    public required int Nodes { get; init; }

    /// <summary>Empty for all.</summary>
    public required IReadOnlyList<string> Workloads { get; init; }

    /// <summary>Empty for all, unless <see cref="IsCalm"/>.</summary>
    public required IReadOnlyList<string> Nemeses { get; init; }

    /// <summary>Whether nothing is broken.</summary>
    public required bool IsCalm { get; init; }

    public required double Seconds { get; init; }

    public required int Clients { get; init; }

    public required double Rate { get; init; }

    public required ulong Seed { get; init; }

    public required string Out { get; init; }

    /// <summary>Whether each nemesis must strike in this very run; see <see cref="TortureOptions.MustStrikeAll"/>.</summary>
    public bool MustStrikeAll { get; init; } = true;

    /// <summary>The name of the run's folder; null for one after the time, the system and the seed.</summary>
    public string? FolderName { get; init; }

    /// <summary>The command line that repeats the run.</summary>
    public string CommandLine => string.Create(
        CultureInfo.InvariantCulture,
        $"raftstream-lab torture --driver {Driver} --system {System} --nodes {Nodes} --workload {List(Workloads, "all")} --nemesis {List(Nemeses, IsCalm ? "none" : "all")} --time {Seconds} --clients {Clients} --rate {Rate} --seed {Seed}");

    private static string List(IReadOnlyList<string> names, string none) => names.Count == 0 ? none : string.Join(',', names);
}
