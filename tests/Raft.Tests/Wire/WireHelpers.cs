using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>Waiting for a condition, with a deadline far beyond what a healthy run needs.</summary>
internal static class Wait
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Deadline)
                Assert.Fail($"This did not come true within {Deadline.TotalSeconds} s: {what}");
            await timer.WaitForNextTickAsync();
        }
    }
}

/// <summary>Keeps what it is given, or refuses it. What it takes it returns to the budget at once, unless told to hold it.</summary>
internal sealed class RecordingSink : IFrameSink
{
    private readonly ConcurrentQueue<(NodeId Peer, byte[] Frame)> _frames = new();

    public ReceiveBudget Budget { get; } = new();

    public bool IsFull { get; set; }

    public bool IsHolding { get; set; }

    public int Count => _frames.Count;

    public IReadOnlyList<(NodeId Peer, byte[] Frame)> Frames => [.. _frames];

    public bool TryDeliver(NodeId peer, byte[] frame)
    {
        if (IsFull)
            return false;
        _frames.Enqueue((peer, frame));
        if (!IsHolding)
            Budget.Return(peer, frame.Length);
        return true;
    }
}

/// <summary>Keeps the sentences that were logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IReadOnlyList<string> Warnings => [.. _lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text)];

    public bool HasWarning(string part) => Warnings.Any(line => line.Contains(part, StringComparison.Ordinal));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, formatter(state, exception)));
}

/// <summary>One transport with its sink and log.</summary>
internal sealed class Station : IAsyncDisposable
{
    public static readonly Guid Cluster = new("6f1d6f3e-52c9-4a52-9f3c-0f2d8f0a7b11");

    private Station(TransportOptions options)
    {
        Options = options;
        Transport = new(options, Sink, Sink.Budget, Logger);
    }

    public TransportOptions Options { get; }

    public RecordingSink Sink { get; } = new();

    public RecordingLogger Logger { get; } = new();

    public TcpTransport Transport { get; }

    public DnsEndPoint Address => Options.ListenAddress;

    public static TransportOptions OptionsOf(int node, IReadOnlyDictionary<NodeId, DnsEndPoint> members) => new()
    {
        Node = new(node),
        ClusterId = Cluster,
        ProcessIncarnation = (ulong)node * 1000,
        Members = members,
        ClientAddress = string.Create(CultureInfo.InvariantCulture, $"client-{node}:80"),
    };

    public static async Task<Station> StartAsync(TransportOptions options)
    {
        var station = new Station(options);
        await station.Transport.StartAsync(CancellationToken.None);
        return station;
    }

    public static Task<Station> StartAsync(int node, IReadOnlyDictionary<NodeId, DnsEndPoint> members) => StartAsync(OptionsOf(node, members));

    public bool Send(int peer, Lane lane, byte[] frame) => Transport.TrySend(new(peer), lane, frame);

    public Task ConnectedAsync(int peer) => Wait.UntilAsync(
        () => Enum.GetValues<Lane>().All(lane => Transport.Connected(new(peer), lane)),
        $"node {Options.Node} is connected to node {peer} on every lane");

    public ValueTask DisposeAsync() => Transport.DisposeAsync();
}

/// <summary>Ports, frames and raw connections.</summary>
internal static class Loopback
{
    private const int FirstPort = 15_000;
    private const int LastPort = 30_000;
    private static int _nextPort = FirstPort + (Environment.ProcessId * 61 % (LastPort - FirstPort));

    /// <summary>
    /// An address that nobody listens at. Below the range from which kernels choose ports for outgoing connections, so that nothing
    /// takes it while a test has its transport down.
    /// </summary>
    public static DnsEndPoint FreeAddress()
    {
        while (true)
        {
            var port = FirstPort + (Interlocked.Increment(ref _nextPort) % (LastPort - FirstPort));
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return new("127.0.0.1", port);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                TestContext.Progress.WriteLine($"Port {port} is taken; trying the next.");
            }
        }
    }

    public static Dictionary<NodeId, DnsEndPoint> Members(int count) =>
        Enumerable.Range(1, count).ToDictionary(node => new NodeId(node), _ => FreeAddress());

    /// <summary>A frame of that type whose body starts with a number.</summary>
    public static byte[] NumberedFrame(byte type, int number, int bodyLength = 8)
    {
        var frame = new byte[Frame.HeadSize + bodyLength];
        new Random(number).NextBytes(frame.AsSpan(Frame.HeadSize));
        frame[0] = type;
        BitConverter.TryWriteBytes(frame.AsSpan(Frame.HeadSize), number);
        return frame;
    }

    public static int NumberOf(byte[] frame) => BitConverter.ToInt32(frame, Frame.HeadSize);

    public static async Task<TcpClient> DialAsync(DnsEndPoint address)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        return client;
    }

    /// <summary>Everything that the other side sends until it closes; a reset counts as closing.</summary>
    public static async Task<byte[]> ReadToEndAsync(TcpClient client)
    {
        var all = new MemoryStream();
        try
        {
            await client.GetStream().CopyToAsync(all);
        }
        catch (IOException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            TestContext.Progress.WriteLine("The connection was reset.");
        }

        return all.ToArray();
    }

    /// <summary>Greets as that node and returns the answer.</summary>
    public static async Task<Handshake> GreetAsync(TcpClient client, Handshake greeting)
    {
        var bytes = new byte[Handshake.LargestSize];
        await client.GetStream().WriteAsync(bytes.AsMemory(0, greeting.Write(bytes)));
        await client.GetStream().ReadExactlyAsync(bytes.AsMemory(0, Handshake.PrefixSize));
        Assert.That(Handshake.TryReadPrefix(bytes, out _, out var size), Is.True);
        await client.GetStream().ReadExactlyAsync(bytes.AsMemory(Handshake.PrefixSize, size - Handshake.PrefixSize));
        Assert.That(Handshake.TryRead(bytes.AsSpan(0, size), out var answer), Is.True);
        return answer;
    }
}
