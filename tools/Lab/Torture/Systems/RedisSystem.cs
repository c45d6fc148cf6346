using System.Collections.Concurrent;
using System.Globalization;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>
/// redis-server from the machine's own packages: node 1 is the primary, the others its replicas, every write is synced to disk, and
/// <see cref="RedisOperator"/> promotes a replica once the primary is gone, as Sentinel would. Replication is asynchronous, so what a primary
/// acknowledged and had not yet passed on is lost when another takes over: this is what the lab is to find.
/// </summary>
internal sealed class RedisSystem : IOperatedSystem
{
    private const string Port = "redis";

    // Written once: a server that changes sides writes it anew, so that it knows after a restart whose replica it is.
    private const string Start = "cd \"$0\" && { [ -f redis.conf ] || printf '%s\\n' \"$@\" > redis.conf; } && exec redis-server ./redis.conf";

    private readonly ConcurrentDictionary<int, NodeSite> _sites = new();
    private int _primary = 1;
    private int _promotions;

    /// <inheritdoc/>
    public string Name => "redis";

    /// <inheritdoc/>
    public IReadOnlyList<string> PeerPorts { get; } = [Port];

    /// <inheritdoc/>
    public IReadOnlyList<string> ClientPorts { get; } = [Port];

    /// <inheritdoc/>
    public IReadOnlySet<OperationFunction> Functions { get; } =
        new HashSet<OperationFunction> { OperationFunction.Read, OperationFunction.Write, OperationFunction.CompareAndSet, OperationFunction.Add };

    /// <summary>The node that is the primary by the operator's account.</summary>
    public int Primary
    {
        get => Volatile.Read(ref _primary);
        private set => Volatile.Write(ref _primary, value);
    }

    /// <summary>How often a replica was promoted.</summary>
    public int Promotions => Volatile.Read(ref _promotions);

    /// <summary>The nodes that were ever to be started.</summary>
    public IReadOnlyList<int> Nodes => [.. _sites.Keys.Order()];

    /// <inheritdoc/>
    public NodeProgram ProgramOf(NodeSite site)
    {
        _sites[site.Id] = site;
        var (host, port) = Split(site.Listen(Port));
        List<string> lines =
        [
            $"bind {host}", $"port {port}", "protected-mode no", "daemonize no", "dir .",
            "appendonly yes", "appendfsync always", "save \"\"",
            "repl-ping-replica-period 1", "repl-timeout 5", "repl-diskless-sync yes", "repl-diskless-sync-delay 0",
        ];
        if (site.Id != Primary)
        {
            var (primaryHost, primaryPort) = WayTo(site.Id, Primary);
            lines.Add($"replicaof {primaryHost} {primaryPort}");
        }

        return new("sh", ["-c", Start, site.Folder, .. lines]);
    }

    /// <inheritdoc/>
    public ISystemClient Connect(string address) => new RedisClient(address);

    /// <inheritdoc/>
    public async Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken) =>
        await RedisInfo.AskAsync(address, cancellationToken) is { } info ? new(info.IsPrimary, Promotions + 1, info.Offset, info.Offset, "") : null;

    /// <inheritdoc/>
    public Task OperateAsync(Func<int, string> addressOf, CancellationToken stop) => new RedisOperator(this, addressOf).RunAsync(stop);

    /// <summary>Under which address a node finds another one.</summary>
    public (string Host, string Port) WayTo(int from, int to) => Split(_sites[from].Reach(to, Port));

    /// <summary>A replica has become the primary.</summary>
    public void Promoted(int node)
    {
        Primary = node;
        Interlocked.Increment(ref _promotions);
    }

    private static (string Host, string Port) Split(string address)
    {
        var colon = address.LastIndexOf(':');
        return (address[..colon], int.Parse(address[(colon + 1)..], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
    }
}
