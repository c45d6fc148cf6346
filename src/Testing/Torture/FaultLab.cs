namespace RaftStream.Testing;

/// <summary>How a system of one's own is tormented.</summary>
public sealed record FaultLabOptions
{
    /// <summary>The folder of the run; it is made if it is missing, and the report is written there.</summary>
    public required string Folder { get; init; }

    /// <summary>process, namespace (Linux, root) or container (Linux, root, Docker).</summary>
    public string Driver { get; init; } = "process";

    /// <summary>How many nodes form the cluster: 2 to 9.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>How long nemeses strike: a second to a day.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many clients there are, each with one operation at a time: 1 to 1,000.</summary>
    public int Clients { get; init; } = 20;

    /// <summary>Operations a second, of all clients together: more than 0, at most 20,000.</summary>
    public double Rate { get; init; } = 200;

    /// <summary>What operations and faults are drawn from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The workloads by name; empty for all that the system can do.</summary>
    public IReadOnlyList<string> Workloads { get; init; } = [];

    /// <summary>The nemeses by name; empty for all that can be made.</summary>
    public IReadOnlyList<string> Nemeses { get; init; } = [];

    /// <summary>Changes the system's members and hands leadership over; null leaves out the nemeses that need it.</summary>
    public IMemberAdmin? Members { get; init; }

    /// <summary>What the report names as the command that repeats the run; empty: the options in words.</summary>
    public string Command { get; init; } = "";
}

/// <summary>What a run of the lab came to.</summary>
/// <param name="Verdict">clean, violation, undecided or invalid.</param>
/// <param name="ExitCode">What a program may end with: 0 clean, 1 a violation, 2 undecided or invalid.</param>
/// <param name="Reasons">Why it is not clean, a sentence each.</param>
/// <param name="Page">The report for people.</param>
public sealed record FaultLabResult(string Verdict, int ExitCode, IReadOnlyList<string> Reasons, string Page);

/// <summary>The fault lab for a system of one's own: a cluster of real processes, clients, faults, checkers and a report, in one call.</summary>
public static class FaultLab
{
    /// <summary>Makes a run. Its folder, which no other run may use, then holds the report, the history and what the nodes said.</summary>
    /// <exception cref="InvalidOperationException">It cannot be made: the driver is unknown or cannot run here, or the nodes do not come up.</exception>
    /// <exception cref="ArgumentException">An option is out of range, or a workload is unknown or nothing that the system can do.</exception>
    public static async Task<FaultLabResult> RunAsync(ITestedSystem system, FaultLabOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(options);
        Look(options);
        try
        {
            Directory.CreateDirectory(options.Folder);
            await using var driver = ClusterDrivers.Create(options.Driver, system, options.Nodes, options.Folder, options.Seed);
            var record = await new TortureRun(system, driver, options.Members, ToRun(system, options)).RunAsync(cancellation);
            RunReport.Write(record, options.Folder);
            var verdict = RunVerdict.Of(record);
            return new(verdict.Word, verdict.ExitCode, verdict.Reasons, Path.Combine(options.Folder, RunReport.PageFile));
        }
        catch (TortureException refused)
        {
            throw new InvalidOperationException(refused.Message, refused);
        }
    }

    private static TortureOptions ToRun(ITestedSystem system, FaultLabOptions options) => new()
    {
        Nodes = options.Nodes,
        Time = options.Time,
        Seed = options.Seed,
        Folder = options.Folder,
        Command = options.Command.Length > 0 ? options.Command : Words(system, options),
        Nemeses = options.Nemeses,
        Load = new() { Seed = options.Seed, Clients = options.Clients, Rate = options.Rate, Workloads = options.Workloads, Folder = options.Folder },
    };

    private static string Words(ITestedSystem system, FaultLabOptions options) =>
        $"{system.Name}: driver {options.Driver}, {options.Nodes} nodes, {options.Time.TotalSeconds} s, {options.Clients} clients, {options.Rate} a second, seed {options.Seed}, " +
        $"workloads {List(options.Workloads)}, nemeses {List(options.Nemeses)}";

    private static string List(IReadOnlyList<string> names) => names.Count == 0 ? "all" : string.Join(',', names);

    private static void Look(FaultLabOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Nodes, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Nodes, 9);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Time, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Time, TimeSpan.FromDays(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Clients, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Clients, 1_000);
        if (options.Rate is not (> 0 and <= 20_000))
            throw new ArgumentOutOfRangeException(nameof(options), options.Rate, "The rate must be more than 0 and at most 20,000 a second.");
    }
}
