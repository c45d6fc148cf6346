using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>
/// Stands between a dialling transport and its peer: passes bytes on, and on demand holds one lane back or flips one bit. Tells
/// lanes apart by the lane byte of the greeting.
/// </summary>
internal sealed class TamperingProxy : IAsyncDisposable
{
    private const int LaneOffset = 12;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly DnsEndPoint _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Lane, TaskCompletionSource> _held = new();
    private readonly ConcurrentBag<Task> _pumps = [];
    private readonly Task _accepting;
    private int _flips;

    public TamperingProxy(DnsEndPoint target)
    {
        _target = target;
        Address = Loopback.FreeAddress();
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, Address.Port));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public DnsEndPoint Address { get; }

    /// <summary>Passes nothing more on, towards the target, for that lane.</summary>
    public void Hold(Lane lane) => _held[lane] = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Passes that lane's bytes on again.</summary>
    public void Release(Lane lane)
    {
        if (_held.TryRemove(lane, out var held))
            held.SetResult();
    }

    /// <summary>Flips the last bit of the next bytes towards the target.</summary>
    public void FlipOnce() => Interlocked.Increment(ref _flips);

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in Enum.GetValues<Lane>())
            Release(lane);
        await _stop.CancelAsync();
        await _accepting;
        await Task.WhenAll(_pumps);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                _pumps.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            Assert.That(_stop.IsCancellationRequested, Is.True);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            try
            {
                await server.ConnectAsync(_target.Host, _target.Port, _stop.Token);
                var greeting = new byte[Handshake.LargestSize];
                var size = await client.ReceiveAsync(greeting, _stop.Token);
                if (size <= LaneOffset)
                    return;
                await server.SendAsync(greeting.AsMemory(0, size), _stop.Token);
                var lane = (Lane)greeting[LaneOffset];
                await Task.WhenAny(PumpAsync(client, server, lane), PumpAsync(server, client, null));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                TestContext.Progress.WriteLine($"The proxy lost a connection: {exception.Message}");
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Lane? lane)
    {
        var bytes = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(bytes, _stop.Token);
                if (count == 0)
                    return;
                if (lane is { } towards)
                {
                    if (_held.TryGetValue(towards, out var held))
                        await held.Task;
                    if (Interlocked.Exchange(ref _flips, 0) > 0)
                        bytes[count - 1] ^= 1;
                }

                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(bytes.AsMemory(sent, count - sent), _stop.Token);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            TestContext.Progress.WriteLine($"The proxy lost a connection: {exception.Message}");
        }
    }
}
