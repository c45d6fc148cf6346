using System.Net.Sockets;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;

namespace RaftStream.Node.Tests.Http;

/// <summary>What a client is told of a connection that was gone as soon as it came about.</summary>
internal sealed class ConnectionErrorsTests
{
    [Test]
    public async Task AConnectionThatIsGoneAtOnceNeverCarriedTheRequest()
    {
        using var http = new HttpClient(new ConnectionErrors { InnerHandler = new Gone() });
        var reply = await new NodeClient(http, "http://127.0.0.1:1").AddAsync("a", 1, TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.That((reply.Value, reply.Problem, reply.NeverSent, reply.NothingDone), Is.EqualTo(((CounterJson?)null, (ProblemJson?)null, true, true)));
    }

    private sealed class Gone : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new SocketException((int)SocketError.NotConnected);
    }
}
