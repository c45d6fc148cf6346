using System.Net;
using System.Net.Sockets;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;

namespace RaftStream.Node.Tests.Http;

internal sealed class SilentMachineTests
{
    [Test]
    [Platform("Linux")]
    public async Task ARequestToAMachineThatDoesNotAnswerWasNeverSent()
    {
        // A queue of connections that is full: the kernel drops what comes, as a partition does.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var give = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 8).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        var connecting = waiting.ConvertAll(socket => socket.ConnectAsync(listener.LocalEndPoint!, give.Token).AsTask());
        try
        {
            await Task.WhenAll(connecting[..2]);
            using var http = HttpClients.Create();
            var reply = await new NodeClient(http, $"http://{listener.LocalEndPoint}").AddAsync("key", 1, TimeSpan.FromSeconds(20), CancellationToken.None);
            Assert.That((reply.Value, reply.NeverSent, reply.NothingDone), Is.EqualTo(((CounterJson?)null, true, true)));
        }
        finally
        {
            await give.CancelAsync();
            waiting.ForEach(static socket => socket.Dispose());
            await Task.WhenAll(connecting).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
