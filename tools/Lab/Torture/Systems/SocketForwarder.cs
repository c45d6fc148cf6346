using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>Leads whoever dials one place on to another, byte for byte and no better than the way there is. Listens until it is disposed of.</summary>
internal sealed class SocketForwarder : IAsyncDisposable
{
    private const int MaxConnections = 256;
    private const int BufferSize = 16 * 1024;

    private readonly Socket _listener;
    private readonly EndPoint _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, Task> _connections = new();
    private readonly Task _accepting;
    private bool _isDisposed;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">It cannot listen there.</exception>
    public SocketForwarder(EndPoint place, EndPoint target)
    {
        _target = target;
        _listener = Open(place.AddressFamily);
        _listener.Bind(place);
        _listener.Listen();
        Place = _listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Place { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Values);
        _stop.Dispose();
    }

    private static Socket Open(AddressFamily family) => new(family, SocketType.Stream, family == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);

    private async Task AcceptAsync()
    {
        for (var number = 0L; !_stop.IsCancellationRequested; number++)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Whoever dialled has gone again, or we are to end: the loop looks which.
                continue;
            }

            if (_connections.Count >= MaxConnections)
            {
                near.Dispose();
                continue;
            }

            var current = number;
            var connection = LeadAsync(near);
            _connections[current] = connection;
            _ = connection.ContinueWith(_ => _connections.TryRemove(current, out var _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task LeadAsync(Socket near)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var far = Open(_target.AddressFamily);
        try
        {
            using (near)
            {
                await far.ConnectAsync(_target, end.Token);
                var (there, back) = (CopyAsync(near, far, end.Token), CopyAsync(far, near, end.Token));
                await Task.WhenAny(there, back);
                await end.CancelAsync();
                await Task.WhenAll(there, back);
            }
        }
        catch (Exception broken) when (broken is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The way is broken on one side, so it is on the other: both are closed.
            return;
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken end)
    {
        var buffer = new byte[BufferSize];
        while (await from.ReceiveAsync(buffer, end) is > 0 and var count)
        {
            for (var sent = 0; sent < count;)
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), end);
        }
    }
}
