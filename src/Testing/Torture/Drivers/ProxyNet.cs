using System.Net;

namespace RaftStream.Testing;

/// <summary>How far a node's process has come.</summary>
internal enum NodeLife
{
    /// <summary>It does not run.</summary>
    Down = 0,

    /// <summary>It was started and may not listen yet.</summary>
    Started = 1,

    /// <summary>It listens at its ports for clients.</summary>
    Ready = 2,
}

/// <summary>
/// All ways between the nodes and the clients of a run, and the proxies on them, each made when it is first asked for, so that a node that is added later is
/// nothing special. Owned by a driver; thread-safe.
/// </summary>
internal sealed class ProxyNet : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Link, LinkWay> _ways = [];
    private readonly Dictionary<Place, LinkProxy> _proxies = [];
    private readonly Dictionary<int, NodeLife> _lives = [];
    private readonly FreePorts _ports;
    private readonly IPAddress? _dialFrom;
    private readonly ulong _seed;

    /// <summary>A net in good order, with every node down.</summary>
    /// <param name="ports">Where its proxies get their ports; disposed with it.</param>
    /// <param name="seed">What all chances are drawn from.</param>
    /// <param name="dialFrom">The address that its proxies dial from; null for whichever the kernel takes.</param>
    public ProxyNet(FreePorts ports, ulong seed, IPAddress? dialFrom = null)
    {
        _ports = ports;
        _seed = seed;
        _dialFrom = dialFrom;
    }

    /// <summary>What faults have touched on all ways.</summary>
    public long Touched
    {
        get
        {
            lock (_lock)
                return _ways.Values.Sum(static way => way.Touched);
        }
    }

    /// <summary>Where <paramref name="link"/>'s sender finds a port of its receiver: host:port.</summary>
    /// <param name="link">Who dials whom.</param>
    /// <param name="port">The port's name.</param>
    /// <param name="target">Where the receiver listens with it.</param>
    /// <exception cref="InvalidOperationException">There is no free port.</exception>
    public string Address(Link link, string port, IPEndPoint target)
    {
        lock (_lock)
        {
            if (_proxies.TryGetValue(new Place(link, port), out var known))
                return known.Address;
            var proxy = new LinkProxy(new IPEndPoint(IPAddress.Loopback, _ports.Take()), target, Way(link), Way(Reverse(link)), _dialFrom);
            _proxies.Add(new Place(link, port), proxy);
            Refresh(link, proxy);
            return proxy.Address;
        }
    }

    /// <summary>Puts a way in a state.</summary>
    public void Set(Link link, LinkFault fault)
    {
        lock (_lock)
        {
            Way(link).Set(fault);
            RefreshAll();
        }
    }

    /// <summary>Tells how far a node has come.</summary>
    public void Set(int node, NodeLife life)
    {
        lock (_lock)
        {
            _lives[node] = life;
            RefreshAll();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        LinkProxy[] proxies;
        lock (_lock)
            proxies = [.. _proxies.Values];
        foreach (var proxy in proxies)
            await proxy.DisposeAsync();
        _ports.Dispose();
    }

    private static Link Reverse(Link link) => new(link.To, link.From);

    private LinkWay Way(Link link)
    {
        if (!_ways.TryGetValue(link, out var way))
            _ways.Add(link, way = new LinkWay(link, _seed));
        return way;
    }

    private void RefreshAll()
    {
        foreach (var (place, proxy) in _proxies)
            Refresh(place.Link, proxy);
    }

    /// <summary>
    /// Who dials a node that is down is refused, as by the node's kernel; but nobody is refused across a way that drops: the refusal would have to pass.
    /// Clients are refused until the node listens, too, so that they know that what they asked for was not done.
    /// </summary>
    private void Refresh(Link link, LinkProxy proxy)
    {
        var life = _lives.GetValueOrDefault(link.To);
        var isThere = link.From == Link.Clients ? life == NodeLife.Ready : life != NodeLife.Down;
        if (isThere || Way(link).Drops || Way(Reverse(link)).Drops)
            proxy.Open();
        else
            proxy.Shut();
    }

    /// <summary>A proxy's place.</summary>
    private readonly record struct Place(Link Link, string Port);
}
