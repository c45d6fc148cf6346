using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Hosting.ClientPort;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Resp;
using RaftStream.Hosting.Security;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Security;

/// <summary>What the limits refuse on each port, and that the meters count it.</summary>
[TestFixture]
internal sealed class ClientLimitsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, long> _counted = new(StringComparer.Ordinal);
    private FakeTime _time = null!;
    private TemporaryFolder _folder = null!;
    private MeterListener _listener = null!;
    private HttpClient _http = null!;
    private WebApplication? _host;

    private string Address => _host!.Urls.First();

    private DnsEndPoint Port => new("127.0.0.1", new Uri(_host!.Urls.ElementAt(1)).Port);

    private string Resp => $"127.0.0.1:{new Uri(_host!.Urls.ElementAt(2)).Port}";

    [SetUp]
    public void SetUp()
    {
        (_folder, _http, _time) = (new(), HttpClients.Create(), new());
        _counted.Clear();
        _listener = new() { InstrumentPublished = static (instrument, listener) => { if (instrument.Meter.Name == ClientMeters.Name) listener.EnableMeasurementEvents(instrument); } };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = $"{instrument.Name["raftstream.clients.".Length..]}{string.Concat(tags.ToArray().Select(static tag => " " + tag.Value))}";
            _counted.AddOrUpdate(name, value, (_, before) => before + value);
        });
        _listener.Start();
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        _http.Dispose();
        if (_host is not null)
            await _host.DisposeAsync();
        _listener.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task AClientThatAsksTooOftenIsRefusedOnBothPortsUntilTheSecondIsOver()
    {
        await StartAsync(new() { RequestsPerSecond = 2 });
        await using var client = await DialAsync();
        for (var turn = 0; turn < 2; turn++)
        {
            Assert.That(await StatusAsync("/v1/counters/a"), Is.EqualTo(200));
            Assert.That((await ReadAsync(client, "a")).Outcome, Is.EqualTo(ClientOutcome.Applied), "the same client, the same allowance");
            using var refused = await _http.GetAsync(new Uri(Address + "/v1/counters/a"));
            Assert.That(((int)refused.StatusCode, refused.Headers.RetryAfter?.ToString()), Is.EqualTo((429, "1")));
            Assert.That(await refused.Content.ReadAsStringAsync(), Does.Contain("\"rate-limited\""));
            Assert.That(((await ReadAsync(client, "a")).Outcome, (await ReadAsync(client, "a")).Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.RateLimited)));
            Assert.That(await StatusAsync("/healthz"), Is.EqualTo(200), "whoever watches the node is not counted");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That((Counted("refusals http rate-limited"), Counted("refusals client rate-limited")), Is.EqualTo((2, 4)));
    }

    [Test]
    public async Task WhoWrapsItsRequestsLikeANodeIsCountedAllTheSame()
    {
        await StartAsync(new() { RequestsPerSecond = 1 });
        var statuses = new List<string>();
        for (var turn = 0; turn < 3; turn++)
        {
            var head = new EnvelopeHead("GET /v1/counters/a", new HeaderDictionary { [NodeVouch.Header] = "3.YWxpY2U." + new string('0', 64) });
            using var message = new HttpRequestMessage(HttpMethod.Post, Address + ForwardInlet.Path) { Content = new RequestEnvelope(head, new MemoryStream()) };
            using var response = await _http.SendAsync(message);
            statuses.Add((await EnvelopeHead.ReadAsync(new CheckedReader(await response.Content.ReadAsStreamAsync()), CancellationToken.None)).First);
        }

        Assert.That(statuses, Is.EqualTo(new[] { "200", "429", "429" }));
    }

    [Test]
    public async Task AKeyThatIsTooLongIsRefusedOnBothPorts()
    {
        await StartAsync(new() { MaxKeyBytes = 4 });
        await using var client = await DialAsync();
        Assert.That((await StatusAsync("/v1/counters/abcd"), await StatusAsync("/v1/counters/abcde"), await StatusAsync("/v1/counters?key=a&key=%C3%A4%C3%A4%C3%A4")), Is.EqualTo((200, 400, 400)));
        Assert.That(((await ReadAsync(client, "abcd")).Outcome, (await ReadAsync(client, "äää")).Refusal), Is.EqualTo((ClientOutcome.Applied, ClientRefusal.TooLarge)));
        using var tooMuch = await _http.PostAsync(new Uri(Address + "/v1/counters/a/add"), new ByteArrayContent(new byte[RequestBodies.MaxBytes + 1]));
        Assert.That((int)tooMuch.StatusCode, Is.EqualTo(413));
        Assert.That((Counted("refusals http key-size"), Counted("refusals client key-size"), Counted("refusals http request-size")), Is.EqualTo((2, 1, 1)));
    }

    [Test]
    public async Task BeyondSoManyConnectionsAPortTakesNone()
    {
        await StartAsync(new() { MaxConnections = 1 });
        Assert.That(await StatusAsync("/healthz"), Is.EqualTo(200), "it is kept open");
        using var second = new TcpClient();
        await second.ConnectAsync(IPAddress.Loopback, new Uri(Address).Port);
        Assert.That(await IsEndedAsync(second), Is.True);

        await using var client = await DialAsync();
        var refused = await NodeConnection.DialAsync(Port, new(null, "second"), 4, TimeProvider.System, null, CancellationToken.None);
        Assert.That((refused.Connection, refused.Refusal), Is.EqualTo(((NodeConnection?)null, ClientRefusal.TooManyConnections)));
        Assert.That(refused.Sentence, Does.Contain("has 1 client connections"));
        Assert.That((Counted("refusals http connections"), Counted("refusals client connections")), Is.EqualTo((1, 1)));
        await Eventually.HoldsAsync(() => (Counted("connections http"), Counted("connections client")) == (1, 1), "the refused ones are closed", Limit);
    }

    [Test]
    public async Task RequestsBeyondThoseInFlightWaitAndAreCounted()
    {
        await StartAsync(new() { MaxInFlight = 1 });
        await using var client = await DialAsync();
        Assert.That(client.Welcome.MaxInFlight, Is.EqualTo(1));
        var slow = client.SendAsync(new(RequestKind.Get) { Key = "a", Level = new(ConsistencyLevel.Session, Token: new(0, 1_000_000_000)) }, TimeSpan.FromSeconds(1), CancellationToken.None).AsTask();
        var quick = ReadAsync(client, "a");
        Assert.That((await quick).Outcome, Is.EqualTo(ClientOutcome.Applied));
        Assert.That((await slow).Refusal, Is.EqualTo(ClientRefusal.TimedOut));
        Assert.That(Counted("pipeline.waits client"), Is.Positive);
    }

    [Test]
    public async Task ThePortOfTheRedisProtocolHasTheSameLimits()
    {
        await StartAsync(new() { RequestsPerSecond = 2, MaxKeyBytes = 4, MaxConnections = 1, MaxInFlight = 2 });
        using var client = await RespClient.ConnectAsync(Resp);
        Assert.That(await client.AskAsync("SET", "abcde", "1"), Is.EqualTo("-ERR a key has 5 bytes: give 1 to 4"));
        Assert.That(await client.AskAsync("INCR", "abcd"), Is.EqualTo(":1"));
        Assert.That(await client.AskAsync("GET", "abcd"), Is.EqualTo("-" + RespErrors.RateLimited));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await client.AskAsync("GET", "abcd"), Is.EqualTo("\"1\""));
        Assert.That(await client.AskAsync("SET", "a", new string('x', RespLimits.MaxBulk + 1)), Does.StartWith("-ERR an argument has more than"));

        using var second = await RespClient.ConnectAsync(Resp);
        Assert.That((await second.ReadAsync(), await second.ReadAsync()), Is.EqualTo(("-ERR max number of clients reached", "end")));
        _time.Advance(TimeSpan.FromSeconds(1));
        await client.AskAllAsync("PING", "PING", "PING", "PING");
        Assert.That((Counted("refusals resp key-size"), Counted("refusals resp rate-limited"), Counted("refusals resp request-size"), Counted("refusals resp connections")), Is.EqualTo((1, 3, 1, 1)));
        Assert.That(Counted("pipeline.waits resp"), Is.Positive);
    }

    private long Counted(string name) => _counted.GetValueOrDefault(name);

    private async Task<int> StatusAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(Address + path));
        return (int)response.StatusCode;
    }

    private static async Task<AnswerMessage> ReadAsync(NodeConnection client, string key) =>
        await client.SendAsync(new(RequestKind.Get) { Key = key, Level = new(ConsistencyLevel.Eventual) }, Limit, CancellationToken.None);

    private async Task<NodeConnection> DialAsync()
    {
        var dialled = await NodeConnection.DialAsync(Port, new(null, "test"), 4, TimeProvider.System, null, CancellationToken.None);
        Assert.That(dialled.Connection, Is.Not.Null, dialled.Sentence);
        return dialled.Connection!;
    }

    private static async Task<bool> IsEndedAsync(TcpClient client)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], limit.Token) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private async Task StartAsync(ClientLimits limits)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(_time);
        var members = $"1=127.0.0.1:{RaftStream.Node.Local.Ports.Find(1)[0]}";
        builder.Services.AddRaftStream(options => (options.Data, options.Members) = (_folder.File("data"), members));
        builder.Services.AddSingleton(provider => provider.GetRequiredService<IOptions<RaftStreamOptions>>().Value.ToSettings() with { Security = new() { Limits = limits } });
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, static listen => ClientFacing.Secure(listen, ClientFacingPort.Http));
            kestrel.Listen(IPAddress.Loopback, 0, static listen =>
            {
                ClientFacing.Secure(listen, ClientFacingPort.Client);
                listen.UseConnectionHandler<ClientPortHandler>();
            });
            kestrel.Listen(IPAddress.Loopback, 0, static listen =>
            {
                ClientFacing.Secure(listen, ClientFacingPort.Resp);
                listen.UseConnectionHandler<RespPortHandler>();
            });
        });
        _host = builder.Build();
        _host.MapRaftStream();
        await _host.StartAsync();
        await Eventually.HoldsAsync(async () => await StatusAsync("/readyz") == 200, "the node is ready", Limit);
    }
}
