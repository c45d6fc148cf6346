using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftStream.Client;
using RaftStream.Hosting;
using RaftStream.Hosting.ClientPort;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Hosting;

/// <summary>What a key that holds bytes is to those who take it for a counter: a sentence, in whatever way they ask, and never a number.</summary>
[TestFixture]
internal sealed class BytesTests
{
    private const string Sentence = "A key holds bytes, which are no counter, and nothing was changed: delete it first, or use another key.";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<WebApplication> _programs = [];
    private TemporaryFolder _folder = null!;
    private HttpClient _http = null!;
    private IReadOnlyList<int> _ports = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = new TemporaryFolder();
        _http = HttpClients.Create();
        _ports = Ports.Find(6);
        var members = string.Join(',', Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"{id}=127.0.0.1:{_ports[id - 1]}")));
        for (var id = 1; id <= 3; id++)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            var client = _ports[id + 2];
            builder.WebHost.ConfigureKestrel(kestrel =>
            {
                kestrel.Listen(IPAddress.Loopback, 0);
                kestrel.Listen(IPAddress.Loopback, client, static listen =>
                {
                    ClientFacing.Secure(listen, ClientFacingPort.Client);
                    listen.UseConnectionHandler<ClientPortHandler>();
                });
            });
            var (node, data) = (id, _folder.File($"node-{id}"));
            builder.Services.AddRaftStream(options => (options.Id, options.Members, options.Data) = (node, members, data));
            var app = builder.Build();
            app.MapRaftStream();
            _programs.Add(app);
            await app.StartAsync();
        }

        await Eventually.HoldsAsync(async () => (await Store(0).AddAsync("ready")).Outcome == Outcome.Applied, "the three programs count", Limit);
        var batch = new StoreBatch();
        batch.TrySet("text"u8, "some text"u8);
        batch.TrySet("number"u8, "12"u8);
        batch.TryGet("text"u8);
        BatchAnswer written = null!;
        await Eventually.HoldsAsync(async () => (written = await Counters(Leader()).WriteAsync(batch.Command)).Outcome == Outcome.Applied, "the leader takes a batch", Limit);
        Assert.That(Encoding.UTF8.GetString(written.Results[2].Value.Bytes.Span), Is.EqualTo("some text"));

        // A watch tells what its own node has applied.
        for (var place = 0; place < 3; place++)
        {
            var store = Store(place);
            await Eventually.HoldsAsync(async () => (await store.GetAsync("number")).Value == 12, "every program has applied it", Limit);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var program in _programs)
            await program.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task EveryProgramIsToldWhyThereIsNoNumber()
    {
        for (var place = 0; place < 3; place++)
        {
            var store = Store(place);
            foreach (var answer in new[]
            {
                await store.AddAsync("text"), await store.MaxAsync("text", 5), await store.CompareAndSetAsync("text", null, 5),
                await store.GetAsync("text"), await store.GetAsync("text", ReadConsistency.Lease),
            })
                Assert.That((answer.Outcome, answer.Problem, answer.Value), Is.EqualTo((Outcome.Applied, Sentence, 0L)), $"{answer}");
            foreach (var consistency in new[] { ReadConsistency.Linearizable, ReadConsistency.Lease })
            {
                var many = await store.GetManyAsync(["number", "text"], consistency);
                Assert.That((many.Outcome, many.Problem, many.Values.Count), Is.EqualTo((Outcome.Applied, Sentence, 0)), $"{many}");
            }

            Assert.That((await store.GetAsync("number")).Value, Is.EqualTo(12));
            Assert.That((await store.TopAsync(10)).Rows.Select(static row => row.Key), Does.Not.Contain("text"));
        }
    }

    [Test]
    public async Task EveryNodeReadsBytesAndScansThem()
    {
        for (var place = 0; place < 3; place++)
        {
            var values = await Counters(place).ReadValuesAsync([Encoding.UTF8.GetBytes("text"), Encoding.UTF8.GetBytes("nothing"), Encoding.UTF8.GetBytes("number")]);
            Assert.That(values.Values.Select(static value => (value.Kind, value.Integer, Encoding.UTF8.GetString(value.Bytes.Span))), Is.EqualTo(new[]
            {
                (ValueKind.Bytes, 0L, "some text"), (ValueKind.None, 0L, ""), (ValueKind.Integer, 12L, ""),
            }));
            var scan = await Counters(place).ScanAsync(0, 1_000);
            Assert.That(scan.Next, Is.Zero);
            Assert.That(scan.Keys.Select(static key => (Encoding.UTF8.GetString(key.Key.Span), key.Kind)), Is.SupersetOf(new[] { ("text", ValueKind.Bytes), ("number", ValueKind.Integer) }));
            Assert.That((await Counters(place).StatsAsync()).Keys, Is.EqualTo(scan.Keys.Count));
        }
    }

    [TestCase("GET", "/v1/counters/text")]
    [TestCase("GET", "/v1/counters/text?consistency=tentative")]
    [TestCase("GET", "/v1/counters?key=number&key=text")]
    [TestCase("POST", "/v1/counters/text/add")]
    public async Task OverHttpItIsDeclined(string method, string path)
    {
        for (var place = 0; place < 3; place++)
        {
            using var request = new HttpRequestMessage(new(method), new Uri(_programs[place].Urls.First() + path));
            using var response = await _http.SendAsync(request);
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            Assert.That(((int)response.StatusCode, problem.RootElement.GetProperty("code").GetString(), problem.RootElement.GetProperty("detail").GetString()), Is.EqualTo((422, "declined", Sentence)));
        }
    }

    [Test]
    public async Task TheClientIsToldSoAsWell()
    {
        // Programs do not tell each other of ports that they opened by themselves: the client finds the leader only where that is the node that it was given.
        await Eventually.HoldsAsync(
            async () =>
            {
                var leader = _programs.Select(static program => program.Services.GetRequiredService<RaftStreamReplica>().Node).FirstOrDefault(static node => node.Status.IsReady);
                return leader is not null && (leader.Status.Id == new NodeId(1) || (await leader.TransferLeadershipAsync(new NodeId(1))).Outcome == Outcome.Applied);
            },
            "node 1 leads",
            Limit);
        await using var client = await RaftStreamClient.ConnectAsync(new() { Nodes = [FormattableString.Invariant($"127.0.0.1:{_ports[3]}")], Name = "tests", RequestTimeout = Limit });
        var read = await client.GetAsync("text");
        Assert.That((read.Outcome, read.Problem, read.Value), Is.EqualTo((ClientOutcome.Applied, Sentence, 0L)));
        var many = await client.GetManyAsync(["number", "text"]);
        Assert.That((many.Outcome, many.Problem, many.Values.Count), Is.EqualTo((ClientOutcome.Applied, Sentence, 0)));
        var added = await client.AddAsync("text", 1);
        Assert.That((added.Outcome, added.Problem), Is.EqualTo((ClientOutcome.Applied, Sentence)));
        using var limit = new CancellationTokenSource(Limit);
        var told = new List<ClientWatchKind>();
        await foreach (var item in client.WatchAsync(ClientWatchFilter.Key("text"), cancellationToken: limit.Token))
        {
            told.Add(item.Kind);
            if (item.Kind == ClientWatchKind.Progress)
                break;
        }

        Assert.That(told, Is.EqualTo(new[] { ClientWatchKind.Reset, ClientWatchKind.Bytes, ClientWatchKind.Progress }));
    }

    [Test]
    public async Task AWatchTellsThatAKeyHoldsBytesAndNotWhich()
    {
        using var limit = new CancellationTokenSource(Limit);
        using var reader = new StreamReader(await _http.GetStreamAsync(new Uri(_programs[0].Urls.First() + "/v1/watch?key=text"), limit.Token));
        var lines = new List<string>();
        while (lines.Count(static line => line.StartsWith("event: ", StringComparison.Ordinal)) < 3)
            lines.Add(await reader.ReadLineAsync(limit.Token) ?? throw new EndOfStreamException("The watch ended."));
        Assert.That(lines.Where(static line => line.StartsWith("event: ", StringComparison.Ordinal)), Is.EqualTo(new[] { "event: reset", "event: bytes", "event: progress" }));
        var data = JsonDocument.Parse(lines.Single(static line => line.Contains("\"key\"", StringComparison.Ordinal))[6..]).RootElement;
        Assert.That(data.EnumerateObject().Select(static field => field.Name), Is.EqualTo(new[] { "index", "key" }));
    }

    private ICountingStore Store(int place) => _programs[place].Services.GetRequiredService<ICountingStore>();

    private CountingService Counters(int place) => _programs[place].Services.GetRequiredService<NodeHandle>().Running!.Counters;

    private int Leader() => Math.Max(0, Enumerable.Range(0, 3).ToList().FindIndex(place => _programs[place].Services.GetRequiredService<NodeHandle>().Running!.Node.Status.Role == Role.Leader));
}
