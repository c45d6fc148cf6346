using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RaftStream.Node.Tests.Torture;

/// <summary>A server that sends the same bytes to whoever has sent it something, and closes the connection.</summary>
internal sealed class CannedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private volatile string _lastRequest = "";

    public CannedServer(string answer)
    {
        _listener.Start();
        _serving = ServeAsync(Encoding.UTF8.GetBytes(answer));
    }

    /// <summary>Where it listens.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>What it was sent last, as text.</summary>
    public string LastRequest => _lastRequest;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(byte[] answer)
    {
        var request = new byte[4096];
        while (true)
        {
            using var socket = await _listener.AcceptSocketAsync(_stop.Token);
            var length = await socket.ReceiveAsync(request, _stop.Token);
            _lastRequest = Encoding.UTF8.GetString(request, 0, length);
            await socket.SendAsync(answer, _stop.Token);
            socket.Shutdown(SocketShutdown.Send);

            // To the end, or what is unread would make of the close a reset, which can overtake the answer.
            while (await socket.ReceiveAsync(request, _stop.Token) > 0)
                continue;
        }
    }
}
