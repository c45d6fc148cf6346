using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// The listening half of a member that is played: takes the node's connections, answers their greetings as a good member, and keeps every
/// frame that comes for the corpus.
/// </summary>
internal sealed class PlayedMember : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly NodeId _self;
    private readonly Corpus _corpus;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile Action<byte[]>? _onFrame;

    public PlayedMember(NodeId self, DnsEndPoint address, Corpus corpus)
    {
        (_self, _corpus) = (self, corpus);
        _listener = new(IPAddress.Parse(address.Host), address.Port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Calls this with every frame that comes, on the thread that read it.</summary>
    public void OnFrame(Action<byte[]>? call) => _onFrame = call;

    /// <summary>A connection to the node, greeted as that member; null if the node refused.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="IOException">The node hung up.</exception>
    public static Socket? Dial(DnsEndPoint target, NodeId self, Lane lane)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = 10_000, ReceiveTimeout = 10_000 };
        var isGood = false;
        try
        {
            socket.Connect(IPAddress.Parse(target.Host), target.Port);
            using var stream = new NetworkStream(socket, ownsSocket: false);
            var bytes = new byte[Handshake.LargestForeignSize];
            stream.Write(bytes.AsSpan(0, Handshake.Greeting(Identity(self), FuzzNode.Self, lane).Write(bytes)));
            stream.ReadExactly(bytes.AsSpan(0, Handshake.PrefixSize));
            if (!Handshake.TryReadPrefix(bytes, out _, out var size))
                return null;
            stream.ReadExactly(bytes.AsSpan(Handshake.PrefixSize, size - Handshake.PrefixSize));
            isGood = Handshake.TryRead(bytes.AsSpan(0, size), out var answer) && answer.Refusal == HandshakeRefusal.None;
            return isGood ? socket : null;
        }
        finally
        {
            if (!isGood)
                socket.Dispose();
        }
    }

    /// <summary>What a member says of itself.</summary>
    public static HandshakeIdentity Identity(NodeId self) => new(FuzzNode.Cluster, 0, self, 1, "", "");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                open.RemoveAll(static task => task.IsCompleted);
                open.Add(ServeAsync(client));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var book = new PeerBook(_self, Patience);
                var connection = SecuredStream.Plain(client.GetStream());
                var greeted = await HandshakeExchange.AcceptAsync(connection, Identity(_self), book, _stop.Token);
                if (!greeted.Accepted)
                    return;
                var budget = new ReceiveBudget();
                using var reader = new FrameReader(connection.Stream, FuzzNode.Self, greeted.Peer.Lane, budget, TimeSpan.FromMinutes(1), _stop.Token);
                while (await reader.ReadAsync() == FrameFault.None)
                {
                    budget.Return(FuzzNode.Self, reader.Current.Length);
                    if (reader.Current.Length < 4096)
                        _corpus.Record(reader.Current);
                    _onFrame?.Invoke(reader.Current);
                }
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return; // The node was stopped, or the run is over.
        }
    }
}
