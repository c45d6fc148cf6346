using System.Diagnostics;
using System.Text.Json;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Lab.Bench;

/// <summary>A process a node, spoken to over HTTP: what a client of a cluster sees.</summary>
/// <remarks>
/// The load shares the cores with the nodes, so it does little: addresses are made beforehand, a request has no body (the delta is 1
/// unless told otherwise) and of a good answer only the status is looked at. 200 is sent after the increment is applied, never before.
/// </remarks>
internal sealed class ProcessTarget : IBenchTarget
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly LocalCluster _cluster;
    private readonly string[] _keys;
    private readonly Uri[] _targets = new Uri[BenchKeys.Count];
    private HttpClient? _http;
    private int _leader;

    private ProcessTarget(LocalCluster cluster, string[] keys)
    {
        (_cluster, _keys) = (cluster, keys);
    }

    /// <inheritdoc/>
    public string Mode => "http";

    /// <summary>Starts the nodes.</summary>
    public static async Task<ProcessTarget> StartAsync(BenchPlan plan, string folder, CancellationToken cancellationToken)
    {
        var options = new LocalClusterOptions(plan.Nodes, folder, BasePort: null, Temporary: true, OnError: null);
        return new ProcessTarget(await LocalCluster.StartAsync(options, cancellationToken), BenchKeys.Create(plan.KeyBytes));
    }

    /// <inheritdoc/>
    public async Task<StatusJson> AimAsync(int inFlight, CancellationToken cancellationToken)
    {
        var leader = await FindLeaderAsync(cancellationToken);
        _leader = leader.Id;
        for (var i = 0; i < _targets.Length; i++)
            _targets[i] = HttpClients.Target(_cluster.Client(_leader).Address, $"/v1/counters/{_keys[i]}/add");

        // A client of its own for each run: no connection of an earlier one is left over. The client owns the handler.
        _http?.Dispose();
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = inFlight,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        };
        _http = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
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
        using var request = new HttpRequestMessage(HttpMethod.Post, _targets[key]);
        try
        {
            using var response = await _http!.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (!response.IsSuccessStatusCode)
                return await JudgeAsync(response);
            await response.Content.CopyToAsync(Stream.Null);
            return AddResult.Acknowledged;
        }
        catch (HttpRequestException exception)
        {
            return HttpClients.NeverSent(exception) ? AddResult.Rejected : AddResult.Unknown;
        }
        catch (Exception exception) when (exception is IOException or JsonException)
        {
            return AddResult.Unknown;
        }
    }

    /// <inheritdoc/>
    public async Task<long> TotalAsync(CancellationToken cancellationToken)
    {
        var reply = await _cluster.Client(_leader).TopAsync(limit: 1, Patience, cancellationToken);
        return reply.Value?.Total ?? throw new UndecidedException($"Node {_leader} did not tell the sum of the counters within {Patience.TotalSeconds:0} s: the run is not verified.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await _cluster.DisposeAsync();
    }

    private static async Task<AddResult> JudgeAsync(HttpResponseMessage response)
    {
        await using var body = await response.Content.ReadAsStreamAsync();
        var problem = await JsonSerializer.DeserializeAsync(body, NodeJson.Default.ProblemJson);
        return problem is { Outcome: "rejected" } ? AddResult.Rejected : AddResult.Unknown;
    }

    private Task<StatusJson> FindLeaderAsync(CancellationToken cancellationToken) => ReadyLeader.FindAsync(_cluster.StatusesAsync, Patience, cancellationToken);
}
