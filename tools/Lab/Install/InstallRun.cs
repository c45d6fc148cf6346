using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using RaftStream.Lab.Bench;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Local;
using RaftStream.Testing;

namespace RaftStream.Lab.Install;

/// <summary>What a run saw; latencies in milliseconds.</summary>
internal sealed record InstallFigures(
    int Keys, double FillSeconds, double UsualP50, double UsualP99, double UsualRate, double InstallSeconds, double P50, double P99, double Rate, double Ratio, double Longest,
    double SnapshotMegabytes, double NewNodePeakMegabytes)
{
    /// <summary>The figures for people.</summary>
    public string ToText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Keys:N0} keys, snapshot {SnapshotMegabytes:N0} MB, filled in {FillSeconds:0.0} s.\nusual:    {UsualRate:N0} writes/s, p50 {UsualP50:0.0} ms, p99 {UsualP99:0.0} ms\ninstall:  {Rate:N0} writes/s, p50 {P50:0.0} ms, p99 {P99:0.0} ms, longest {Longest:0} ms, over {InstallSeconds:0.0} s until the new node had applied everything\np99 is {Ratio:0.00} times the usual (goal: under 2); peak memory of the new node {NewNodePeakMegabytes:N0} MB.");
}

/// <summary>One run over real processes: fill, measure, add a node, measure until it has caught up.</summary>
internal sealed class InstallRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LocalCluster _cluster;
    private readonly string _folder;
    private readonly int _writers;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 512 });
    private ChildNode? _joiner;

    private InstallRun(LocalCluster cluster, string folder, int writers) => (_cluster, _folder, _writers) = (cluster, folder, writers);

    /// <summary>Runs it in a folder of its own, which is gone afterwards.</summary>
    public static async Task<InstallFigures> RunAsync(int keys, int writers, TimeSpan usual, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("raftstream-install-").FullName;
        try
        {
            var cluster = await LocalCluster.StartAsync(new(3, Path.Combine(folder, "cluster"), BasePort: null, Temporary: true, OnError: null), cancellation);
            await using var run = new InstallRun(cluster, folder, writers);
            return await run.RunAsync(keys, usual, cancellation);
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _joiner?.Kill();
        _joiner?.Dispose();
        _http.Dispose();
        await _cluster.DisposeAsync();
    }

    private async Task<InstallFigures> RunAsync(int keys, TimeSpan usual, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var leader = await LeaderAsync(cancellation);
        await using var words = new UniqueWords(keys);
        var filled = await leader.IngestAsync("fill", "p", words, cancellation);
        if (filled.Value is null)
            throw new UndecidedException($"The cluster was not filled: {filled.Problem?.Detail ?? "the node has gone."}");
        var fillSeconds = clock.Elapsed.TotalSeconds;
        await CalmAsync(cancellation);

        var before = await WriteUntilAsync(Task.Delay(usual, cancellation), cancellation);
        clock.Restart();
        var after = await WriteUntilAsync(InstallAsync(cancellation), cancellation);
        var snapshot = Directory.EnumerateFiles(Path.Combine(_folder, "joiner"), "*.snap").Select(static file => new FileInfo(file).Length).DefaultIfEmpty(0).Max();
        return new(
            keys, fillSeconds, before.Latencies.Percentile(0.5), before.Latencies.Percentile(0.99), before.Rate, clock.Elapsed.TotalSeconds,
            after.Latencies.Percentile(0.5), after.Latencies.Percentile(0.99), after.Rate, after.Latencies.Percentile(0.99) / before.Latencies.Percentile(0.99),
            after.Latencies.Percentile(1), snapshot / 1e6, (_joiner?.PeakMemoryBytes() ?? 0) / 1e6);
    }

    /// <summary>Waits until every node has applied everything and saved what it had to save: else the fill itself would be measured.</summary>
    private async Task CalmAsync(CancellationToken cancellation)
    {
        var snapshots = "";
        while (true)
        {
            await Task.Delay(3000, cancellation);
            var all = await _cluster.StatusesAsync(cancellation);
            var seen = string.Join(',', all.Select(static status => $"{status.Snapshot}/{status.Applied}"));
            if (all.Count == 3 && seen == snapshots)
                return;
            snapshots = seen;
        }
    }

    private async Task InstallAsync(CancellationToken cancellation)
    {
        var ports = Ports.Find(2);
        var (raft, http) = ($"127.0.0.1:{ports[0]}", $"127.0.0.1:{ports[1]}");
        var data = Path.Combine(_folder, "joiner");
        _joiner = ChildNode.Start(
            new(4, raft, http),
            ["--id", "4", "--join", "--listen", raft, "--cluster-id", _cluster.ClusterId, "--data", data, "--http", http],
            onError: null);
        var leader = await LeaderAsync(cancellation);
        var target = (await leader.StatusAsync(Patience, cancellation)).Value?.Commit ?? 0;
        var added = await leader.ChangeMembersAsync(HttpMethod.Post, "", JsonContent.Create(new AddMemberBody(4, raft, null), NodeJson.Default.AddMemberBody), Patience, cancellation);
        if (added.Value is null)
            throw new UndecidedException($"The fourth node was not added: {added.Problem?.Detail ?? "no answer."}");
        var joiner = new NodeClient(_http, $"http://{http}");
        while ((await joiner.StatusAsync(Patience, cancellation)).Value is not { } status || status.Applied < target)
        {
            if (_joiner.HasExited)
                throw new UndecidedException($"The fourth node ended: {_joiner.LastWords}");
            await Task.Delay(100, cancellation);
        }
    }

    /// <summary>Writers write one after another, each a counter of its own, until the task ends; they stop for nothing but its end.</summary>
    private async Task<(LatencyHistogram Latencies, double Rate)> WriteUntilAsync(Task end, CancellationToken cancellation)
    {
        var latencies = new LatencyHistogram();
        var leader = await LeaderAsync(cancellation);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, _writers).Select(writer => WriteAsync(writer)));
        await end;
        return (latencies, latencies.Count / clock.Elapsed.TotalSeconds);

        async Task WriteAsync(int writer)
        {
            while (!end.IsCompleted)
            {
                var begun = Stopwatch.GetTimestamp();
                var reply = await leader.AddAsync($"#writer-{writer}", 1, Patience, cancellation);
                if (reply.Value is null)
                    throw new UndecidedException($"A write failed: {reply.Problem?.Detail ?? "no answer."} The latencies mean nothing.");
                latencies.Record(Stopwatch.GetElapsedTime(begun));
            }
        }
    }

    private async Task<NodeClient> LeaderAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var ready = (await _cluster.StatusesAsync(cancellation)).FirstOrDefault(static status => status.Ready);
            if (ready is not null)
                return _cluster.Client(ready.Id);
            await Task.Delay(50, cancellation);
        }
    }
}
