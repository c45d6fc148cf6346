using System.Net;

namespace RaftStream.Testing;

/// <summary>
/// Runs every node as a child process of the lab on this machine; needs no privilege. Each node dials each other one, and the clients dial each node, through
/// a TCP proxy of their own, which is where the ways are cut, slowed down and spoilt. Nodes pass bytes only over TCP.
/// </summary>
/// <remarks>
/// A node is told other addresses for the others than they listen at, and one of its own to tell them (<see cref="NodeSite.Advertise"/>). On Linux the proxy behind
/// that knows who dials; elsewhere it is where the node listens, so that a node that is told of by others is reached around the proxies. Ports of nodes and proxies stay the same over restarts; those of a node that is still to come can be asked for already.
/// </remarks>
internal sealed class ProcessDriver : IClusterDriver
{
    private readonly ITestedSystem _system;
    private readonly FreePorts _freePorts = new();
    private readonly Dictionary<(int Node, string Port), IPEndPoint> _listen = [];
    private readonly NodeSlots _slots;
    private readonly ProxyNet _net;
    private readonly NodeWatch _watch;

    /// <summary>Makes places for the first nodes and starts none.</summary>
    /// <param name="system">What to run.</param>
    /// <param name="nodes">How many nodes form the cluster, 1 to <see cref="NodeSlots.MaxNode"/>.</param>
    /// <param name="root">The folder of the run: what nodes say goes to <c>nodes/node-N.log</c> in it.</param>
    /// <param name="seed">What the chances of link faults are drawn from.</param>
    /// <exception cref="InvalidOperationException">Another run has the folder.</exception>
    public ProcessDriver(ITestedSystem system, int nodes, string root, ulong seed)
    {
        _system = system;
        _slots = new NodeSlots(root, nodes);
        _net = new ProxyNet(_freePorts, seed, diallers: Diallers.CanTell ? new Diallers(() => [.. _slots.Ids.Select(node => (node, _slots[node].Pid))]) : null);
        _watch = new NodeWatch(_net);
    }

    /// <inheritdoc/>
    public string Name => "process";

    /// <inheritdoc/>
    public LinkFaults Abilities => LinkFaults.Drop | LinkFaults.Delay | LinkFaults.Loss | LinkFaults.Rate | LinkFaults.Corruption | LinkFaults.Reset;

    /// <inheritdoc/>
    public bool CutsNewcomers => Diallers.CanTell;

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

    /// <inheritdoc/>
    public int AddNode() => _slots.Add();

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The system's program cannot be started.</exception>
    public void Start(int node)
    {
        var slot = _slots[node];
        var program = _slots.ProgramOf(_system, node, LabAddress, SharedAddress, (other, port) => _net.Address(new Link(node, other), port, Listen(other, port)));
        if (slot.Start(program))
            _watch.Started(slot, [.. _system.ClientPorts.Select(port => Listen(node, port))]);
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
    public string ClientAddress(int node, string port) => _net.Address(new Link(Link.Clients, node), port, Listen(node, port));

    /// <inheritdoc/>
    public string LabAddress(int node, string port) => Listen(node, port).ToString();

    /// <inheritdoc/>
    public string SharedAddress(int node, string port) =>
        Diallers.CanTell ? _net.SharedAddress(node, port, Listen(node, port)) : LabAddress(node, port);

    /// <inheritdoc/>
    public Task SetLinkAsync(Link link, LinkFault fault)
    {
        _net.Set(link, fault);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<long> TouchedAsync() => Task.FromResult(_net.Touched);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _slots.DisposeAsync();
        await _net.DisposeAsync();
    }

    private IPEndPoint Listen(int node, string port)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(node, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(node, NodeSlots.MaxNode);
        lock (_listen)
        {
            if (!_listen.TryGetValue((node, port), out var place))
                _listen.Add((node, port), place = new IPEndPoint(IPAddress.Loopback, _freePorts.Take()));
            return place;
        }
    }
}
