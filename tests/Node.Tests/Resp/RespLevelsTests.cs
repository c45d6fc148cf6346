using RaftStream.Hosting.Resp;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Resp;

/// <summary>The levels that a connection of the Redis protocol chooses, and the changes that it is told.</summary>
[TestFixture]
internal sealed class RespLevelsTests : ClusterFixture
{
    private RespClient _leader = null!;
    private RespClient _follower = null!;

    [SetUp]
    public async Task ConnectAsync()
    {
        var leader = await Cluster.LeaderAsync();
        _leader = await RespClient.ConnectAsync(Cluster.Local.Members.First(member => member.Id == leader.Id).Resp!);
        _follower = await RespClient.ConnectAsync((await Cluster.FollowerAsync()).Resp!);
    }

    [TearDown]
    public void Disconnect()
    {
        _leader.Dispose();
        _follower.Dispose();
    }

    [Test]
    public async Task AConnectionChoosesItsLevels()
    {
        await _leader.AskAsync("SET level 1");
        var token = (await _leader.AskAsync("RS.TOKEN")).Trim('"');
        foreach (var level in new[] { "LEASE", "BOUNDED 60000", $"SESSION {token}", "SESSION", "EVENTUAL", "LINEARIZABLE" })
        {
            Assert.That(await _follower.AskAsync("RS.CONSISTENCY " + level), Is.EqualTo("+OK"), level);
            if (level != "EVENTUAL")
                Assert.That(await _follower.AskAsync("GET level"), Is.EqualTo("\"1\""), level);
        }

        Assert.That(await _follower.AskAsync("RS.CONSISTENCY SESSION 7@1"), Is.EqualTo("+OK"));
        Assert.That(await _follower.AskAsync("GET level"), Does.StartWith("-ERR The token 7@1 is of incarnation 7"));
        Assert.That(await _follower.AskAsync("RS.CONSISTENCY NONE"), Does.StartWith("-ERR a level is LINEARIZABLE"));
        Assert.That(await _follower.AskAsync("RS.CONCERN NONE"), Is.EqualTo("-ERR a concern is QUORUM, LEADER or AVAILABLE"));
    }

    [Test]
    public async Task AProvisionalWriteIsConfirmedAndAnAcceptedOneComes()
    {
        await _follower.AskAsync("RS.CONCERN LEADER");
        var answer = await _follower.AskAsync("INCR prov");
        Assert.That(answer, Does.Match(@"^\+PROVISIONAL 0@\d+\.\d+$"));
        Assert.That(await _leader.AskAsync("RS.CONFIRM", answer.Split(' ')[1]), Is.EqualTo("+APPLIED"));
        Assert.That(await _leader.AskAsync("GET prov"), Is.EqualTo("\"1\""));
        Assert.That(await _leader.AskAsync("RS.CONFIRM x"), Does.StartWith("-ERR that is no position of a write"));

        await _follower.AskAsync("RS.CONCERN AVAILABLE");
        Assert.That(await _follower.AskAsync("INCRBY prov 5"), Does.Match(@"^\+ACCEPTED \d+\.\d+$"));
        Assert.That(await _follower.AskAsync("SET prov 5"), Does.StartWith("-ERR SET does not commute"));
        await Eventually.HoldsAsync(async () => await _leader.AskAsync("GET prov") == "\"6\"", "the outbox has brought the increment", TimeSpan.FromSeconds(10));
    }

    [TestCase("HELLO 2", "[")]
    [TestCase("HELLO 3", ">[")]
    public async Task ChangesAreTold(string hello, string begin)
    {
        await _leader.AskAsync("DEL w:a w:b");
        var token = (await _leader.AskAsync("RS.TOKEN")).Trim('"');
        await _follower.AskAsync(hello);
        Assert.That(await _follower.AskAsync($"RS.WATCH PREFIX w: FROM {token}"), Is.EqualTo("+OK"));
        await _leader.AskAllAsync("SET w:a 1", "SET other 1", "DEL w:a");
        List<string> told = [];
        while (told.Count < 2)
        {
            var next = await _follower.ReadAsync();
            if (!next.Contains("\"progress\"", StringComparison.Ordinal))
                told.Add(next);
        }

        Assert.That(told[0], Does.StartWith(begin + "\"rs.watch\", \"changed\", \"w:a\", \"1\", "));
        Assert.That(told[1], Does.StartWith(begin + "\"rs.watch\", \"deleted\", \"w:a\", nil, \"0@"));
        await IsEventuallyAsync(_follower, "GET w:a", "-" + RespErrors.Watching);
        await IsEventuallyAsync(_follower, "PING", "[\"pong\", \"\"]");
        await IsEventuallyAsync(_follower, "RS.UNWATCH", "+OK");
        Assert.That(await _follower.AskAsync("GET other"), Is.EqualTo("\"1\""));
        Assert.That(await _follower.AskAsync("RS.WATCH NOISE"), Does.StartWith("-ERR a watch takes"));
        await _leader.AskAsync("DEL other");
    }

    /// <summary>The answer to a command of a connection that is told other things in between.</summary>
    private static async Task IsEventuallyAsync(RespClient client, string command, string answer)
    {
        var next = await client.AskAsync(command);
        while (next.Contains("\"rs.watch\"", StringComparison.Ordinal))
            next = await client.ReadAsync();
        Assert.That(next, Is.EqualTo(answer));
    }
}
