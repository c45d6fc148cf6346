using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Routing;

/// <summary>Where writes go that one node's outbox takes, and what is sent again of them: nothing that may have been taken.</summary>
[Parallelizable] // Its nodes are played, and it mostly waits.
internal sealed class AvailableRoutingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly WriteOptions Available = new(ClientWriteConcern.Available);

    [Test]
    public async Task WhatTheClientWroteStaysAtTheNodeThatTookItAndIsReadThere()
    {
        await using var cluster = Accepting(3);
        await using var client = await cluster.ConnectAsync();
        var home = (await client.AddAsync("k", 1, Available)).Accepted!.Value.Node;
        for (var i = 0; i < 5; i++)
        {
            Assert.That((await client.MaxAsync("k", 1, Available)).Accepted?.Node, Is.EqualTo(home));
            Assert.That((await client.GetAsync("k", new(ReadLevel.Tentative))).Stamp.Node, Is.EqualTo(home));
        }

        await cluster[home].DisposeAsync();
        await Eventually.HoldsAsync(() => !client.Nodes.Single(node => node.Id == home).IsConnected, "the node is gone", Limit);
        var next = (await client.GetAsync("k", new(ReadLevel.Tentative))).Stamp.Node;
        Assert.That(next, Is.Not.EqualTo(home), "another one serves it, and the answer says so");
        var moved = (await client.AddAsync("k", 1, Available)).Accepted!.Value.Node;
        Assert.That((await client.GetAsync("k", new(ReadLevel.Tentative))).Stamp.Node, Is.EqualTo(moved));
    }

    [TestCase((byte)ClientRefusal.OutboxFull)]
    [TestCase((byte)ClientRefusal.StorageFull)]
    [TestCase((byte)ClientRefusal.NotMember)]
    [TestCase((byte)ClientRefusal.Overloaded)]
    public async Task ANodeThatCertainlyDidNotTakeItIsPassedOver(byte refusal)
    {
        await using var cluster = Accepting(2);
        await using var client = await cluster.ConnectAsync();
        var home = (await client.AddAsync("k", 1, Available)).Accepted!.Value.Node;
        cluster[home].Answer = request => FakeNode.Refused(request, (ClientRefusal)refusal);
        for (var i = 0; i < 5; i++)
        {
            var added = await client.AddAsync("k", 1, Available);
            Assert.That((added.Outcome, added.Accepted?.Node, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Accepted, (int?)(3 - home), i == 0 ? 2 : 1)), added.Problem);
        }

        Assert.That(cluster[home].Asked, Has.Count.EqualTo(2), "for a while it is not asked, and then the other one has what was written");
    }

    [Test]
    public async Task AWriteWhoseAnswerIsLostIsUnknownAndSentToNobodyElse()
    {
        await using var cluster = Accepting(3);
        await using var client = await cluster.ConnectAsync();
        for (var id = 1; id <= 3; id++)
            CutAt(cluster[id]);
        var added = await client.AddAsync("k", 1, Available);
        Assert.That((added.Outcome, added.Refusal, added.Accepted), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.Disconnected, (OutboxPosition?)null)));
        Assert.That(Enumerable.Range(1, 3).Sum(id => cluster[id].Asked.Count), Is.EqualTo(1));
    }

    [TestCase((byte)ClientRefusal.StorageFull)]
    [TestCase((byte)ClientRefusal.Stopped)]
    [TestCase((byte)ClientRefusal.Internal)]
    public async Task AWriteOfWhichTheNodeDoesNotKnowIsUnknownAndSentToNobodyElse(byte refusal)
    {
        await using var cluster = Accepting(2);
        cluster[1].Answer = cluster[2].Answer = request => FakeNode.Refused(request, (ClientRefusal)refusal, ClientOutcome.Unknown);
        await using var client = await cluster.ConnectAsync();
        var added = await client.AddAsync("k", 1, Available);
        Assert.That((added.Outcome, added.Refusal, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Unknown, (ClientRefusal)refusal, 1)));
    }

    [Test]
    public async Task AWriteThatIsNotAnsweredInTimeIsUnknownAndSentOnce()
    {
        await using var cluster = Accepting(2);
        cluster[1].Answer = cluster[2].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        var added = await cluster.RunAsync(client.AddAsync("k", 1, new(ClientWriteConcern.Available, TimeSpan.FromSeconds(3))));
        Assert.That((added.Outcome, added.Refusal, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.TimedOut, 1)));
        Assert.That(cluster[1].Asked.Concat(cluster[2].Asked).Single().Concern, Is.EqualTo(ClientWriteConcern.Available));
    }

    [Test]
    public async Task FullOutboxesAreAskedAgainAndToldWhenTheTimeIsOver()
    {
        await using var cluster = Accepting(2);
        cluster[1].Answer = cluster[2].Answer = static request => FakeNode.Refused(request, ClientRefusal.OutboxFull);
        await using var client = await cluster.ConnectAsync();
        var added = await cluster.RunAsync(client.AddAsync("k", 1, new(ClientWriteConcern.Available, TimeSpan.FromSeconds(2))));
        Assert.That((added.Outcome, added.Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.OutboxFull)));
        Assert.That(added.Stamp.Attempts, Is.GreaterThan(2));
    }

    [Test]
    public async Task WhatIsRefusedForWhatItIsIsAskedOfNobodyElse()
    {
        await using var cluster = Accepting(2);
        cluster[1].Answer = cluster[2].Answer = static request => FakeNode.Refused(request, ClientRefusal.NotCommutative);
        await using var client = await cluster.ConnectAsync();
        var deleted = await client.DeleteAsync("k", Available);
        Assert.That((deleted.Outcome, deleted.Refusal, deleted.Stamp.Attempts), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.NotCommutative, 1)));
    }

    [Test]
    public async Task AnAcceptedWriteIsNothingThatTheClientHasSeen()
    {
        await using var cluster = Accepting(1);
        cluster[1].Answer = static request => request.IsWrite ? FakeNode.Accepted(request) with { Index = 99, Term = 1 } : FakeNode.Counter(request, 1, index: 12);
        await using var client = await cluster.ConnectAsync();
        var added = await client.AddAsync("k", 1, Available);
        Assert.That((added.Stamp.Token, client.Seen.Index), Is.EqualTo(((ReadToken?)null, 0L)), "whatever a node says");
        var read = await client.GetAsync("k", new(ReadLevel.Tentative));
        Assert.That((read.Stamp.Token, client.Seen.Index), Is.EqualTo(((ReadToken?)new ReadToken(0, 12), 12L)), "what of the log is in a tentative answer is");
    }

    private static FakeCluster Accepting(int nodes)
    {
        var cluster = new FakeCluster(nodes, leader: 1);
        for (var id = 1; id <= nodes; id++)
            cluster[id].Answer = static request => request.IsWrite ? FakeNode.Accepted(request) : FakeNode.Counter(request, 1);
        return cluster;
    }

    private static void CutAt(FakeNode node) => node.Answer = _ =>
    {
        node.Cut();
        return null;
    };
}
