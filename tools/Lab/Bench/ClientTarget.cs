using RaftStream.Client;
using RaftStream.Hosting.Http;
using RaftStream.Node.Commands;
using RaftStream.Node.Http;
using RaftStream.Node.Local;

namespace RaftStream.Lab.Bench;

/// <summary>A process a node, spoken to through the .NET client: one connection to the leader, requests pipelined on it.</summary>
internal sealed class ClientTarget : IBenchTarget
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LocalCluster _cluster;
    private readonly string[] _keys;
    private RaftStreamClient? _client;
    private int _leader;

    private ClientTarget(LocalCluster cluster, string[] keys) => (_cluster, _keys) = (cluster, keys);

    /// <inheritdoc/>
    public string Mode => "client";

    /// <summary>Starts the nodes.</summary>
    public static async Task<ClientTarget> StartAsync(BenchPlan plan, string folder, CancellationToken cancellationToken)
    {
        var options = new LocalClusterOptions(plan.Nodes, folder, BasePort: null, Temporary: true, OnError: null);
        return new(await LocalCluster.StartAsync(options, cancellationToken), BenchKeys.Create(plan.KeyBytes));
    }

    /// <inheritdoc/>
    public async Task<StatusJson> AimAsync(int inFlight, CancellationToken cancellationToken)
    {
        var leader = await ReadyLeader.FindAsync(_cluster.StatusesAsync, Patience, cancellationToken);
        _leader = leader.Id;
        if (_client is not null)
            await _client.DisposeAsync();
        _client = await RaftStreamClient.ConnectAsync(new() { Nodes = [.. _cluster.Members.Select(static member => member.Client!)], MaxInFlight = inFlight, Name = "bench" }, cancellationToken);
        return leader;
    }

    /// <inheritdoc/>
    public async Task<StatusJson> StatusAsync(CancellationToken cancellationToken)
    {
        var reply = await _cluster.Client(_leader).StatusAsync(Patience, cancellationToken);
        return reply.Value ?? throw new UndecidedException($"Node {_leader} did not tell its status within {Patience.TotalSeconds:0} s: the run has no figures.");
    }

    /// <inheritdoc/>
    public async ValueTask<AddResult> AddAsync(int key)
    {
        var added = await _client!.AddAsync(_keys[key], 1);
        return added.Outcome switch
        {
            ClientOutcome.Applied => AddResult.Acknowledged,
            ClientOutcome.Rejected => AddResult.Rejected,
            _ => AddResult.Unknown,
        };
    }

    /// <inheritdoc/>
    public async Task<long> TotalAsync(CancellationToken cancellationToken)
    {
        var top = await _client!.TopAsync(1, cancellationToken: cancellationToken);
        return top.Outcome == ClientOutcome.Applied ? top.Total : throw new UndecidedException($"The sum of the counters could not be read, so the run is not verified: {top.Problem}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }
}
