using System.Net;
using System.Net.Sockets;

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
/// <remarks>
/// Each pair and port has an address of its own, which tells who dials; but nodes tell each other addresses, and so one may dial by another one's. Where the
/// machine says which node it is that dialled, that counts, whatever address it has used.
/// </remarks>
internal sealed class ProxyNet : IAsyncDisposable
{
    /// <summary>Stands for whoever dials an address that is the same for all.</summary>
    private const int Anyone = -1;

    private readonly Lock _lock = new();
    private readonly Dictionary<Link, LinkWay> _ways = [];
    private readonly Dictionary<Place, LinkProxy> _proxies = [];
    private readonly Dictionary<int, NodeLife> _lives = [];
    private readonly FreePorts _ports;
    private readonly IPAddress? _dialFrom;
    private readonly Diallers? _diallers;
    private readonly ulong _seed;

    /// <summary>A net in good order, with every node down.</summary>
    /// <param name="ports">Where its proxies get their ports; disposed with it.</param>
    /// <param name="seed">What all chances are drawn from.</param>
    /// <param name="dialFrom">The address that its proxies dial from; null for whichever the kernel takes.</param>
    /// <param name="diallers">Tells who dials; null where only the address does.</param>
    public ProxyNet(FreePorts ports, ulong seed, IPAddress? dialFrom = null, Diallers? diallers = null)
    {
        _ports = ports;
        _seed = seed;
        _dialFrom = dialFrom;
        _diallers = diallers;
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
            var proxy = new LinkProxy(new IPEndPoint(IPAddress.Loopback, _ports.Take()), target, dialler => WaysOf(link, dialler), _dialFrom);
            _proxies.Add(new Place(link, port), proxy);
            Refresh(link, proxy);
            return proxy.Address;
        }
    }

    /// <summary>
    /// Where all find a port of a node, host:port: whoever dials it takes a way of its own, and one that is no node that of the clients. The node must be able to
    /// tell this address to others, so there has to be something that tells who dials.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no free port.</exception>
    public string SharedAddress(int node, string port, IPEndPoint target)
    {
        Invariant.Check(_diallers is not null, "an address for all says nothing of who dials");
        return Address(new Link(Anyone, node), port, target);
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

    /// <summary>Null if the one who dialled is gone: nobody can say any more which way its bytes should have taken.</summary>
    private LinkWays? WaysOf(Link link, Socket dialler)
    {
        var from = link.From;
        // Clients are told apart by the address alone: the lab gives it to nobody else.
        if (from != Link.Clients && _diallers is not null)
        {
            var node = _diallers.NodeOf(dialler);
            if (node is null && from == Anyone)
                return null;
            if (node is > 0 || from == Anyone)
                from = node.GetValueOrDefault();
        }
        lock (_lock)
            return new LinkWays(Way(link with { From = from }), Way(new Link(link.To, from)));
    }

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
    /// Clients are refused until the node listens, too, so that they know that what they asked for was not done; and so is whoever may be anyone, since it may
    /// pass on what they asked for.
    /// </summary>
    private void Refresh(Link link, LinkProxy proxy)
    {
        var life = _lives.GetValueOrDefault(link.To);
        var isThere = link.From is Link.Clients or Anyone ? life == NodeLife.Ready : life != NodeLife.Down;
        if (isThere || Way(link).Drops || Way(Reverse(link)).Drops)
            proxy.Open();
        else
            proxy.Shut();
    }

    /// <summary>A proxy's place.</summary>
    private readonly record struct Place(Link Link, string Port);
}
