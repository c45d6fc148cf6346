using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Writes that are content with the leader's disk over a cluster of three processes, and the question what became of them.</summary>
[TestFixture]
internal sealed class ProvisionalWriteTests : ClusterFixture
{
    [TestCase("?concern=leader", null)]
    [TestCase("", "leader")]
    public async Task AProvisionalWriteTellsItsPlaceAndNoTokenAndIsConfirmedAnywhere(string query, string? header)
    {
        var follower = await Cluster.FollowerAsync();
        var written = await WriteAsync(follower, $"/v1/counters/p{header}/add{query}", header);
        Assert.That((written.Status, written.Outcome), Is.EqualTo((202, "provisional")), written.Json.ToString());
        Assert.That(written.Header(AnswerHeaders.Effective), Is.EqualTo("leader"));
        Assert.That(written.Header(AnswerHeaders.Token), Is.Null, "what it stands for may never be");
        Assert.That(written.Json.TryGetProperty("value", out _), Is.False, "nothing was executed yet");

        var position = written.Json.GetProperty("position").GetString()!;
        foreach (var member in Cluster.Local.Members)
        {
            var confirmed = await SendAsync(member, "GET", "/v1/writes/" + position);
            Assert.That((confirmed.Status, confirmed.Outcome), Is.EqualTo((200, "applied")), confirmed.Json.ToString());
        }

        Assert.That((await SendAsync(follower, "GET", $"/v1/counters/p{header}")).Value, Is.EqualTo(1));
    }

    [Test]
    public async Task APlaceThatALaterTermWentPastIsToldAsLost()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        cluster.Local.Child(leader.Id).Kill();
        await cluster.Local.Child(leader.Id).WaitAsync(CancellationToken.None);
        var next = await cluster.LeaderAsync();
        var survivor = cluster.Local.Members.First(member => member.Id == next.Id);
        var last = (await SendAsync(survivor, "POST", "/v1/counters/a/add")).Json;
        var (index, term) = (last.GetProperty("index").GetInt64(), last.GetProperty("term").GetInt64());
        var lost = await SendAsync(survivor, "GET", FormattableString.Invariant($"/v1/writes/0@{index + 100}.{term - 1}"));
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
        var reply = await SendAsync(await Cluster.FollowerAsync(), "GET", $"/v1/writes/{position}?timeout-ms=1000");
        Assert.That((reply.Status, reply.Code, reply.Outcome), Is.EqualTo((status, code, outcome)), reply.Json.ToString());
    }

    [Test]
    public async Task AWrongConcernIsABadRequest()
    {
        var follower = await Cluster.FollowerAsync();
        Assert.That((await SendAsync(follower, "POST", "/v1/counters/w/add?concern=some")).Code, Is.EqualTo("bad-request"));
        Assert.That((await WriteAsync(follower, "/v1/counters/w/add?concern=leader", "quorum")).Code, Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(follower, "POST", "/v1/counters/w/add?concern=leader", "", (SessionHeaders.Session, "0.7"), (SessionHeaders.Number, "1"))).Code, Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(follower, "GET", "/v1/counters/w")).Value, Is.Zero, "nothing was done");
    }

    private Task<HttpReply> WriteAsync(LocalMember node, string path, string? concern) =>
        SendAsync(node, "POST", path, "", concern is null ? [] : [(WriteLevel.Header, concern)]);
}
