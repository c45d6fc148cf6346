using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>A driver that only remembers what it was told, and a system that has a leader where it is told to.</summary>
internal sealed class FakeField : IClusterDriver, ITestedSystem, ISnapshotSystem
{
    private readonly Dictionary<int, bool> _running = [];
    private readonly Dictionary<Link, LinkFault> _links = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("raftstream-nemeses-").FullName;

    public FakeField(int nodes)
    {
        for (var node = 1; node <= nodes; node++)
            _running[node] = true;
        Watch = new(this, this, new());
        foreach (var node in Nodes)
            Watch.Follow(node);
        Field = new(this, this, Watch, hasFaultyNodes: true);
    }

    public ClusterWatch Watch { get; }

    public Field Field { get; }

    /// <summary>Who says that it leads.</summary>
    public int Leading { get; set; } = 2;

    /// <summary>Where the next snapshots reach; none is taken behind the last.</summary>
    public Queue<long?> Snapshots { get; } = new();

    /// <summary>Who votes by the nodes' account; null: all nodes.</summary>
    public IReadOnlyList<int>? Voters { get; set; }

    /// <summary>The ways that are not as they should be.</summary>
    public IReadOnlyDictionary<Link, LinkFault> Links => _links;

    /// <summary>The nodes that stand still.</summary>
    public HashSet<int> Paused { get; } = [];

    /// <summary>What was done, in order.</summary>
    public List<string> Done { get; } = [];

    public long Touched { get; set; }

    public string Name => "fake";

    public LinkFaults Abilities { get; set; } = (LinkFaults)63;

    public bool CutsNewcomers => true;

    public string? WhyNoWallClocks { get; set; }

    public bool SetsWallClocks { get; set; }

    public IReadOnlyList<int> Nodes => [.. _running.Keys.Order()];

    public IReadOnlyList<string> PeerPorts => ["peer"];

    public IReadOnlyList<string> ClientPorts => ["client"];

    public IReadOnlySet<OperationFunction> Functions => new HashSet<OperationFunction>();

    public int AddNode()
    {
        _running[_running.Count + 1] = false;
        return _running.Count;
    }

    public Task<long?> SnapshotAsync(string address, CancellationToken deadline) => Task.FromResult(Snapshots.TryDequeue(out var reached) ? reached : null);

    public void Start(int node)
    {
        Done.Add($"start {node}");
        _running[node] = true;
    }

    public Task KillAsync(int node)
    {
        Done.Add($"kill {node}");
        _running[node] = false;
        return Task.CompletedTask;
    }

    public Task StopAsync(int node)
    {
        Done.Add($"stop {node}");
        _running[node] = false;
        return Task.CompletedTask;
    }

    public void Pause(int node, bool isPaused) => _ = isPaused ? Paused.Add(node) : Paused.Remove(node);

    public bool IsRunning(int node) => _running[node];

    public int StartsOf(int node) => Done.Count(done => done == $"start {node}");

    public string FolderOf(int node) => Directory.CreateDirectory(Path.Combine(_folder, $"{node}")).FullName;

    public string ClientAddress(int node, string port) => $"{node}:{port}";

    public string LabAddress(int node, string port) => $"{node}:{port}";

    public string SharedAddress(int node, string port) => $"{node}:{port}";

    public Task SetLinkAsync(Link link, LinkFault fault)
    {
        if (fault == LinkFault.None)
            _links.Remove(link);
        else
            _links[link] = fault;
        return Task.CompletedTask;
    }

    public Task<long> TouchedAsync() => Task.FromResult(Touched);

    public NodeProgram ProgramOf(NodeSite site) => new("none", []);

    public ISystemClient Connect(string address) => throw new InvalidOperationException("Nobody connects here.");

    public Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken)
    {
        var node = int.Parse(address.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        return Task.FromResult(Paused.Contains(node) || !_running[node] ? null : new NodeView(node == Leading, 1, 1, 1, "") { Voters = Voters ?? Nodes });
    }

    public async ValueTask DisposeAsync()
    {
        await Watch.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
