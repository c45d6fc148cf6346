using System.Text;
using System.Text.Json;
using RaftStream.Node.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Writes that are content with the leader's disk over a cluster of three processes, and the question what became of them.</summary>
[TestFixture]
internal sealed class ProvisionalWriteTests
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

    [TestCase("?concern=leader", null)]
    [TestCase("", "leader")]
    public async Task AProvisionalWriteTellsItsPlaceAndNoTokenAndIsConfirmedAnywhere(string query, string? header)
    {
        var follower = await FollowerAsync();
        var written = await SendAsync(follower, "POST", $"/v1/counters/p{header}/add{query}", header);
        Assert.That((written.Status, written.Outcome), Is.EqualTo((202, "provisional")), written.Json.ToString());
        Assert.That(written.Header(AnswerHeaders.Effective), Is.EqualTo("leader"));
        Assert.That(written.Header(AnswerHeaders.Token), Is.Null, "what it stands for may never be");
        Assert.That(written.Json.TryGetProperty("value", out _), Is.False, "nothing was executed yet");

        var position = written.Json.GetProperty("position").GetString()!;
        foreach (var member in _cluster.Local.Members)
        {
            var confirmed = await SendAsync(member.HttpAddress, "GET", "/v1/writes/" + position);
            Assert.That((confirmed.Status, confirmed.Outcome), Is.EqualTo((200, "applied")), confirmed.Json.ToString());
        }

        Assert.That((await SendAsync(follower, "GET", $"/v1/counters/p{header}")).Json.GetProperty("value").GetInt64(), Is.EqualTo(1));
    }

    [Test]
    public async Task APlaceThatALaterTermWentPastIsToldAsLost()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        cluster.Local.Child(leader.Id).Kill();
        await cluster.Local.Child(leader.Id).WaitAsync(CancellationToken.None);
        var next = await cluster.LeaderAsync();
        var address = cluster.Local.Members.First(member => member.Id == next.Id).HttpAddress;
        var last = (await SendAsync(address, "POST", "/v1/counters/a/add")).Json;
        var (index, term) = (last.GetProperty("index").GetInt64(), last.GetProperty("term").GetInt64());
        var lost = await SendAsync(address, "GET", FormattableString.Invariant($"/v1/writes/0@{index + 100}.{term - 1}"));
        Assert.That((lost.Status, lost.Outcome), Is.EqualTo((200, "lost")), lost.Json.ToString());
    }

    [TestCase("0@1.99", 404, "no-such-write", "rejected")]
    [TestCase("1@1.1", 410, "position-expired", "unknown")]
    [TestCase("0@1000000000.1000000", 503, "undecided", "unknown")]
    [TestCase("0@57", 400, "bad-request", "rejected")]
    [TestCase("0@0.1", 400, "bad-request", "rejected")]
    [TestCase("0@-1.1", 400, "bad-request", "rejected")]
    public async Task AQuestionThatCannotBeAnsweredIsTold(string position, int status, string code, string outcome)
    {
        var reply = await SendAsync(await FollowerAsync(), "GET", "/v1/writes/" + position);
        Assert.That((reply.Status, reply.Code, reply.Outcome), Is.EqualTo((status, code, outcome)), reply.Json.ToString());
    }

    [Test]
    public async Task AWrongConcernIsABadRequest()
    {
        var follower = await FollowerAsync();
        Assert.That((await SendAsync(follower, "POST", "/v1/counters/w/add?concern=some")).Code, Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(follower, "POST", "/v1/counters/w/add?concern=leader", "quorum")).Code, Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(follower, "POST", "/v1/counters/w/add?concern=leader", session: "0.7")).Code, Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(follower, "GET", "/v1/counters/w")).Json.GetProperty("value").GetInt64(), Is.Zero, "nothing was done");
    }

    private async Task<string> FollowerAsync()
    {
        var leader = await _cluster.LeaderAsync();
        return _cluster.Local.Members.First(member => member.Id != leader.Id).HttpAddress;
    }

    private async Task<Reply> SendAsync(string node, string method, string path, string? concern = null, string? session = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), HttpClients.Target(node, path));
        if (method is not "GET")
            request.Content = new StringContent("", Encoding.UTF8, "application/json");
        if (concern is not null)
            request.Headers.Add(WriteLevel.Header, concern);
        if (session is not null)
        {
            request.Headers.Add(SessionHeaders.Session, session);
            request.Headers.Add(SessionHeaders.Number, "1");
        }

        using var limit = new CancellationTokenSource(Patience);
        using var response = await _http.SendAsync(request, limit.Token);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(limit.Token));
        return new((int)response.StatusCode, response.Headers.ToDictionary(static one => one.Key, static one => one.Value.First(), StringComparer.OrdinalIgnoreCase), document.RootElement.Clone());
    }

    private sealed record Reply(int Status, Dictionary<string, string> Headers, JsonElement Json)
    {
        public string? Outcome => Json.GetProperty("outcome").GetString();

        public string? Code => Json.TryGetProperty("code", out var code) ? code.GetString() : null;

        public string? Header(string name) => Headers.GetValueOrDefault(name);
    }
}
