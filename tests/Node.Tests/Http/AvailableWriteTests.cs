using System.Text;
using System.Text.Json;
using RaftStream.Node.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Writes that a node accepts into its own outbox, over a cluster of three processes of which some are gone for a while.</summary>
[TestFixture]
internal sealed class AvailableWriteTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TestCluster _cluster = null!;
    private HttpClient _http = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = await TestCluster.StartAsync(3);
        _http = HttpClients.Create();
    }

    [TearDown]
    public async Task StopAsync()
    {
        _http?.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [Test]
    public async Task ANodeWithoutALeaderAcceptsReadsTentativelyAndCountsOnceWhenTheOthersAreBack()
    {
        var leader = await _cluster.LeaderAsync();
        var alone = _cluster.Local.Members.First(member => member.Id != leader.Id);
        var others = _cluster.Local.Members.Where(member => member.Id != alone.Id).ToList();
        foreach (var other in others)
        {
            _cluster.Local.Child(other.Id).Kill();
            await _cluster.Local.Child(other.Id).WaitAsync(CancellationToken.None);
        }

        for (var number = 1; number <= 20; number++)
        {
            var accepted = await SendAsync(alone.HttpAddress, "POST", "/v1/counters/a/add?concern=available", """{"delta":2}""");
            Assert.That((accepted.Status, accepted.Text("outcome"), accepted.Json.GetProperty("sequence").GetInt64()), Is.EqualTo((202, "accepted", (long)number)), accepted.Json.ToString());
            Assert.That((accepted.Effective, accepted.Token), Is.EqualTo(("available", (string?)null)), "it has no place in the log yet");
        }

        Assert.That((await SendAsync(alone.HttpAddress, "POST", "/v1/counters/m/max?concern=available", """{"value":7}""")).Status, Is.EqualTo(202));
        var tentative = await SendAsync(alone.HttpAddress, "GET", "/v1/counters/a?consistency=tentative");
        Assert.That((tentative.Status, tentative.Json.GetProperty("value").GetInt64(), tentative.Json.GetProperty("tentative").GetBoolean(), tentative.Effective), Is.EqualTo((200, 40L, true, "tentative")));
        Assert.That((await SendAsync(alone.HttpAddress, "GET", "/v1/status")).Json.GetProperty("outbox").GetProperty("pending").GetInt64(), Is.EqualTo(21));

        // Its process dies, too: what it accepted is on its disk.
        _cluster.Local.Child(alone.Id).Kill();
        await _cluster.Local.Child(alone.Id).WaitAsync(CancellationToken.None);
        foreach (var member in _cluster.Local.Members)
            _cluster.Local.Start(member.Id);
        await Eventually.HoldsAsync(
            async () => (await _cluster.Local.Client(alone.Id).StatusAsync(Patience, CancellationToken.None)).Value?.Outbox is { Pending: 0, Drained: 21, Lost: 0 },
            "everything that was accepted is in the log",
            Patience);
        Assert.That((await SendAsync(alone.HttpAddress, "GET", "/v1/counters/a")).Json.GetProperty("value").GetInt64(), Is.EqualTo(40));
        Assert.That((await SendAsync(alone.HttpAddress, "GET", "/v1/counters/m")).Json.GetProperty("value").GetInt64(), Is.EqualTo(7));
    }

    [Test]
    public async Task WhatDoesNotCommuteIsRefusedAndSoIsWhatCannotBeLaidOver()
    {
        var node = _cluster.Local.Members[0].HttpAddress;
        await _cluster.LeaderAsync();
        var refused = await SendAsync(node, "POST", "/v1/counters/c/cas?concern=available", """{"expected":null,"value":1}""");
        Assert.That((refused.Status, refused.Text("code"), refused.Text("outcome")), Is.EqualTo((422, "not-commutative", "rejected")));
        Assert.That((await SendAsync(node, "DELETE", "/v1/counters/c?concern=available")).Text("code"), Is.EqualTo("not-commutative"));
        Assert.That((await SendAsync(node, "GET", "/v1/top?consistency=tentative")).Text("code"), Is.EqualTo("no-overlay"));
        Assert.That((await SendAsync(node, "POST", "/v1/counters/c/max")).Text("code"), Is.EqualTo("bad-request"));
        var raised = await SendAsync(node, "POST", "/v1/counters/c/max", """{"value":3}""");
        Assert.That((raised.Status, raised.Json.GetProperty("value").GetInt64(), raised.Json.TryGetProperty("tentative", out _)), Is.EqualTo((200, 3L, false)));
    }

    private async Task<Reply> SendAsync(string node, string method, string path, string body = "")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), HttpClients.Target(node, path));
        if (method is not "GET")
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var limit = new CancellationTokenSource(Patience);
        using var response = await _http.SendAsync(request, limit.Token);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(limit.Token));
        var stamp = AnswerHeaders.Read(response.Headers);
        return new((int)response.StatusCode, json.RootElement.Clone(), stamp.Level, stamp.Token?.ToString());
    }

    private sealed record Reply(int Status, JsonElement Json, string? Effective, string? Token)
    {
        public string? Text(string name) => Json.GetProperty(name).GetString();
    }
}
