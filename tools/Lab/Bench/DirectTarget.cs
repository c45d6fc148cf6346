using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Node.Commands;
using RaftStream.Node.Hosting;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Lab.Bench;

/// <summary>The replicas as objects of this process, real disks and TCP between them, callers beside the leader: no HTTP.</summary>
internal sealed class DirectTarget : IBenchTarget
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly List<RaftNode> _nodes = [];
    private readonly string[] _keys;
    private RaftNode? _leader;
    private CountingService? _counters;

    private DirectTarget(string[] keys)
    {
        _keys = keys;
    }

    /// <inheritdoc/>
    public string Mode => "direct";

    /// <summary>Starts the replicas, each with a folder of its own under <paramref name="folder"/>.</summary>
    public static async Task<DirectTarget> StartAsync(BenchPlan plan, string folder, CancellationToken cancellationToken)
    {
        var file = ClusterFile.Create(plan.Nodes, basePort: null);
        var target = new DirectTarget(BenchKeys.Create(plan.KeyBytes));
        try
        {
            foreach (var member in file.Nodes)
            {
                var settings = ProgramSettings.From(new NodeOptions
                {
                    Id = member.Id.ToString(CultureInfo.InvariantCulture),
                    Cluster = file.Members,
                    ClusterId = file.ClusterId,
                    Data = Path.Combine(folder, $"node-{member.Id}"),
                });
                target._nodes.Add(await RaftHostedService.StartNodeAsync(settings.Node, clientAddress: null, NullLoggerFactory.Instance, NodeIo.Real, cancellationToken));
            }

            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<StatusJson> AimAsync(int inFlight, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            _leader = _nodes.Where(node => node.Status is { Role: Role.Leader, IsReady: true }).MaxBy(node => node.Status.Term.Value);
            if (_leader is not null)
                break;
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new UndecidedException($"The replicas found no leader within {Patience.TotalSeconds:0} s.");
            await Task.Delay(Poll, cancellationToken);
        }

        _counters = new CountingService(_leader);
        return await StatusAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StatusJson> StatusAsync(CancellationToken cancellationToken) =>
        Task.FromResult(StatusEndpoints.From(_leader!.Status, static _ => null));

    /// <inheritdoc/>
    public async ValueTask<AddResult> AddAsync(int key)
    {
        var answer = await _counters!.AddAsync(_keys[key], 1);
        return answer.Outcome switch
        {
            Outcome.Applied when answer.Problem is null => AddResult.Acknowledged,
            Outcome.Applied or Outcome.Rejected => AddResult.Rejected,
            _ => AddResult.Unknown,
        };
    }

    /// <inheritdoc/>
    public async Task<long> TotalAsync(CancellationToken cancellationToken)
    {
        var answer = await _counters!.StatsAsync(cancellationToken: cancellationToken);
        return answer.Outcome == Outcome.Applied
            ? answer.Total
            : throw new UndecidedException($"The leader did not tell the sum of the counters ({answer.Refusal}): the run is not verified.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _nodes.Clear();
    }
}
