using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Writes with the header Idempotency-Key, over a cluster of three processes of which the leader dies.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class IdempotencyTests : ClusterFixture
{
    [Test]
    public async Task AWriteUnderAKeyCountsOnceAtAllNodesAlsoWhenTheLeaderIsGoneAndAllHaveStartedAgain()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = await cluster.LeaderAsync();
        var members = cluster.Local.Members;
        var first = await SendAsync(members[0], "POST", "/v1/counters/a/add", """{"delta":5}""", (IdempotencyHeader.Name, "\"order 7\""));
        Assert.That((first.Status, first.Value), Is.EqualTo((200, 5L)), first.Json.ToString());
        var after = await SendAsync(members[1], "POST", "/v1/counters/a/add", """{"delta":100}""");
        Assert.That(after.Value, Is.EqualTo(105));
        foreach (var member in members)
            await AssertAgainAsync(member);

        cluster.Local.Child(leader.Id).Kill();
        await cluster.Local.Child(leader.Id).WaitAsync(CancellationToken.None);
        await AssertAgainAsync(members.First(member => member.Id != leader.Id));
        Assert.That((await SendAsync(members.First(member => member.Id != leader.Id), "GET", "/v1/counters/a?timeout-ms=20000")).Json.GetProperty("term").GetInt64(), Is.GreaterThan(leader.Term));

        foreach (var member in members.Where(member => member.Id != leader.Id))
        {
            cluster.Local.Child(member.Id).Kill();
            await cluster.Local.Child(member.Id).WaitAsync(CancellationToken.None);
        }

        foreach (var member in members)
            cluster.Local.Start(member.Id);
        await cluster.LeaderAsync();
        foreach (var member in members)
            await AssertAgainAsync(member);
        Assert.That((await SendAsync(members[0], "GET", "/v1/counters/a")).Value, Is.EqualTo(105));

        async Task AssertAgainAsync(LocalMember member)
        {
            var again = await SendAsync(member, "POST", "/v1/counters/a/add?delta=5&timeout-ms=20000", "", (IdempotencyHeader.Name, "\"order 7\""));
            Assert.That((again.Status, again.Json.ToString()), Is.EqualTo((200, first.Json.ToString())), $"at node {member.Id}");
        }
    }

    [Test]
    public async Task AnotherWriteUnderTheKeyIsRefusedWhateverDiffers()
    {
        var (one, other) = (Cluster.Local.Members[0], Cluster.Local.Members[1]);
        Assert.That((await SendAsync(one, "POST", "/v1/counters/b/add", """{"delta":5}""", (IdempotencyHeader.Name, "b"))).Value, Is.EqualTo(5));
        foreach (var (method, path, body) in new[]
        {
            ("POST", "/v1/counters/b/add", """{"delta":6}"""), ("POST", "/v1/counters/c/add", """{"delta":5}"""), ("POST", "/v1/counters/b/max", """{"value":5}"""),
            ("POST", "/v1/counters/b/cas", """{"expected":5,"value":9}"""), ("DELETE", "/v1/counters/b", ""),
        })
        {
            var refused = await SendAsync(other, method, path, body, (IdempotencyHeader.Name, "b"));
            Assert.That((refused.Status, refused.Code, refused.Outcome), Is.EqualTo((422, "idempotency-key-reused", "rejected")), $"{method} {path}");
        }

        Assert.That((await SendAsync(one, "GET", "/v1/counters/b")).Value, Is.EqualTo(5));
        Assert.That((await SendAsync(one, "GET", "/v1/counters/c")).Json.GetProperty("exists").GetBoolean(), Is.False);
    }

    [Test]
    public async Task WhatWasDoneAndWhatWasDeclinedAreBothAnsweredAsTheFirstTime()
    {
        var node = await Cluster.FollowerAsync();
        var set = await SendAsync(node, "POST", "/v1/counters/d/cas", """{"expected":null,"value":9223372036854775807}""", (IdempotencyHeader.Name, "d1"));
        Assert.That(set.Json.GetProperty("matched").GetBoolean(), Is.True);
        var declined = await SendAsync(node, "POST", "/v1/counters/d/add", "", (IdempotencyHeader.Name, "d2"));
        Assert.That((declined.Status, declined.Code), Is.EqualTo((422, "declined")));
        var deleted = await SendAsync(node, "DELETE", "/v1/counters/d", "", (IdempotencyHeader.Name, "d3"));
        Assert.That(deleted.Value, Is.EqualTo(long.MaxValue));
        foreach (var member in Cluster.Local.Members)
        {
            Assert.That((await SendAsync(member, "POST", "/v1/counters/d/cas", """{"expected":null,"value":9223372036854775807}""", (IdempotencyHeader.Name, "d1"))).Json.ToString(), Is.EqualTo(set.Json.ToString()));
            Assert.That((await SendAsync(member, "POST", "/v1/counters/d/add", "", (IdempotencyHeader.Name, "d2"))).Code, Is.EqualTo("declined"));
            Assert.That((await SendAsync(member, "DELETE", "/v1/counters/d", "", (IdempotencyHeader.Name, "d3"))).Json.ToString(), Is.EqualTo(deleted.Json.ToString()));
        }
    }

    [TestCase("leader")]
    [TestCase("available")]
    public async Task AKeyGoesWithTheConcernQuorumOnlyAndNotWithASession(string concern)
    {
        var node = await Cluster.FollowerAsync();
        var refused = await SendAsync(node, "POST", $"/v1/counters/e/add?concern={concern}", "", (IdempotencyHeader.Name, "e"));
        Assert.That((refused.Status, refused.Code), Is.EqualTo((400, "bad-request")));
        Assert.That(refused.Json.GetProperty("detail").GetString(), Does.Contain(IdempotencyHeader.Name).And.Contain("quorum"));
        var both = await SendAsync(node, "POST", "/v1/counters/e/add", "", (IdempotencyHeader.Name, "e"), (SessionHeaders.Session, "0.7"), (SessionHeaders.Number, "1"));
        Assert.That((both.Status, both.Code), Is.EqualTo((400, "bad-request")));
        Assert.That((await SendAsync(node, "POST", "/v1/counters/e/add?concern=quorum", "", (IdempotencyHeader.Name, "e"))).Value, Is.EqualTo(1), "neither was done");
    }

    [TestCase("\"abc\"", "abc")]
    [TestCase("abc", "abc")]
    [TestCase(" \"a b\" ", "a b")]
    [TestCase("\"a\\\"b\\\\c\"", "a\"b\\c")]
    public void AKeyIsAStringAndMayLackItsQuotes(string value, string text)
    {
        Assert.That(IdempotencyHeader.TryRead(new HeaderDictionary { [IdempotencyHeader.Name] = value }, out var key, out var problem), Is.True, problem);
        Assert.That(key, Is.EqualTo(new IdempotencyKey(text)));
    }

    [TestCase("")]
    [TestCase("\"\"")]
    [TestCase("\"abc")]
    [TestCase("\"abc\";a=1")]
    [TestCase("\"abc\\x\"")]
    [TestCase("\"abc\\")]
    [TestCase("a b")]
    [TestCase("a,b")]
    [TestCase("\"ä\"")]
    public void WhatIsNoKeyIsRefusedWithASentence(string value)
    {
        Assert.That(IdempotencyHeader.TryRead(new HeaderDictionary { [IdempotencyHeader.Name] = value }, out _, out var problem), Is.False);
        Assert.That(problem, Does.StartWith($"The header {IdempotencyHeader.Name} holds no key: give "));
    }

    [Test]
    public void OneKeyAtATimeAndNoneLongerThanItMayBe()
    {
        Assert.That(IdempotencyHeader.TryRead(new HeaderDictionary { [IdempotencyHeader.Name] = new StringValues(["a", "b"]) }, out _, out _), Is.False);
        Assert.That(IdempotencyHeader.TryRead(new HeaderDictionary { [IdempotencyHeader.Name] = new string('a', IdempotencyKey.MaxLength + 1) }, out _, out _), Is.False);
        Assert.That(IdempotencyHeader.TryRead(new HeaderDictionary { [IdempotencyHeader.Name] = new string('a', IdempotencyKey.MaxLength) }, out var key, out _), Is.True);
        Assert.That(key, Is.Not.Null);
        Assert.That(IdempotencyHeader.TryRead(new HeaderDictionary(), out var none, out _), Is.True);
        Assert.That(none, Is.Null);
    }
}
