using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Cluster;

/// <summary>Writes that one node accepts into its outbox, and reads of them, through the client.</summary>
[TestFixture]
internal sealed class AvailableTests : ClientFixture
{
    private static readonly WriteOptions Available = new(ClientWriteConcern.Available);

    [Test]
    public async Task ANodeThatIsCutOffAcceptsAndReadsTentativelyAndAllOfItCountsOnceWhenTheOthersAreBack()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var client = await ConnectAsync(cluster);
        var alone = await cluster.FollowerAsync();
        foreach (var other in cluster.Local.Members.Where(member => member.Id != alone.Id))
            await KillAsync(cluster, other.Id);
        var seen = client.Seen;
        for (var number = 1; number <= 20; number++)
        {
            var added = await client.AddAsync("a", 2, Available);
            Assert.That((added.Outcome, added.Accepted), Is.EqualTo((ClientOutcome.Accepted, (OutboxPosition?)new OutboxPosition(alone.Id, 1, number))), added.Problem);
            Assert.That((added.Stamp.Node, added.Stamp.Effective, added.Stamp.Token, added.Value), Is.EqualTo((alone.Id, (ConsistencyLevel?)ConsistencyLevel.Available, (ReadToken?)null, 0L)));
        }

        var raised = await client.MaxAsync("m", 7, Available);
        Assert.That((raised.Outcome, raised.Accepted?.Sequence), Is.EqualTo((ClientOutcome.Accepted, (long?)21)), raised.Problem);
        Assert.That(client.Seen, Is.EqualTo(seen), "what was accepted has no place in the log yet");
        var read = await client.GetAsync("a", new(ReadLevel.Tentative));
        Assert.That((read.Outcome, read.Value, read.Exists, read.IsTentative), Is.EqualTo((ClientOutcome.Applied, 40L, true, true)), read.Problem);
        Assert.That((read.Stamp.Node, read.Stamp.Effective), Is.EqualTo((alone.Id, (ConsistencyLevel?)ConsistencyLevel.Tentative)));
        var eventual = await client.GetAsync("a", new(ReadLevel.Eventual));
        Assert.That((eventual.Outcome, eventual.Exists, eventual.IsTentative), Is.EqualTo((ClientOutcome.Applied, false, false)));

        foreach (var other in cluster.Local.Members.Where(member => member.Id != alone.Id))
            cluster.Local.Start(other.Id);
        await Eventually.HoldsAsync(async () => (await client.GetAsync("m", new(ReadLevel.Linearizable, Limit))).Value == 7, "the last of them is in the log", Limit);
        Assert.That((await client.GetAsync("a", new(ReadLevel.Linearizable, Limit))).Value, Is.EqualTo(40));
    }

    [Test]
    public async Task WhatDoesNotCommuteIsRefusedAndSoIsWhatCannotBeLaidOver()
    {
        await using var client = await ConnectAsync(Cluster);
        var compared = await client.CompareAndSetAsync("c", null, 1, Available);
        Assert.That((compared.Outcome, compared.Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.NotCommutative)), compared.Problem);
        Assert.That((await client.DeleteAsync("c", Available)).Refusal, Is.EqualTo(ClientRefusal.NotCommutative));
        var top = await client.TopAsync(1, new(ReadLevel.Tentative));
        Assert.That((top.Outcome, top.Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.NoOverlay)), top.Problem);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await client.AddAsync("c", 1, new((ClientWriteConcern)3)));
    }

    [Test]
    public async Task AMaximumIsRaisedAtEveryConcernAndInASession()
    {
        await using var client = await ConnectAsync(Cluster);
        await using var session = await client.OpenSessionAsync();
        Assert.That((await client.MaxAsync("max", 5)).Value, Is.EqualTo(5));
        Assert.That((await session.MaxAsync("max", 3)).Value, Is.EqualTo(5), "it is no lower value");
        var provisional = await client.MaxAsync("max", 8, new(ClientWriteConcern.Leader));
        Assert.That((await client.ConfirmAsync(provisional.Position!.Value)).Outcome, Is.EqualTo(ClientOutcome.Applied));
        Assert.That((await client.MaxAsync("max", 9, Available)).Outcome, Is.EqualTo(ClientOutcome.Accepted));
        await Eventually.HoldsAsync(async () => (await client.GetAsync("max")).Value == 9, "the maximum is in the log", Limit);
    }
}
