using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Node.Commands;
using RaftStream.Node.Hosting;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Demo;

/// <summary>
/// The demo's nodes as objects in this process: real disks and TCP, no HTTP. A process cannot kill a part of itself, so the leader is
/// closed instead, without a warning to the others: a gentler failure than the default's, and the report says so.
/// </summary>
internal sealed class InProcessDemoCluster : IDemoCluster
{
    private readonly Dictionary<int, NodeSettings> _settings;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, RaftNode> _running = [];

    private InProcessDemoCluster(Dictionary<int, NodeSettings> settings)
    {
        _settings = settings;
    }

    /// <inheritdoc/>
    public string HowKilled => "closed inside this process (not killed: see --in-process)";

    /// <inheritdoc/>
    public int Count => _settings.Count;

    /// <summary>Starts the nodes, each with a folder of its own under <paramref name="folder"/>.</summary>
    public static async Task<InProcessDemoCluster> StartAsync(int nodes, string folder, CancellationToken cancellationToken)
    {
        var file = ClusterFile.Create(nodes, basePort: null);
        var settings = file.Nodes.ToDictionary(node => node.Id, node => ProgramSettings.From(new NodeOptions
        {
            Id = node.Id.ToString(CultureInfo.InvariantCulture),
            Cluster = file.Members,
            ClusterId = file.ClusterId,
            Data = Path.Combine(folder, $"node-{node.Id}"),
        }).Node);
        var cluster = new InProcessDemoCluster(settings);
        try
        {
            foreach (var id in settings.Keys)
                await cluster.StartAgainAsync(id, cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StatusJson>> StatusesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StatusJson> statuses = [.. Running().Select(node => StatusEndpoints.From(node.Status, static _ => null))];
        return Task.FromResult(statuses);
    }

    /// <inheritdoc/>
    public async Task<IngestJson?> IngestAsync(int leader, Stream source, CancellationToken cancellationToken)
    {
        if (Find(leader) is not { } node)
            return null;
        var report = await new WordCountIngest(node, DemoRun.Job, WordCountIngest.DefaultPartition).RunAsync(source, cancellationToken);
        if (report.Outcome == IngestOutcome.DifferentSource)
            throw new FaultException($"The leader takes the same text for another one: {report.Message}");
        return report.Outcome == IngestOutcome.Complete ? JobEndpoints.Json(report) : null;
    }

    /// <inheritdoc/>
    public async Task<JobJson?> ProgressAsync(int leader, CancellationToken cancellationToken)
    {
        if (Find(leader) is not { } node)
            return null;
        var answer = await new CountingService(node).JobAsync(DemoRun.Job, WordCountIngest.DefaultPartition, cancellationToken: cancellationToken);
        return answer.Outcome == Outcome.Applied ? JobEndpoints.Json(DemoRun.Job, WordCountIngest.DefaultPartition, answer) : null;
    }

    /// <inheritdoc/>
    public async Task<TopJson?> TopAsync(int leader, int limit, CancellationToken cancellationToken)
    {
        if (Find(leader) is not { } node)
            return null;
        var answer = await new CountingService(node).TopAsync(limit, cancellationToken: cancellationToken);
        return answer.Outcome == Outcome.Applied ? CounterEndpoints.Json(answer) : null;
    }

    /// <inheritdoc/>
    public async Task<CounterJson?> CounterAsync(int leader, string key, CancellationToken cancellationToken)
    {
        if (Find(leader) is not { } node)
            return null;
        var answer = await new CountingService(node).GetAsync(key, cancellationToken: cancellationToken);
        return answer.Outcome == Outcome.Applied ? CounterEndpoints.Json(key, answer, showMatch: false) : null;
    }

    /// <inheritdoc/>
    public async Task KillAsync(int id)
    {
        RaftNode? node;
        lock (_gate)
            _running.Remove(id, out node);
        if (node is not null)
            await node.DisposeAsync();
    }

    /// <inheritdoc/>
    public async Task StartAgainAsync(int id, CancellationToken cancellationToken)
    {
        var node = await RaftHostedService.StartNodeAsync(_settings[id], clientAddress: null, NullLoggerFactory.Instance, NodeIo.Real, cancellationToken);
        lock (_gate)
            _running[id] = node;
    }

    /// <summary>Null: one process holds them all.</summary>
    public long? PeakNodeMemoryBytes() => null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in Running())
            await node.DisposeAsync();
        lock (_gate)
            _running.Clear();
    }

    private List<RaftNode> Running()
    {
        lock (_gate)
            return [.. _running.Values];
    }

    private RaftNode? Find(int id)
    {
        lock (_gate)
            return _running.GetValueOrDefault(id);
    }
}
