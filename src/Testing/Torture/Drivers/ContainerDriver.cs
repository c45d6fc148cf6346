namespace RaftStream.Testing;

/// <summary>
/// Runs every node in a Docker container with an address of its own, the same for all; partitions are packets that the kernel drops. Linux only, as root, with a
/// Docker engine on this machine, <c>ip</c>, <c>iptables</c> and <c>nsenter</c>. Pulls and builds nothing: see <see cref="MachineImage"/>.
/// </summary>
/// <remarks>Clients dial a proxy that carries their bytes, unspoilt, from an address that stands for all clients, as with <see cref="NamespaceDriver"/>.</remarks>
internal sealed class ContainerDriver : IClusterDriver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ITestedSystem _system;
    private readonly NodeSlots _slots;
    private readonly ContainerNet _net;
    private readonly NodePlaces _places;
    private readonly PacketFilter _filter;
    private readonly ProxyNet _clients;
    private readonly NodeWatch _watch;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, int> _starts = [];

    /// <summary>Makes places for the first nodes and starts none.</summary>
    /// <param name="system">What to run.</param>
    /// <param name="nodes">How many nodes form the cluster, 1 to <see cref="NodeSlots.MaxNode"/>.</param>
    /// <param name="root">The folder of the run: what nodes say goes to <c>nodes/node-N.log</c> in it.</param>
    /// <param name="seed">What chances are drawn from; which packets the kernel loses is not its to say.</param>
    /// <exception cref="InvalidOperationException">It cannot run here (<see cref="WhyNot"/>), the network could not be made, or another run has the folder.</exception>
    public ContainerDriver(ITestedSystem system, int nodes, string root, ulong seed)
    {
        if (WhyNot() is { } reason)
            throw new InvalidOperationException(reason);
        _system = system;
        _slots = new NodeSlots(root, nodes);
        try
        {
            _net = ContainerNet.Create(_slots.Ids);
        }
        catch
        {
            _slots.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
        _places = new NodePlaces(system, _net.AddressOf);
        _filter = new PacketFilter(_net.Inside, _net.AddressOf);
        _clients = new ProxyNet(new FreePorts(), seed, _net.Clients);
        _watch = new NodeWatch(_clients);
    }

    /// <inheritdoc/>
    public string Name => "container";

    /// <inheritdoc/>
    public LinkFaults Abilities => PacketFilter.Abilities;

    /// <inheritdoc/>
    public bool CutsNewcomers => true;

    /// <inheritdoc/>
    public string? WhyNoWallClocks => WallClockLibrary.WhyNot();

    /// <inheritdoc/>
    public bool SetsWallClocks
    {
        get => _slots.SetsWallClocks;
        set => _slots.SetsWallClocks = value;
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Nodes => _slots.Ids;

    /// <summary>In one sentence why this driver cannot run here; null if it can.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return "Containers are cut off from each other in their network namespaces, on Linux and as root only: run the lab so, or use the process driver.";
        foreach (var (command, package) in ((string, string)[])[("docker", "docker.io"), ("ip", "iproute2"), ("iptables", "iptables"), ("nsenter", "util-linux")])
        {
            if (ChildStarter.Find(command) is null)
                return $"The command {command} is not there: install the package {package}, or use the process driver.";
        }
        var (code, _, error) = SystemCommand.TryAsync(["docker", "version", "--format", "{{.Server.Version}}"]).GetAwaiter().GetResult();
        return code == 0 ? null : $"No Docker engine answers on this machine, start one or use the process driver: {error.Trim().Split('\n')[0]}";
    }

    /// <inheritdoc/>
    public int AddNode()
    {
        var node = _slots.Add();
        _net.Add(node);
        return node;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The system's program cannot be started.</exception>
    public void Start(int node)
    {
        var slot = _slots[node];
        lock (_lock)
        {
            if (slot.IsRunning)
                return;
            // A name of its own for every start: the one before may be on its way out.
            var start = _starts[node] = _starts.GetValueOrDefault(node) + 1;
            var program = _slots.ProgramOf(_system, node, LabAddress, SharedAddress, LabAddress);
            slot.Start(_net.Contain(node, _net.NameOf(node, start), program, slot.Folder));
        }
        _watch.Started(slot, [.. _system.ClientPorts.Select(port => _places.Of(node, port))]);
    }

    /// <inheritdoc/>
    public async Task KillAsync(int node)
    {
        _watch.Ending(node);
        using var end = new CancellationTokenSource(Patience);
        var slot = _slots[node];
        // Once may not be enough: the container may still be on its way in.
        while (slot.IsRunning)
        {
            await SignalAsync(node, "KILL");
            await slot.Ended.WaitAsync(Interval).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (slot.IsRunning && end.IsCancellationRequested)
                throw new InvalidOperationException($"The container of node {node} did not end when it was killed: see 'docker ps'.");
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(int node)
    {
        _watch.Ending(node);
        var slot = _slots[node];
        if (slot.IsRunning)
        {
            await SignalAsync(node, "CONT");
            await SignalAsync(node, "TERM");
            await slot.Ended.WaitAsync(NodeSlot.StopPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await KillAsync(node);
    }

    /// <inheritdoc/>
    public void Pause(int node, bool isPaused) => SignalAsync(node, isPaused ? "STOP" : "CONT").GetAwaiter().GetResult();

    /// <inheritdoc/>
    public bool IsRunning(int node) => _slots[node].IsRunning;

    /// <inheritdoc/>
    public int StartsOf(int node) => _slots[node].Starts;

    /// <inheritdoc/>
    public string FolderOf(int node) => _slots[node].Folder;

    /// <inheritdoc/>
    public string ClientAddress(int node, string port) => _clients.Address(new Link(Link.Clients, node), port, _places.Of(node, port));

    /// <inheritdoc/>
    public string LabAddress(int node, string port) => _places.Of(node, port).ToString();

    /// <inheritdoc/>
    public string SharedAddress(int node, string port) => LabAddress(node, port);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The fault is none of <see cref="Abilities"/>.</exception>
    public Task SetLinkAsync(Link link, LinkFault fault)
    {
        foreach (var end in ((int[])[link.From, link.To]).Where(static end => end != Link.Clients))
            _ = _slots[end];
        return _filter.SetAsync(link, fault);
    }

    /// <inheritdoc/>
    public Task<long> TouchedAsync() => _filter.TouchedAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        // With the holders everything in the containers ends, and then the commands that wait for them.
        _net.Dispose();
        await _slots.DisposeAsync();
        await _clients.DisposeAsync();
        _filter.Dispose();
    }

    /// <summary>One that has ended by itself gets no signal, and that is no trouble.</summary>
    private async Task SignalAsync(int node, string signal)
    {
        int start;
        lock (_lock)
            start = _starts.GetValueOrDefault(node);
        if (start > 0 && _slots[node].IsRunning)
            await SystemCommand.TryAsync(["docker", "kill", "--signal", signal, _net.NameOf(node, start)]);
    }
}
