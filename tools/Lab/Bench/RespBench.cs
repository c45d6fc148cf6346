using RaftStream.Node.Commands;
using RaftStream.Node.Local;

namespace RaftStream.Lab.Bench;

/// <summary>What one command came to at one server.</summary>
/// <param name="Server">leader, follower or redis-server.</param>
/// <param name="Command">As redis-benchmark names it.</param>
/// <param name="Pipeline">Commands that a connection sends without waiting.</param>
/// <param name="PerSecond">Commands a second, the median of the repetitions.</param>
/// <param name="LeastPerSecond">The slowest repetition.</param>
/// <param name="MostPerSecond">The fastest.</param>
/// <param name="P50Ms">Half of the commands were answered within, in milliseconds; the median of the repetitions.</param>
/// <param name="P99Ms">All but one of a hundred were; the median of the repetitions.</param>
internal sealed record RespReport(string Server, string Command, int Pipeline, double PerSecond, double LeastPerSecond, double MostPerSecond, double P50Ms, double P99Ms);

/// <summary>All that a bench of the Redis protocol found.</summary>
/// <param name="Mode">resp.</param>
/// <param name="Nodes">How many replicas.</param>
/// <param name="Connections">Connections of redis-benchmark.</param>
/// <param name="Keys">How many keys there are to choose from.</param>
/// <param name="Requests">Commands of each repetition.</param>
/// <param name="Repetitions">How often each was measured.</param>
/// <param name="Hardware">On what.</param>
/// <param name="LeaderChanged">Whether the leadership moved, so that the leader's figures are not the leader's.</param>
/// <param name="Skipped">Why there are no figures of redis-server; null if there are.</param>
/// <param name="Runs">The figures.</param>
internal sealed record RespBenchReport(
    string Mode, int Nodes, int Connections, int Keys, int Requests, int Repetitions, Hardware Hardware, bool LeaderChanged, string? Skipped, IReadOnlyList<RespReport> Runs);

/// <summary>
/// Redis's own benchmark against the port of the Redis protocol, at the leader and at a follower, and against a redis-server that syncs each write before it answers, on the same disk. Each
/// repetition goes over all servers before the next begins, so that what else the machine does meets all of them.
/// </summary>
internal sealed class RespBench(BenchPlan plan)
{
    private const int Connections = 50;
    private const int Keys = 10_000;

    private static readonly int[] Pipelines = [1, 16];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs it on a cluster of its own and prints what it found; returns the exit code.</summary>
    /// <exception cref="UsageException">redis-benchmark is not there.</exception>
    /// <exception cref="UndecidedException">A server answered with errors, or not at all: there are no figures.</exception>
    public static async Task<int> RunAsync(BenchPlan plan, string folder, Hardware hardware, CancellationToken cancellationToken)
    {
        if (RedisBenchmark.WhyNot() is { } reason)
            throw new UsageException(reason);
        await using var cluster = await LocalCluster.StartAsync(new(plan.Nodes, Path.Combine(folder, "cluster"), BasePort: null, Temporary: true, OnError: null), cancellationToken);
        await using var redis = RedisServer.WhyNot() is null ? await RedisServer.StartAsync(Path.Combine(folder, "redis"), cancellationToken) : null;
        var report = await new RespBench(plan).MeasureAsync(cluster, redis, hardware, cancellationToken);
        RespBenchText.Print(report, plan.Json);
        return report.LeaderChanged ? ExitCodes.Undecided : ExitCodes.Fine;
    }

    private async Task<RespBenchReport> MeasureAsync(LocalCluster cluster, RedisServer? redis, Hardware hardware, CancellationToken cancellationToken)
    {
        var leader = await ReadyLeader.FindAsync(cluster.StatusesAsync, Patience, cancellationToken);
        List<(string Server, string Address)> servers = [("leader", cluster.Members.First(member => member.Id == leader.Id).Resp!)];
        if (cluster.Members.FirstOrDefault(member => member.Id != leader.Id) is { } follower)
            servers.Add(("follower", follower.Resp!));
        if (redis is not null)
            servers.Add(("redis-server", redis.Address));

        // Not counted: the just-in-time compiler works in it, and the keys come into being.
        foreach (var (_, address) in servers)
            await RedisBenchmark.RunAsync(address, Connections, Keys, plan.Requests, Pipelines[^1], cancellationToken);

        var lines = new List<(string Server, int Pipeline, RedisBenchmarkLine Line)>();
        for (var repetition = 0; repetition < plan.Repetitions; repetition++)
        {
            foreach (var pipeline in Pipelines)
            {
                foreach (var (server, address) in servers)
                    lines.AddRange((await RedisBenchmark.RunAsync(address, Connections, Keys, plan.Requests, pipeline, cancellationToken)).Select(line => (server, pipeline, line)));
            }
        }

        var after = await ReadyLeader.FindAsync(cluster.StatusesAsync, Patience, cancellationToken);
        return new(
            "resp", plan.Nodes, Connections, Keys, plan.Requests, plan.Repetitions, hardware, (after.Id, after.Term) != (leader.Id, leader.Term), RedisServer.WhyNot(),
            [.. lines.GroupBy(static line => (line.Line.Command, line.Pipeline, line.Server)).Select(static group => Report(group.Key.Server, group.Key.Command, group.Key.Pipeline, [.. group.Select(static line => line.Line)]))]);
    }

    private static RespReport Report(string server, string command, int pipeline, IReadOnlyList<RedisBenchmarkLine> repetitions) => new(
        server, command, pipeline, Median(repetitions.Select(static line => line.PerSecond)), repetitions.Min(static line => line.PerSecond), repetitions.Max(static line => line.PerSecond),
        Median(repetitions.Select(static line => line.P50Ms)), Median(repetitions.Select(static line => line.P99Ms)));

    /// <summary>The one in the middle; of an even number the lower of both.</summary>
    private static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted[(sorted.Length - 1) / 2];
    }
}
