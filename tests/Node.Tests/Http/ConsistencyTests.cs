using System.Text;
using System.Text.Json;
using RaftStream.Node.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Each level of reads over a cluster of three processes: who serves it, what its headers tell, and what is refused rather than served otherwise.</summary>
[TestFixture]
internal sealed class ConsistencyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private TestCluster _cluster = null!;
    private HttpClient _http = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _cluster = await TestCluster.StartAsync(3);
        _http = HttpClients.Create();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _http?.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [TestCase("linearizable")]
    [TestCase("lease")]
    public async Task TheLeaderServesWhatIsInRealTimeOrderWhoeverIsAsked(string level)
    {
        var (leader, follower) = await NodesAsync();
        var added = await SendAsync(follower, "POST", $"/v1/counters/{level}/add");
        var read = await SendAsync(follower, "GET", $"/v1/counters/{level}?consistency={level}");

        Assert.That(read.Value, Is.EqualTo(added.Value), read.Json.ToString());
        Assert.That(read.Header(AnswerHeaders.Node), Is.EqualTo($"{leader.Id}"));
        Assert.That(read.Header(AnswerHeaders.Effective), Is.EqualTo(level));
        Assert.That(read.Header(AnswerHeaders.AgeMs), Is.EqualTo("0"));
    }

    [TestCase("eventual")]
    [TestCase("bounded; max-age-ms=10000")]
    [TestCase("session; token=0@1")]
    public async Task TheNodeThatIsAskedServesTheOtherLevels(string level)
    {
        var (leader, follower) = await NodesAsync();
        foreach (var path in new[] { "/v1/counters/own", "/v1/top", "/v1/jobs/own" })
        {
            var read = await SendAsync(follower, "GET", path, level: level);
            Assert.That(read.Status, Is.EqualTo(200), read.Json.ToString());
            Assert.That(read.Header(AnswerHeaders.Node), Is.EqualTo($"{follower.Id}"));
            Assert.That(read.Header(AnswerHeaders.Leader), Is.EqualTo($"{leader.Id}"));
            Assert.That(read.Header(AnswerHeaders.Effective), Is.EqualTo(level));
            Assert.That(read.Header(AnswerHeaders.Index), Is.EqualTo($"{read.Json.GetProperty("index").GetInt64()}"));
            Assert.That(read.Header(AnswerHeaders.Term), Is.EqualTo($"{read.Json.GetProperty("term").GetInt64()}"));
            Assert.That(read.Header(AnswerHeaders.Token), Is.EqualTo($"0@{read.Header(AnswerHeaders.Index)}"));
            Assert.That(read.Header(AnswerHeaders.AgeMs), level[0] == 'b' ? Does.Match("^[0-9]{1,5}$") : Is.Null.Or.Match("^[0-9]+$"));
        }
    }

    [Test]
    public async Task AWriteTellsItsTokenAndASessionReadThroughAnyNodeSeesTheWrite()
    {
        var (leader, follower) = await NodesAsync();
        for (var count = 1; count <= 50; count++)
        {
            var added = await SendAsync(follower, "POST", "/v1/counters/seen/add");
            Assert.That(added.Header(AnswerHeaders.Node), Is.EqualTo($"{leader.Id}"), "the headers of a write survive its forwarding");
            Assert.That(added.Header(AnswerHeaders.Effective), Is.EqualTo(WriteLevel.Quorum));
            var read = await SendAsync(follower, "GET", $"/v1/counters/seen?consistency=session&token={added.Header(AnswerHeaders.Token)}");
            Assert.That(read.Value, Is.EqualTo(count), "it reads its write");
            Assert.That(read.Header(AnswerHeaders.Node), Is.EqualTo($"{follower.Id}"));
        }
    }

    [Test]
    public async Task ATokenThatIsNotAppliedInTimeIsRefusedAndNotServedFromAnOlderState()
    {
        var (_, follower) = await NodesAsync();
        var read = await SendAsync(follower, "GET", "/v1/counters/later?consistency=session&token=0@1000000000");

        Assert.That((read.Status, read.Code), Is.EqualTo((503, "behind")));
        Assert.That(read.Levels, Does.Contain("eventual").And.Contain("session"));
        Assert.That(read.Json.GetProperty("detail").GetString(), Does.Contain("1000000000").And.Contain("tokens up to 0@"));
    }

    [Test]
    public async Task ATokenOfAnotherIncarnationIsRefusedThoughItsIndexIsApplied()
    {
        var (_, follower) = await NodesAsync();
        var read = await SendAsync(follower, "GET", "/v1/counters/a?consistency=session&token=1@1");
        Assert.That((read.Status, read.Code), Is.EqualTo((410, "token-expired")));
    }

    [TestCase("/v1/counters/a?consistency=some", null)]
    [TestCase("/v1/top?consistency=bounded", null)]
    [TestCase("/v1/jobs/a?consistency=session&token=0.7", null)]
    [TestCase("/v1/counters/a?consistency=lease", "eventual")]
    public async Task AWrongLevelIsABadRequest(string path, string? header)
    {
        var (_, follower) = await NodesAsync();
        var read = await SendAsync(follower, "GET", path, level: header);
        Assert.That((read.Status, read.Code), Is.EqualTo((400, "bad-request")));
    }

    [Test]
    public async Task AFollowerThatIsAloneServesWhatItCanAndTellsWhatItCannot()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        var alone = cluster.Local.Members.First(member => member.Id != leader.Id);
        var added = await SendAsync(alone, "POST", "/v1/counters/a/add");
        await cluster.AgreeAsync();
        foreach (var other in cluster.Local.Members.Where(member => member.Id != alone.Id))
        {
            cluster.Local.Child(other.Id).Kill();
            await cluster.Local.Child(other.Id).WaitAsync(CancellationToken.None);
        }

        foreach (var (level, code) in new[] { ("linearizable", Problems.NoLeader), ("lease", Problems.NoLease), ("bounded; max-age-ms=200", Problems.TooStale) })
        {
            var read = await SendAsync(alone, "GET", "/v1/counters/a", level: level);
            Assert.That((read.Status, read.Code), Is.EqualTo((503, code)), level);
            Assert.That(read.Levels, Is.EquivalentTo(new[] { "bounded", "session", "eventual" }), level);
            Assert.That(read.Header(AnswerHeaders.Node), Is.EqualTo($"{alone.Id}"));
        }

        foreach (var level in new[] { "eventual", $"session; token={added.Header(AnswerHeaders.Token)}", "bounded; max-age-ms=3600000" })
        {
            var read = await SendAsync(alone, "GET", "/v1/counters/a", level: level);
            Assert.That((read.Status, read.Value), Is.EqualTo((200, 1)), level);
            if (level[0] != 's')
                Assert.That(long.Parse(read.Header(AnswerHeaders.AgeMs)!, null), Is.GreaterThan(5_000), "it has heard of nobody for longer than the refusals took");
        }
    }

    [Test]
    public async Task TheCommandsReadAtALevelAndTellWhatTheAnswerTells()
    {
        var (_, follower) = await NodesAsync();
        var read = await RaftStreamProgram.RunAsync(["get", "nothing", "--consistency", "bounded", "--max-age-ms", "10000", "--server", follower.Http]);
        Assert.That((read.ExitCode, read.Output.Trim()), Is.EqualTo((0, "0")), read.Error);
        Assert.That(read.Error, Does.StartWith("bounded; max-age-ms=10000: log index ").And.Contain($"by node {follower.Id}").And.Contain("token 0@"));
        var wrong = await RaftStreamProgram.RunAsync(["top", "--token", "0@1", "--server", follower.Http]);
        Assert.That(wrong.ExitCode, Is.EqualTo(64));
        Assert.That(wrong.Error, Does.Contain("--token").And.Contain("session"));
    }

    private async Task<(LocalMember Leader, LocalMember Follower)> NodesAsync()
    {
        var leader = await _cluster.LeaderAsync();
        return (_cluster.Local.Members.First(member => member.Id == leader.Id), _cluster.Local.Members.First(member => member.Id != leader.Id));
    }

    private async Task<Reply> SendAsync(LocalMember node, string method, string path, string? level = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), HttpClients.Target(node.HttpAddress, path));
        if (method is not "GET")
            request.Content = new StringContent("", Encoding.UTF8, "application/json");
        if (level is not null)
            request.Headers.Add(ReadLevel.Header, level);
        using var limit = new CancellationTokenSource(Patience);
        using var response = await _http.SendAsync(request, limit.Token);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(limit.Token));
        return new Reply((int)response.StatusCode, response.Headers.ToDictionary(static one => one.Key, static one => one.Value.First(), StringComparer.OrdinalIgnoreCase), document.RootElement.Clone());
    }

    private sealed record Reply(int Status, Dictionary<string, string> Headers, JsonElement Json)
    {
        public long Value => Json.GetProperty("value").GetInt64();

        public string? Code => Json.GetProperty("code").GetString();

        public IEnumerable<string?> Levels => Json.GetProperty("levels").EnumerateArray().Select(static level => level.GetString());

        public string? Header(string name) => Headers.GetValueOrDefault(name);
    }
}
