using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Each level of reads over a cluster of three processes: who serves it, what its headers tell, and what is refused rather than served otherwise.</summary>
[TestFixture]
internal sealed class ConsistencyTests : ClusterFixture
{
    [TestCase("linearizable")]
    [TestCase("lease")]
    public async Task TheLeaderServesWhatIsInRealTimeOrderWhoeverIsAsked(string level)
    {
        var (leader, follower) = await NodesAsync();
        var added = await AskAsync(follower, "POST", $"/v1/counters/{level}/add");
        var read = await AskAsync(follower, "GET", $"/v1/counters/{level}?consistency={level}");

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
            var read = await AskAsync(follower, "GET", path, level: level);
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
            var added = await AskAsync(follower, "POST", "/v1/counters/seen/add");
            Assert.That(added.Header(AnswerHeaders.Node), Is.EqualTo($"{leader.Id}"), "the headers of a write survive its forwarding");
            Assert.That(added.Header(AnswerHeaders.Effective), Is.EqualTo(WriteLevel.Quorum));
            var read = await AskAsync(follower, "GET", $"/v1/counters/seen?consistency=session&token={added.Header(AnswerHeaders.Token)}");
            Assert.That(read.Value, Is.EqualTo(count), "it reads its write");
            Assert.That(read.Header(AnswerHeaders.Node), Is.EqualTo($"{follower.Id}"));
        }
    }

    [Test]
    public async Task ATokenThatIsNotAppliedInTimeIsRefusedAndNotServedFromAnOlderState()
    {
        var (_, follower) = await NodesAsync();
        var read = await AskAsync(follower, "GET", "/v1/counters/later?consistency=session&token=0@1000000000&timeout-ms=500");

        Assert.That((read.Status, read.Code), Is.EqualTo((503, "behind")));
        Assert.That(read.Levels, Does.Contain("eventual").And.Contain("session"));
        Assert.That(read.Json.GetProperty("detail").GetString(), Does.Contain("1000000000").And.Contain("tokens up to 0@"));
    }

    [Test]
    public async Task ATokenOfAnotherIncarnationIsRefusedThoughItsIndexIsApplied()
    {
        var (_, follower) = await NodesAsync();
        var read = await AskAsync(follower, "GET", "/v1/counters/a?consistency=session&token=1@1");
        Assert.That((read.Status, read.Code), Is.EqualTo((410, "token-expired")));
    }

    [TestCase("/v1/counters/a?consistency=some", null)]
    [TestCase("/v1/top?consistency=bounded", null)]
    [TestCase("/v1/jobs/a?consistency=session&token=0.7", null)]
    [TestCase("/v1/counters/a?consistency=lease", "eventual")]
    public async Task AWrongLevelIsABadRequest(string path, string? header)
    {
        var (_, follower) = await NodesAsync();
        var read = await AskAsync(follower, "GET", path, level: header);
        Assert.That((read.Status, read.Code), Is.EqualTo((400, "bad-request")));
    }

    [Test]
    public async Task AFollowerThatIsAloneServesWhatItCanAndTellsWhatItCannot()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        var alone = cluster.Local.Members.First(member => member.Id != leader.Id);
        var added = await AskAsync(alone, "POST", "/v1/counters/a/add");
        await cluster.AgreeAsync();
        foreach (var other in cluster.Local.Members.Where(member => member.Id != alone.Id))
        {
            cluster.Local.Child(other.Id).Kill();
            await cluster.Local.Child(other.Id).WaitAsync(CancellationToken.None);
        }

        foreach (var (level, code) in new[] { ("linearizable", ProblemCodes.NoLeader), ("lease", ProblemCodes.NoLease), ("bounded; max-age-ms=200", ProblemCodes.TooStale) })
        {
            var read = await AskAsync(alone, "GET", "/v1/counters/a?timeout-ms=700", level: level);
            Assert.That((read.Status, read.Code), Is.EqualTo((503, code)), level);
            Assert.That(read.Levels, Is.EquivalentTo(new[] { "bounded", "session", "eventual" }), level);
            Assert.That(read.Header(AnswerHeaders.Node), Is.EqualTo($"{alone.Id}"));
        }

        foreach (var level in new[] { "eventual", $"session; token={added.Header(AnswerHeaders.Token)}", "bounded; max-age-ms=3600000" })
        {
            var read = await AskAsync(alone, "GET", "/v1/counters/a", level: level);
            Assert.That((read.Status, read.Value), Is.EqualTo((200, 1)), level);
            if (level[0] != 's')
                Assert.That(long.Parse(read.Header(AnswerHeaders.AgeMs)!, null), Is.GreaterThan(2_000), "it has heard of nobody for longer than the refusals took");
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
        var leader = await Cluster.LeaderAsync();
        return (Cluster.Local.Members.First(member => member.Id == leader.Id), Cluster.Local.Members.First(member => member.Id != leader.Id));
    }

    private Task<HttpReply> AskAsync(LocalMember node, string method, string path, string? level = null) =>
        SendAsync(node, method, path, "", level is null ? [] : [(ReadLevel.Header, level)]);
}
