using System.CommandLine;
using System.Globalization;
using RaftStream.Lab.Torture;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Soak;

/// <summary><c>raftstream-lab soak</c>: <c>torture</c> again and again for hours, of which only what failed is kept.</summary>
internal static class SoakCommand
{
    private const double MaxHours = 24 * 31;
    private const int MostKept = 1_000;
    private const int MaxKeptMegabytes = 1_000_000;

    private static readonly Option<string> Driver = new("--driver") { Description = "all that can run here, or names with commas between: process, namespace, container.", DefaultValueFactory = static _ => "all" };
    private static readonly Option<string> Nodes = new("--nodes") { Description = "Sizes of clusters, with commas between.", DefaultValueFactory = static _ => "3,5" };
    private static readonly Option<string> System = new("--system") { Description = "What is tortured: raftstream, redis or etcd (Debian's packages).", DefaultValueFactory = static _ => "raftstream" };
    private static readonly Option<string> Nemesis = new("--nemesis") { Description = "all, none, or names with commas between.", DefaultValueFactory = static _ => "all" };
    private static readonly Option<double> Hours = new("--hours") { Description = "For how long new runs are begun; 0.1 is six minutes.", DefaultValueFactory = static _ => 8 };
    private static readonly Option<double> Time = new("--time") { Description = "Seconds under faults, of each run.", DefaultValueFactory = static _ => 240 };
    private static readonly Option<int> Clients = new("--clients") { Description = "Clients, each with one operation at a time.", DefaultValueFactory = static _ => 20 };
    private static readonly Option<double> Rate = new("--rate") { Description = "Operations a second, of all clients together.", DefaultValueFactory = static _ => 200 };
    private static readonly Option<ulong> Seed = new("--seed") { Description = "The first run's seed; each run's is one more.", DefaultValueFactory = static _ => 1 };
    private static readonly Option<DirectoryInfo> Output = new("--out") { Description = "The folder for what is kept, and for soak.json and soak.jsonl.", DefaultValueFactory = static _ => new("soak") };
    private static readonly Option<int> KeepClean = new("--keep-clean") { Description = "Clean runs whose folders are kept: the newest.", DefaultValueFactory = static _ => 0 };
    private static readonly Option<int> KeepFailed = new("--keep-failed") { Description = "Other runs whose folders are kept: the worst, and of those as bad the first.", DefaultValueFactory = static _ => 20 };
    private static readonly Option<int> KeepMegabytes = new("--keep-mb") { Description = "Megabytes that all folders that are kept may have.", DefaultValueFactory = static _ => 4_000 };
    private static readonly Option<bool> Json = new("--json") { Description = "Prints soak.json at the end instead of text." };

    public static Command Create()
    {
        var command = new Command("soak", "Tortures a real cluster for hours, run after run, and keeps what failed. Exit code 0: all clean; 1: a promise was broken; 2: a run was undecided, proved too little or came to no end.")
        {
            Driver, Nodes, System, Nemesis, Hours, Time, Clients, Rate, Seed, Output, KeepClean, KeepFailed, KeepMegabytes, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var (plan, leftOut) = ToPlan(parsed);
            var json = parsed.GetValue(Json);
            foreach (var sentence in json ? [] : leftOut)
                await Console.Out.WriteLineAsync(sentence);
            var sums = await new SoakLoop(plan, RunOnceAsync, TimeProvider.System, json ? null : Console.Out).RunAsync(leftOut, cancellation);
            await Console.Out.WriteLineAsync(json ? sums.Json() : sums.Text());
            return sums.ExitCode;
        }
        catch (TortureException refused)
        {
            await Console.Error.WriteLineAsync("raftstream-lab: " + refused.Message);
            return ExitCodes.BadUsage;
        }
    }

    private static async Task<SoakOutcome> RunOnceAsync(TortureArguments arguments, CancellationToken cancellation)
    {
        var (run, _) = await TortureSession.RunAsync(arguments, null, cancellation);
        return SoakOutcome.Of(run);
    }

    private static (SoakPlan Plan, IReadOnlyList<string> LeftOut) ToPlan(ParseResult parsed)
    {
        var (drivers, leftOut) = DriversOf(parsed.GetRequiredValue(Driver));
        var nemesis = parsed.GetRequiredValue(Nemesis);
        var each = new TortureArguments
        {
            Driver = drivers[0],
            System = parsed.GetRequiredValue(System),
            Nodes = 3,
            Workloads = [],
            Nemeses = nemesis is "all" or "none" ? [] : Words(nemesis),
            IsCalm = nemesis == "none",
            Seconds = parsed.GetValue(Time),
            Clients = parsed.GetValue(Clients),
            Rate = parsed.GetValue(Rate),
            Seed = parsed.GetValue(Seed),
            Out = parsed.GetRequiredValue(Output).FullName,
            MustStrikeAll = false,
        };
        if (!TestedSystems.Names.Contains(each.System, StringComparer.Ordinal))
            throw new TortureException($"--system {each.System} is unknown: give {string.Join(", ", TestedSystems.Names)}.");
        var nodes = SizesOf(parsed.GetRequiredValue(Nodes), each);
        if (Words(nemesis).FirstOrDefault(static name => name is not ("all" or "none") && !NemesisCatalog.Names.Contains(name, StringComparer.Ordinal)) is { } unknown)
            throw new TortureException($"There is no nemesis '{unknown}': give {string.Join(", ", NemesisCatalog.Names)}, all or none.");
        var plan = new SoakPlan
        {
            Drivers = drivers,
            Nodes = nodes,
            Length = TimeSpan.FromHours(InRange("--hours", parsed.GetValue(Hours), 0.001, MaxHours)),
            KeepClean = (int)InRange("--keep-clean", parsed.GetValue(KeepClean), 0, MostKept),
            KeepFailed = (int)InRange("--keep-failed", parsed.GetValue(KeepFailed), 1, MostKept),
            KeepBytes = (long)InRange("--keep-mb", parsed.GetValue(KeepMegabytes), 1, MaxKeptMegabytes) * 1_000_000,
            Each = each,
        };
        return (plan, leftOut);
    }

    /// <summary>Of all, those that can run here, with the reasons for the others; named ones must be able to.</summary>
    private static (IReadOnlyList<string> Drivers, IReadOnlyList<string> LeftOut) DriversOf(string list)
    {
        var asked = list == "all" ? ClusterDrivers.Names : Words(list);
        var leftOut = asked.Select(ClusterDrivers.WhyNot).OfType<string>().ToList();
        if (asked.Count == 0 || (list != "all" && leftOut.Count > 0))
            throw new TortureException(leftOut.FirstOrDefault() ?? $"--driver names none: give all, or {string.Join(", ", ClusterDrivers.Names)}.");
        return ([.. asked.Where(static name => ClusterDrivers.WhyNot(name) is null)], leftOut);
    }

    private static List<int> SizesOf(string list, TortureArguments each)
    {
        List<int> sizes = [.. Words(list).Select(static word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0)];
        if (sizes.Count == 0)
            throw new TortureException("--nodes names none: give 3, 5 or 3,5.");
        return sizes.Select(size => TortureCommand.Problem(each with { Nodes = size })).OfType<string>().FirstOrDefault() is { } problem ? throw new TortureException(problem) : sizes;
    }

    private static double InRange(string name, double value, double least, double most) => value >= least && value <= most
        ? value
        : throw new TortureException(string.Create(CultureInfo.InvariantCulture, $"{name} {value} is not possible: give {least} to {most}."));

    private static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
