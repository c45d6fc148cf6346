using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>A proxy from node 1 to node 2, with a listener of the test's behind it.</summary>
internal sealed class ProxyRig : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];
    private readonly FreePorts _ports = new();

    public ProxyRig(ulong seed = 1)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
        There = new LinkWay(new Link(1, 2), seed);
        Back = new LinkWay(new Link(2, 1), seed);
        Proxy = new LinkProxy(new IPEndPoint(IPAddress.Loopback, _ports.Take()), (IPEndPoint)_listener.LocalEndPoint!, _ => new LinkWays(There, Back));
        Proxy.Open();
    }

    public LinkWay There { get; }

    public LinkWay Back { get; }

    public LinkProxy Proxy { get; }

    /// <summary>The end of what the test waits for: so long that only a bug gets there.</summary>
    public static CancellationToken Patience => new CancellationTokenSource(Limit).Token;

    /// <summary>Waits for a condition.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Limit), $"This did not come true: {what}.");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Sends all of it.</summary>
    public static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, Patience)..];
    }

    /// <summary>Receives that many bytes.</summary>
    public static async Task<byte[]> ReceiveAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var got = 0; got < length;)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(got), Patience);
            Assert.That(more, Is.Positive, $"The stream ended after {got} of {length} bytes.");
            got += more;
        }
        return bytes;
    }

    /// <summary>Receives until the connection ends: what came, and whether it ended by a reset.</summary>
    public static async Task<(byte[] Bytes, bool IsReset)> DrainAsync(Socket socket)
    {
        var all = new List<byte>();
        var bytes = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(bytes, Patience) is > 0 and var got)
                all.AddRange(bytes.AsSpan(0, got));
            return ([.. all], false);
        }
        catch (SocketException)
        {
            return ([.. all], true);
        }
    }

    /// <summary>Bytes of which each says where it stands.</summary>
    public static byte[] Counted(int length) => [.. Enumerable.Range(0, length).Select(static place => (byte)((place * 31) ^ (place >> 8)))];

    /// <summary>Dials the proxy.</summary>
    public async Task<Socket> DialAsync()
    {
        var socket = Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(IPEndPoint.Parse(Proxy.Address), Patience);
        return socket;
    }

    /// <summary>Takes a connection at the far end.</summary>
    public async Task<Socket> AcceptAsync() => Keep(await _listener.AcceptAsync(Patience));

    /// <summary>A connection through the proxy, both ends of it.</summary>
    public async Task<(Socket Near, Socket Far)> ConnectAsync()
    {
        var near = await DialAsync();
        return (near, await AcceptAsync());
    }

    /// <summary>Whether a connection waits at the far end.</summary>
    public bool HasArrived() => _listener.Poll(TimeSpan.Zero, SelectMode.SelectRead);

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var socket in _sockets)
            socket.Dispose();
        _listener.Dispose();
        _ports.Dispose();
    }

    private Socket Keep(Socket socket)
    {
        _sockets.Add(socket);
        return socket;
    }
}
