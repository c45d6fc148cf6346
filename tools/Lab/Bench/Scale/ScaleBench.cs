using System.Diagnostics;
using RaftStream.Hosting.Http;

namespace RaftStream.Lab.Bench.Scale;

/// <summary>One measurement.</summary>
/// <param name="What">stateless: records through the part of a job before the log; reads: rows of its table at followers, eventual.</param>
/// <param name="Nodes">How many replicas.</param>
/// <param name="Partitions">Partitions of the source.</param>
/// <param name="PerSecond">Records or reads a second.</param>
/// <param name="CpuSaturation">The share of all cores' time that the machine used meanwhile: 0 to 1; null where the system does not tell.</param>
internal sealed record ScaleRun(string What, int Nodes, int Partitions, double PerSecond, double? CpuSaturation);

/// <summary>All that a bench of scaling found.</summary>
/// <param name="Mode">scale.</param>
/// <param name="Seconds">How long each was measured.</param>
/// <param name="Hardware">On what.</param>
/// <param name="LeaderChanged">Whether a leadership moved meanwhile.</param>
/// <param name="Runs">The measurements.</param>
/// <param name="Ratios">Throughput on 5 nodes over 3 and on 4 partitions over 1, by name.</param>
internal sealed record ScaleReport(string Mode, int Seconds, Hardware Hardware, bool LeaderChanged, IReadOnlyList<ScaleRun> Runs, IReadOnlyDictionary<string, double> Ratios);

/// <summary>
/// What more nodes and more partitions bring: the part of a job before the log, which is spread over the nodes, and reads at followers. Clusters of three and five nodes with one and four partitions, one after the other, each doing nothing else.
/// A cluster that nobody counts goes before them: otherwise the first cluster alone would pay for the just-in-time compiler.
/// </summary>
/// <remarks>
/// All nodes and the load are in this process and share its cores: where these are saturated already, nothing can be won, and the saturation is told. No goal is set for a machine of few cores.
/// </remarks>
internal sealed class ScaleBench(BenchPlan plan, string folder)
{
    private const int Callers = 24;

    private static readonly int[] NodeCounts = [3, 5];
    private static readonly int[] PartitionCounts = [1, 4];
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private bool _leaderChanged;

    /// <summary>Measures and prints what was found; returns the exit code.</summary>
    public static async Task<int> RunAsync(BenchPlan plan, string folder, Hardware hardware, CancellationToken cancellationToken)
    {
        var warmUp = new ScaleBench(plan, Path.Combine(folder, "warm-up"));
        await warmUp.TakeInAsync(NodeCounts[0], PartitionCounts[^1], cancellationToken);
        await warmUp.ReadAsync(NodeCounts[0], PartitionCounts[^1], cancellationToken);
        var bench = new ScaleBench(plan, folder);
        var runs = new List<ScaleRun>();
        foreach (var nodes in NodeCounts)
        {
            foreach (var partitions in PartitionCounts)
            {
                runs.Add(await bench.TakeInAsync(nodes, partitions, cancellationToken));
                runs.Add(await bench.ReadAsync(nodes, partitions, cancellationToken));
            }
        }

        ScaleText.Print(new("scale", plan.Seconds, hardware, bench._leaderChanged, runs, Ratios(runs)), plan.Json);
        return bench._leaderChanged ? ExitCodes.Undecided : ExitCodes.Fine;
    }

    /// <summary>What is told of the measurements.</summary>
    public static IReadOnlyDictionary<string, double> Ratios(IReadOnlyList<ScaleRun> runs)
    {
        var ratios = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var what in runs.Select(static run => run.What).Distinct(StringComparer.Ordinal))
        {
            double Of(int nodes, int partitions) => runs.Single(run => run.What == what && run.Nodes == nodes && run.Partitions == partitions).PerSecond;
            ratios[$"{what}: 5 nodes over 3"] = Math.Round(Of(5, 4) / Of(3, 4), 3);
            ratios[$"{what}: 4 partitions over 1"] = Math.Round(Of(5, 4) / Of(5, 1), 3);
        }

        return ratios;
    }

    private async Task<ScaleRun> TakeInAsync(int nodes, int partitions, CancellationToken cancellationToken)
    {
        await using var cluster = await ScaleCluster.StartAsync(nodes, partitions, Path.Combine(folder, $"{nodes}-{partitions}"), cancellationToken);
        await Task.Delay(WarmUp, cancellationToken);
        var leadership = cluster.Leadership;
        var (before, cpu, start) = (await cluster.RecordsAsync(0, cancellationToken), CpuUse.Read(), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(plan.Seconds), cancellationToken);
        var stateless = new ScaleRun("stateless", nodes, partitions, (await cluster.RecordsAsync(0, cancellationToken) - before) / Stopwatch.GetElapsedTime(start).TotalSeconds, CpuUse.Since(cpu));
        _leaderChanged |= cluster.Leadership != leadership;
        return stateless;
    }

    /// <summary>On a cluster of its own whose source has ended: no record comes while rows are read.</summary>
    private async Task<ScaleRun> ReadAsync(int nodes, int partitions, CancellationToken cancellationToken)
    {
        await using var cluster = await ScaleCluster.StartAsync(nodes, partitions, Path.Combine(folder, $"{nodes}-{partitions}-reads"), cancellationToken, recordsEach: 1_000);
        var leadership = cluster.Leadership;
        using var http = HttpClients.Create();
        var targets = cluster.Followers.Select(static follower => new Uri(follower, $"v1/streams/{ScaleJob.Name}/tables/{ScaleJob.Table}?key=3&consistency=eventual")).ToList();
        await CallAsync(http, targets, WarmUp, cancellationToken);
        var (cpu, start) = (CpuUse.Read(), Stopwatch.GetTimestamp());
        var reads = await CallAsync(http, targets, TimeSpan.FromSeconds(plan.Seconds), cancellationToken);
        var run = new ScaleRun("reads", nodes, partitions, reads / Stopwatch.GetElapsedTime(start).TotalSeconds, CpuUse.Since(cpu));
        _leaderChanged |= cluster.Leadership != leadership;
        return run;
    }

    /// <summary>Callers with one read at a time each, spread over the followers; how many were answered.</summary>
    private static async Task<long> CallAsync(HttpClient http, List<Uri> targets, TimeSpan time, CancellationToken cancellationToken)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var (count, start, target) = (0L, Stopwatch.GetTimestamp(), targets[caller % targets.Count]);
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                using var response = await http.GetAsync(target, cancellationToken);
                response.EnsureSuccessStatusCode();
                count++;
            }

            return count;
        }));
        return counts.Sum();
    }
}
