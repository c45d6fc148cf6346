using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Routing;

/// <summary>Where reads go, played by nodes of the test.</summary>
[Parallelizable] // Its nodes are played, and it mostly waits.
internal sealed class ReadRoutingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [TestCase("linearizable")]
    [TestCase("lease")]
    public async Task ReadsInRealTimeOrderGoToTheLeader(string level)
    {
        await using var cluster = new FakeCluster(3, leader: 2);
        await using var client = await cluster.ConnectAsync();
        for (var i = 0; i < 5; i++)
        {
            var read = await client.GetAsync("k", new(level == "lease" ? ReadLevel.Lease : ReadLevel.Linearizable));
            Assert.That((read.Outcome, read.Stamp.Node, read.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 2, 1)), read.Problem);
        }

        Assert.That(cluster[1].Asked.Concat(cluster[3].Asked), Is.Empty);
    }

    [Test]
    public async Task ANodeThatCannotServeALevelIsPassedOverAndThenNotAskedForAWhile()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = static request => FakeNode.Refused(request, ClientRefusal.TooStale);
        await using var client = await cluster.ConnectAsync();
        for (var i = 0; i < 10; i++)
        {
            var read = await client.GetAsync("k", new(ReadLevel.BoundedStaleness(TimeSpan.FromMilliseconds(5))));
            Assert.That((read.Outcome, read.Stamp.Node), Is.EqualTo((ClientOutcome.Applied, 2)), read.Problem);
            Assert.That(read.Stamp.Effective, Is.EqualTo(ConsistencyLevel.BoundedStaleness));
        }

        Assert.That(cluster[1].Asked, Has.Count.LessThanOrEqualTo(1), "the clock of the test stands still, so the while is not over");
    }

    [Test]
    public async Task ALevelThatNobodyCanServeIsRefusedWhenTheTimeIsOverAndNotServedOtherwise()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => FakeNode.Refused(request, ClientRefusal.TooStale);
        await using var client = await cluster.ConnectAsync();
        var read = await cluster.RunAsync(client.GetAsync("k", new(ReadLevel.BoundedStaleness(TimeSpan.FromMilliseconds(5)), TimeSpan.FromSeconds(2))));
        Assert.That((read.Outcome, read.Refusal, read.Stamp.Effective), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.TooStale, (ConsistencyLevel?)null)));
        Assert.That(read.Stamp.Attempts, Is.GreaterThan(2));
    }

    [Test]
    public async Task AReadOfTheClientsOwnSessionCarriesWhatTheClientHasSeen()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => FakeNode.Counter(request, 1, index: request.IsWrite ? 41 : 40);
        await using var client = await cluster.ConnectAsync();
        await client.GetAsync("k", new(ReadLevel.ReadYourWrites));
        await client.AddAsync("k", 1);
        await client.GetAsync("k", new(ReadLevel.ReadYourWrites));
        var tokens = cluster[1].Asked.Where(static request => !request.IsWrite).Select(static request => request.Level.Token.Index);
        Assert.That(tokens, Is.EqualTo(new[] { 0, 41 }));
        Assert.That(client.Seen, Is.EqualTo(new ReadToken(0, 41)));
    }

    [Test]
    public async Task AReadThatANodeNeverAnswersIsAskedOfAnotherAfterItsAttempt()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        await using var client = await cluster.ConnectAsync();
        var silent = cluster[(await client.GetAsync("k", new(ReadLevel.Eventual))).Stamp.Node];
        silent.Answer = static _ => null;
        var read = await cluster.RunAsync(client.GetAsync("k", new(ReadLevel.Eventual)));
        Assert.That((read.Outcome, read.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 2)), read.Problem);
        Assert.That(read.Stamp.Node, Is.Not.EqualTo(silent.Id));
    }

    [Test]
    public async Task ANewLeaderIsFoundByTheStatusOfTheNodes()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        await using var client = await cluster.ConnectAsync();
        Assert.That((await client.GetAsync("k")).Stamp.Node, Is.EqualTo(1));
        cluster[1].Leads = false;
        cluster[1].Answer = static request => FakeNode.Refused(request, ClientRefusal.NotLeader);
        (cluster[2].Leads, cluster[2].Term) = (true, 2);
        var read = await cluster.RunAsync(client.GetAsync("k"));
        Assert.That((read.Outcome, read.Stamp.Node), Is.EqualTo((ClientOutcome.Applied, 2)), read.Problem);
        await Eventually.HoldsAsync(() => client.Nodes.Single(static node => node.IsLeader).Id == 2, "the client takes node 2 for the leader", Limit);
    }
}
