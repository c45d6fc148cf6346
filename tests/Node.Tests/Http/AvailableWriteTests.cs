using RaftStream.Hosting.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Writes that a node accepts into its own outbox, over a cluster of three processes of which some are gone for a while.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class AvailableWriteTests : ClusterFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task ANodeWithoutALeaderAcceptsReadsTentativelyAndCountsOnceWhenTheOthersAreBack()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var alone = await cluster.FollowerAsync();
        foreach (var other in cluster.Local.Members.Where(member => member.Id != alone.Id))
            await KillAsync(cluster, other.Id);
        for (var number = 1; number <= 20; number++)
        {
            var accepted = await SendAsync(alone, "POST", "/v1/counters/a/add?concern=available", """{"delta":2}""");
            Assert.That((accepted.Status, accepted.Outcome, accepted.Json.GetProperty("sequence").GetInt64()), Is.EqualTo((202, "accepted", (long)number)), accepted.Json.ToString());
            Assert.That((accepted.Header(AnswerHeaders.Effective), accepted.Header(AnswerHeaders.Token)), Is.EqualTo(("available", (string?)null)), "it has no place in the log yet");
        }

        Assert.That((await SendAsync(alone, "POST", "/v1/counters/m/max?concern=available", """{"value":7}""")).Status, Is.EqualTo(202));
        var tentative = await SendAsync(alone, "GET", "/v1/counters/a?consistency=tentative");
        Assert.That((tentative.Status, tentative.Value, tentative.Json.GetProperty("tentative").GetBoolean()), Is.EqualTo((200, 40L, true)));
        Assert.That(tentative.Header(AnswerHeaders.Effective), Is.EqualTo("tentative"));
        Assert.That((await SendAsync(alone, "GET", "/v1/status")).Json.GetProperty("outbox").GetProperty("pending").GetInt64(), Is.EqualTo(21));

        // Its process dies, too: what it accepted is on its disk.
        await KillAsync(cluster, alone.Id);
        foreach (var member in cluster.Local.Members)
            cluster.Local.Start(member.Id);
        await Eventually.HoldsAsync(
            async () => (await cluster.Local.Client(alone.Id).StatusAsync(Patience, CancellationToken.None)).Value?.Outbox is { Pending: 0, Drained: 21, Lost: 0 },
            "everything that was accepted is in the log",
            Patience);
        Assert.That((await SendAsync(alone, "GET", "/v1/counters/a")).Value, Is.EqualTo(40));
        Assert.That((await SendAsync(alone, "GET", "/v1/counters/m")).Value, Is.EqualTo(7));
    }

    [Test]
    public async Task WhatDoesNotCommuteIsRefusedAndSoIsWhatCannotBeLaidOver()
    {
        var node = await Cluster.FollowerAsync();
        var refused = await SendAsync(node, "POST", "/v1/counters/c/cas?concern=available", """{"expected":null,"value":1}""");
        Assert.That((refused.Status, refused.Code, refused.Outcome), Is.EqualTo((422, "not-commutative", "rejected")));
        Assert.That((await SendAsync(node, "DELETE", "/v1/counters/c?concern=available")).Code, Is.EqualTo("not-commutative"));
        Assert.That((await SendAsync(node, "GET", "/v1/top?consistency=tentative")).Code, Is.EqualTo("no-overlay"));
        Assert.That((await SendAsync(node, "POST", "/v1/counters/c/add?concern=available", "", (SessionHeaders.Session, "0.7"), (SessionHeaders.Number, "1"))).Code, Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(node, "POST", "/v1/counters/c/max")).Code, Is.EqualTo("bad-request"));
        var raised = await SendAsync(node, "POST", "/v1/counters/c/max", """{"value":3}""");
        Assert.That((raised.Status, raised.Value, raised.Json.TryGetProperty("tentative", out _)), Is.EqualTo((200, 3L, false)));
    }

    private static async Task KillAsync(TestCluster cluster, int id)
    {
        cluster.Local.Child(id).Kill();
        await cluster.Local.Child(id).WaitAsync(CancellationToken.None);
    }
}
