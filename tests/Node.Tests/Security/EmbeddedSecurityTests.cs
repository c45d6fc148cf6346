using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Security;

/// <summary>Three programs with a replica each and tokens: the programs themselves ask as before, and others with a token.</summary>
[TestFixture]
internal sealed class EmbeddedSecurityTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<WebApplication> _programs = [];
    private TemporaryFolder _folder = null!;
    private SaidLines _said = null!;
    private string _reader = "";
    private string _writer = "";
    private string _secret = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        (_folder, _said) = (new(), new());
        var (tokens, ports) = (_folder.File("tokens"), Ports.Find(3));
        (_reader, _writer, _secret) = (TokenFile.Add(tokens, "reader", AccessRole.Read), TokenFile.Add(tokens, "writer", AccessRole.Write), NodeSecret.Create());
        var secret = _folder.Write("secret", _secret);
        var members = string.Join(',', Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"{id}=127.0.0.1:{ports[id - 1]}")));
        for (var id = 1; id <= 3; id++)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(_said);
            builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
            var (node, data) = (id, _folder.File($"node-{id}"));
            builder.Services.AddRaftStream(options => (options.Id, options.Members, options.Data, options.TokensFile, options.NodeSecretFile) = (node, members, data, tokens, secret));
            var app = builder.Build();
            app.MapRaftStream();
            _programs.Add(app);
            await app.StartAsync();
        }

        await Eventually.HoldsAsync(async () => (await Store(0).AddAsync("ready")).Outcome == Outcome.Applied, "the three programs count", Limit);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var program in _programs)
            await program.DisposeAsync();
        _said.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task EveryProgramWritesAndReadsThroughWhicheverLeads()
    {
        for (var turn = 0; turn < 6; turn++)
        {
            var added = await Store(turn % 3).AddAsync("shared");
            Assert.That((added.Outcome, added.Value), Is.EqualTo((Outcome.Applied, turn + 1L)), $"{added}");
            var read = await Store((turn + 1) % 3).GetAsync("shared", ReadConsistency.Lease);
            Assert.That((read.Outcome, read.Value), Is.EqualTo((Outcome.Applied, turn + 1L)), $"{read}");
        }
    }

    [Test]
    public async Task OthersNeedATokenAtEveryProgramAndNoneIsInTheLogs()
    {
        var wrong = AccessToken.Create();
        foreach (var program in _programs)
        {
            foreach (var (token, read, write) in new[] { ((string?)null, 401, 401), (wrong, 401, 401), (_reader, 200, 403), (_writer, 200, 200) })
            {
                using var http = HttpClients.Create();
                if (token is not null)
                    http.DefaultRequestHeaders.Authorization = new("Bearer", token);
                var address = program.Urls.First();
                Assert.That((int)(await http.GetAsync(new Uri(address + "/v1/counters/theirs"))).StatusCode, Is.EqualTo(read));
                Assert.That((int)(await http.PostAsync(new Uri(address + "/v1/counters/theirs/add"), null)).StatusCode, Is.EqualTo(write));
            }

            // Behind the scheme and not in it, twice, and of another kind: none of that is a token.
            foreach (var header in new[] { _writer, "Basic " + _writer, "Bearer", "Bearer  " + _writer, $"Bearer {_writer}, Bearer {_writer}", "Bearer " + new string('x', 5_000) })
            {
                using var http = HttpClients.Create();
                http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
                Assert.That((int)(await http.GetAsync(new Uri(program.Urls.First() + "/v1/counters/theirs"))).StatusCode, Is.EqualTo(401), header[..Math.Min(40, header.Length)]);
            }
        }

        var log = string.Join('\n', _said.All.Select(static one => one.Line));
        Assert.That(log, Does.Contain("/v1/counters/theirs"), "the web server tells of the requests");
        foreach (var secret in new[] { _reader, _writer, _secret, wrong })
            Assert.That(log, Does.Not.Contain(secret));
    }

    [Test]
    public void WithoutTheNodesSecretAProgramOfSeveralDoesNotStart()
    {
        var options = new RaftStreamOptions { Data = "unused", Members = "1=127.0.0.1:7001,2=127.0.0.1:7002", TokensFile = "tokens" };
        Assert.That(() => options.ToSettings(), Throws.TypeOf<UsageException>().With.Message.Contains("NodeSecretFile is missing"));
        options.Members = "1=127.0.0.1:7001";
        Assert.That(options.ToSettings().Security.IsClosed, Is.True, "alone it passes nothing on");
    }

    private ICountingStore Store(int program) => _programs[program].Services.GetRequiredService<ICountingStore>();
}
