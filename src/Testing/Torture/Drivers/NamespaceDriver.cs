namespace RaftStream.Testing;

/// <summary>
/// Runs every node as a child process in a network namespace of its own, on one bridge, with an address that is the same for all: partitions are packets that the
/// kernel drops, and its TCP retransmits, backs off and gives up as it does between machines. Linux only, as root, with <c>ip</c> and <c>iptables</c>.
/// </summary>
/// <remarks>
/// Clients are in the lab's process and cannot choose where they dial from, so they dial a proxy that carries their bytes, unspoilt, from an address that stands
/// for all clients; the lab itself dials from another one, which nothing cuts.
/// </remarks>
internal sealed class NamespaceDriver : IClusterDriver
{
    private readonly ITestedSystem _system;
    private readonly NodeSlots _slots;
    private readonly NamespaceNet _net;
    private readonly NodePlaces _places;
    private readonly PacketFilter _filter;
    private readonly ProxyNet _clients;
    private readonly NodeWatch _watch;

    /// <summary>Makes places for the first nodes and starts none.</summary>
    /// <param name="system">What to run.</param>
    /// <param name="nodes">How many nodes form the cluster, 1 to <see cref="NodeSlots.MaxNode"/>.</param>
    /// <param name="root">The folder of the run: what nodes say goes to <c>nodes/node-N.log</c> in it.</param>
    /// <param name="seed">What chances are drawn from; which packets the kernel loses is not its to say.</param>
    /// <exception cref="InvalidOperationException">It cannot run here (<see cref="WhyNot"/>), the network could not be made, or another run has the folder.</exception>
    public NamespaceDriver(ITestedSystem system, int nodes, string root, ulong seed)
    {
        if (WhyNot() is { } reason)
            throw new InvalidOperationException(reason);
        _system = system;
        _slots = new NodeSlots(root, nodes);
        try
        {
            _net = NamespaceNet.Create(_slots.Ids);
        }
        catch
        {
            _slots.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
        _places = new NodePlaces(system, _net.AddressOf);
        _filter = new PacketFilter(node => ["ip", "netns", "exec", _net.NamespaceOf(node)], _net.AddressOf);
        _clients = new ProxyNet(new FreePorts(), seed, _net.Clients);
        _watch = new NodeWatch(_clients);
    }

    /// <inheritdoc/>
    public string Name => "namespace";

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
        if (!OperatingSystem.IsLinux())
            return "Network namespaces are a thing of Linux: use the process driver.";
        if (!Environment.IsPrivilegedProcess)
            return "Network namespaces are made by root only: run the lab as root, or use the process driver.";
        foreach (var (command, package) in ((string, string)[])[("ip", "iproute2"), ("iptables", "iptables")])
        {
            if (ChildStarter.Find(command) is null)
                return $"The command {command} is not there: install the package {package}, or use the process driver.";
        }
        return null;
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
        if (slot.Start(_slots.ProgramOf(_system, node, LabAddress, SharedAddress, LabAddress), "ip", "netns", "exec", _net.NamespaceOf(node)))
            _watch.Started(slot, [.. _system.ClientPorts.Select(port => _places.Of(node, port))]);
    }

    /// <inheritdoc/>
    public Task KillAsync(int node)
    {
        _watch.Ending(node);
        return _slots[node].KillAsync();
    }

    /// <inheritdoc/>
    public Task StopAsync(int node)
    {
        _watch.Ending(node);
        return _slots[node].StopAsync();
    }

    /// <inheritdoc/>
    public void Pause(int node, bool isPaused) => _slots[node].Pause(isPaused);

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
        await _slots.DisposeAsync();
        await _clients.DisposeAsync();
        _filter.Dispose();
        _net.Dispose();
    }
}
