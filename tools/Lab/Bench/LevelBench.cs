using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Local;
using RaftStream.Testing;

namespace RaftStream.Lab.Bench;

/// <summary>What one level cost at one place.</summary>
/// <param name="Level">Its name over HTTP.</param>
/// <param name="At">leader or follower: who was asked.</param>
/// <param name="Operations">Operations that were served in the measured time.</param>
/// <param name="P50Ms">Half of them were answered within, in milliseconds.</param>
/// <param name="P99Ms">All but one of a hundred were.</param>
/// <param name="MessagesPerOp">Messages between nodes for each, without the heartbeats of an idle cluster: frames, and two for a request that was passed on.</param>
/// <param name="Errors">Operations that were not served.</param>
/// <param name="Verified">Whether the reads saw what was written before, and the counter holds the writes.</param>
internal sealed record LevelReport(string Level, string At, long Operations, double P50Ms, double P99Ms, double MessagesPerOp, long Errors, bool Verified);

/// <summary>All that a bench of the levels found.</summary>
internal sealed record LevelsReport(string Mode, int Nodes, int Seconds, Hardware Hardware, double IdleMessagesPerSecond, bool LeaderChanged, IReadOnlyList<LevelReport> Levels);

/// <summary>
/// What each consistency level costs on a cluster that does nothing else: one operation at a time over HTTP, at the leader and at a follower, with the messages that the nodes
/// send one another meanwhile.
/// </summary>
internal sealed class LevelBench(LocalCluster cluster, TimeSpan measured)
{
    private const string Read = "read";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(30);

    private double _idlePerSecond;

    /// <summary>Runs it on a cluster of its own and prints what it found; returns the exit code.</summary>
    public static async Task<int> RunAsync(BenchPlan plan, string folder, Hardware hardware, CancellationToken cancellationToken)
    {
        await using var cluster = await LocalCluster.StartAsync(new(plan.Nodes, folder, BasePort: null, Temporary: true, OnError: null), cancellationToken);
        var bench = new LevelBench(cluster, TimeSpan.FromSeconds(plan.Seconds));
        var report = await bench.MeasureAsync(plan, hardware, cancellationToken);
        LevelText.Print(report, plan.Json);
        if (report.Levels.Any(static level => !level.Verified))
            return ExitCodes.Violation;

        // Another leader makes a follower of who was asked as the leader.
        return report.LeaderChanged || report.Levels.Any(static level => level.Operations == 0) ? ExitCodes.Undecided : ExitCodes.Fine;
    }

    private async Task<LevelsReport> MeasureAsync(BenchPlan plan, Hardware hardware, CancellationToken cancellationToken)
    {
        var leader = await ReadyLeader.FindAsync(cluster.StatusesAsync, Patience, cancellationToken);
        var written = await cluster.Client(leader.Id).AddAsync(Read, 1, Patience, cancellationToken);
        if (written.Stamp?.Token is not { } token)
            throw new UndecidedException($"Node {leader.Id} leads and took no write within {Patience.TotalSeconds:0} s: there are no figures.");
        var (before, start) = (await MessagesAsync(cancellationToken), Stopwatch.GetTimestamp());
        await Task.Delay(measured, cancellationToken);
        _idlePerSecond = (await MessagesAsync(cancellationToken) - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var reports = new List<LevelReport>();
        foreach (var (level, call) in Calls(token))
        {
            reports.Add(await MeasureAsync(level, "leader", cluster.Client(leader.Id), call, cancellationToken));
            reports.Add(await MeasureAsync(level, "follower", cluster.Client(cluster.Members.First(member => member.Id != leader.Id).Id), call, cancellationToken));
        }

        var after = await ReadyLeader.FindAsync(cluster.StatusesAsync, Patience, cancellationToken);
        return new("levels", plan.Nodes, plan.Seconds, hardware, Math.Round(_idlePerSecond, 1), (after.Id, after.Term) != (leader.Id, leader.Term), reports);
    }

    /// <summary>One call of each level; it tells whether it was served, and what a read saw.</summary>
    private static IEnumerable<(string Level, Func<NodeClient, string, Task<(bool Served, long? Seen)>> Call)> Calls(ReadToken token)
    {
        yield return ("linearizable", (node, _) => ReadAsync(node, ReadLevel.Linearizable));
        yield return ("lease", (node, _) => ReadAsync(node, ReadLevel.Lease));
        yield return ("bounded", (node, _) => ReadAsync(node, ReadLevel.Bounded(1_000)));
        yield return ("session", (node, _) => ReadAsync(node, ReadLevel.Session(token)));
        yield return ("eventual", (node, _) => ReadAsync(node, ReadLevel.Eventual));
        yield return ("quorum", static async (node, key) => ((await node.AddAsync(key, 1, Patience, CancellationToken.None)).Value is not null, null));
        yield return ("leader", static async (node, key) => ((await node.AddProvisionallyAsync(key, 1, Patience, CancellationToken.None)).Value is not null, null));
        yield return ("available", static async (node, key) => ((await node.AddAcceptedAsync(key, 1, Patience, CancellationToken.None)).Value is not null, null));
    }

    private static async Task<(bool Served, long? Seen)> ReadAsync(NodeClient node, ReadLevel level)
    {
        var reply = await node.GetCounterAsync(Read, Patience, CancellationToken.None, level);
        return (reply.Value is not null, reply.Value?.Value);
    }

    private async Task<LevelReport> MeasureAsync(string level, string place, NodeClient node, Func<NodeClient, string, Task<(bool Served, long? Seen)>> call, CancellationToken cancellationToken)
    {
        var (latencies, key) = (new LatencyHistogram(), $"{level}/{place}");
        var (written, errors, isRight) = (0L, 0L, true);
        await RepeatAsync(WarmUp, latencies: null);
        await DrainedAsync(cancellationToken);
        var (before, start) = (await MessagesAsync(cancellationToken), Stopwatch.GetTimestamp());
        var served = await RepeatAsync(measured, latencies);
        await DrainedAsync(cancellationToken);
        var messages = await MessagesAsync(cancellationToken) - before - (_idlePerSecond * Stopwatch.GetElapsedTime(start).TotalSeconds);
        var counter = await node.GetCounterAsync(key, Patience, cancellationToken);
        isRight &= counter.Value is { } sum && sum.Value >= written && sum.Value <= written + errors;
        return new(level, place, served, Math.Round(latencies.Percentile(0.5), 3), Math.Round(latencies.Percentile(0.99), 3), Math.Round(Math.Max(0, messages) / Math.Max(1, served), 2), errors, isRight);

        async Task<long> RepeatAsync(TimeSpan time, LatencyHistogram? latencies)
        {
            var (count, began) = (0L, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(began) < time)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var sent = Stopwatch.GetTimestamp();
                var (isServed, seen) = await call(node, key);
                if (!isServed)
                {
                    errors++;
                    continue;
                }

                latencies?.Record(Stopwatch.GetElapsedTime(sent));
                count++;
                written += seen is null ? 1 : 0;
                isRight &= seen is null or 1;
            }

            return count;
        }
    }

    /// <summary>Waits until nothing waits in any outbox, so that what goes into the log later is counted where it belongs.</summary>
    private async Task DrainedAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while ((await StatusesAsync(cancellationToken)).Any(static status => status.Outbox is not { Pending: 0 }))
        {
            if (Stopwatch.GetElapsedTime(start) > DrainPatience)
                throw new UndecidedException($"Writes still wait in an outbox after {DrainPatience.TotalSeconds:0} s: there are no figures.");
            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <summary>Messages that all nodes have sent one another so far.</summary>
    private async Task<double> MessagesAsync(CancellationToken cancellationToken) =>
        (await StatusesAsync(cancellationToken)).Sum(static status => status.Traffic is { } traffic ? traffic.FramesSent + (2.0 * traffic.RequestsPassedOn) : 0);

    private async Task<StatusJson[]> StatusesAsync(CancellationToken cancellationToken)
    {
        var statuses = new List<StatusJson>();
        foreach (var member in cluster.Members)
        {
            var reply = await cluster.Client(member.Id).StatusAsync(Patience, cancellationToken);
            statuses.Add(reply.Value ?? throw new UndecidedException($"Node {member.Id} did not tell its status within {Patience.TotalSeconds:0} s: there are no figures."));
        }

        return [.. statuses];
    }
}
