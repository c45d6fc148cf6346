using System.Net;
using System.Net.Sockets;

namespace RaftStream.Testing;

/// <summary>
/// Stands between one end that dials and one that listens, as a TCP proxy, so that what lies between them can be put in trouble without any privilege. Whose
/// bytes they are it is told for each connection. Owned by a driver; closed until <see cref="Open"/>.
/// </summary>
/// <remarks>
/// It is shut while the listening end is known to be down. A client whose connection is refused knows that nothing was done; one whose connection was
/// taken by a proxy and then reset knows nothing, and each such doubt makes a history harder to judge.
/// </remarks>
internal sealed class LinkProxy : IAsyncDisposable
{
    /// <summary>The most connections it carries at once; more wait in the kernel.</summary>
    public const int MaxConnections = 1024;

    private const int Backlog = 512;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly IPEndPoint _listen;
    private readonly IPEndPoint _target;
    private readonly IPAddress? _dialFrom;
    private readonly Func<Socket, LinkWays?> _waysOf;
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _places = new(MaxConnections);
    private readonly Dictionary<ProxyConnection, Task> _connections = [];
    private Socket? _listener;
    private bool _isOver;
    private Task _accepting = Task.CompletedTask;

    /// <summary>A proxy that does not listen yet.</summary>
    /// <param name="listen">Where it will listen.</param>
    /// <param name="target">What it dials for each connection.</param>
    /// <param name="waysOf">Which ways the bytes of a connection take that was just accepted; null if nobody is left who dialled it: it is closed at once.</param>
    /// <param name="dialFrom">The address that it dials from; null for whichever the kernel takes.</param>
    public LinkProxy(IPEndPoint listen, IPEndPoint target, Func<Socket, LinkWays?> waysOf, IPAddress? dialFrom = null)
    {
        _listen = listen;
        _target = target;
        _waysOf = waysOf;
        _dialFrom = dialFrom;
    }

    /// <summary>Where it listens when it is open: host:port.</summary>
    public string Address => _listen.ToString();

    /// <summary>Where it dials.</summary>
    public IPEndPoint Target => _target;

    /// <summary>Whether it listens.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
                return _listener is not null;
        }
    }

    /// <summary>How many connections it carries.</summary>
    public int Connections
    {
        get
        {
            lock (_connections)
                return _connections.Count;
        }
    }

    /// <summary>How many bytes are in its hands.</summary>
    public int Held
    {
        get
        {
            lock (_connections)
                return _connections.Keys.Sum(static connection => connection.Held);
        }
    }

    /// <summary>Listens, if it does not yet.</summary>
    /// <exception cref="InvalidOperationException">Another program has its port.</exception>
    public void Open()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            if (_listener is not null)
                return;
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                listener.Bind(_listen);
                listener.Listen(Backlog);
            }
            catch (SocketException exception)
            {
                listener.Dispose();
                throw new InvalidOperationException($"The lab's proxy could not listen at {_listen}: {exception.Message}; another program may have taken the port, so run it again.", exception);
            }
            _listener = listener;
            _accepting = AcceptAsync(listener, _accepting);
        }
    }

    /// <summary>Refuses connections from now on; those that it carries go on.</summary>
    public void Shut()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Shut();
        if (Interlocked.Exchange(ref _isOver, true))
            return;
        await _end.CancelAsync();
        await _accepting;
        Task[] running;
        lock (_connections)
            running = [.. _connections.Values];
        await Task.WhenAll(running);
        _places.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync(Socket listener, Task before)
    {
        await before;
        try
        {
            while (true)
            {
                await _places.WaitAsync(_end.Token);
                if (await AcceptOneAsync(listener) is { } dialler)
                    Carry(dialler);
                else
                    _places.Release();
                if (!IsCurrent(listener))
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            // The driver ends; whoever is connected is told by the end of the connections.
        }
    }

    /// <summary>Null if it was shut, or if a connection was gone before it was taken.</summary>
    private async Task<Socket?> AcceptOneAsync(Socket listener)
    {
        try
        {
            return await listener.AcceptAsync(_end.Token);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Out of file handles, perhaps: not to be asked again at once.
            if (IsCurrent(listener))
                await Task.Delay(AfterFailure, _end.Token);
            return null;
        }
    }

    private bool IsCurrent(Socket listener)
    {
        lock (_lock)
            return _listener == listener;
    }

    private void Carry(Socket dialler)
    {
        if (_waysOf(dialler) is not { } ways)
        {
            dialler.Dispose();
            _places.Release();
            return;
        }
        var connection = new ProxyConnection(dialler, ways.Forward, ways.Backward, _end.Token);
        lock (_connections)
            _connections[connection] = Task.CompletedTask;
        var running = CarryAsync(connection);
        lock (_connections)
        {
            // One that is over already has taken itself out.
            if (_connections.ContainsKey(connection))
                _connections[connection] = running;
        }
    }

    private async Task CarryAsync(ProxyConnection connection)
    {
        try
        {
            await connection.RunAsync(_target, _dialFrom);
        }
        finally
        {
            lock (_connections)
                _connections.Remove(connection);
            connection.Dispose();
            _places.Release();
        }
    }
}

/// <summary>The two ways that a connection's bytes take.</summary>
/// <param name="Forward">From who dialled it.</param>
/// <param name="Backward">To who dialled it.</param>
internal readonly record struct LinkWays(LinkWay Forward, LinkWay Backward);
