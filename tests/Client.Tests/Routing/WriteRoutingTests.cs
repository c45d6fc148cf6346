using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Routing;

/// <summary>What is sent again and what is not, played by nodes of the test.</summary>
[Parallelizable] // Its nodes are played, and it mostly waits.
internal sealed class WriteRoutingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Test]
    public async Task ARefusalThatNamesTheLeaderIsFollowedAtOnce()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        await using var client = await cluster.ConnectAsync();
        (cluster[1].Leads, cluster[2].Leads, cluster[2].Term) = (false, true, 2);
        cluster[1].Answer = request => FakeNode.Refused(request, ClientRefusal.NotLeader) with { Leader = 2, LeaderAddress = cluster[2].Address };
        var added = await client.AddAsync("k", 1);
        Assert.That((added.Outcome, added.Stamp.Node, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 2, 2)), added.Problem);
    }

    [Test]
    public async Task ALeaderOfWhichOnlyTheAddressIsKnownIsLearned()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        await using var client = await cluster.ConnectAsync(options => options with { Nodes = [cluster[1].Address] });
        Assert.That(client.Nodes, Has.Count.EqualTo(1));
        cluster[1].Leads = false;
        cluster[2].Leads = true;
        cluster[1].Answer = request => FakeNode.Refused(request, ClientRefusal.NotLeader) with { Leader = 2, LeaderAddress = cluster[2].Address };
        var added = await cluster.RunAsync(client.AddAsync("k", 1));
        Assert.That((added.Outcome, added.Stamp.Node), Is.EqualTo((ClientOutcome.Applied, 2)), added.Problem);
        Assert.That(client.Nodes.Select(static node => node.Address), Does.Contain(cluster[2].Address));
    }

    [Test]
    public async Task AWriteOfNoSessionWhoseAnswerIsLostIsUnknownAndSentOnce()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        await using var client = await cluster.ConnectAsync();
        cluster[1].Answer = request =>
        {
            cluster[1].Cut();
            return null;
        };
        var added = await client.AddAsync("k", 1);
        Assert.That((added.Outcome, added.Refusal), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.Disconnected)));
        Assert.That((cluster[1].Asked.Count, cluster[2].Asked.Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task AWriteOfNoSessionThatIsNotAnsweredInTimeIsUnknownAndSentOnce()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        var added = await cluster.RunAsync(client.AddAsync("k", 1, new(ClientWriteConcern.Quorum, TimeSpan.FromSeconds(3))));
        Assert.That((added.Outcome, added.Refusal, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.TimedOut, 1)));
        Assert.That(cluster[1].Asked.Single().DeadlineMs, Is.InRange(2_900, 3_000), "the node is told how long it may take");
    }

    [Test]
    public async Task ACancelledWriteIsUnknown()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var call = client.AddAsync("k", 1, cancellationToken: cancel.Token).AsTask();
        await Eventually.HoldsAsync(() => cluster[1].Asked.Count == 1, "the write is sent", Limit);
        await cancel.CancelAsync();
        var added = await call;
        Assert.That((added.Outcome, added.Refusal), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.Cancelled)));
    }

    [Test]
    public async Task AWriteOfASessionIsSentAgainUnderItsNumberUntilItIsApplied()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        await using var client = await cluster.ConnectAsync();
        await using var session = await OpenAsync(cluster, client);
        var lost = 0;
        cluster[1].Answer = request => ++lost <= 2 ? FakeNode.Refused(request, ClientRefusal.LostLeadership, ClientOutcome.Unknown) : Play(request);
        var added = await cluster.RunAsync(session.AddAsync("k", 1));
        Assert.That((added.Outcome, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 3)), added.Problem);
        await cluster.RunAsync(session.AddAsync("k", 1));
        var numbers = cluster[1].Asked.Where(static request => request.IsWrite).Select(static request => (request.Session.Sequence, request.Session.Acknowledged));
        Assert.That(numbers, Is.EqualTo(new[] { (1L, 0L), (1L, 0L), (1L, 0L), (2L, 1L) }));
        cluster[1].Answer = static request => Play(request);
    }

    [Test]
    public async Task ARefusalAfterAnUnknownAttemptDoesNotMakeAWriteCertainlyNotDone()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        await using var client = await cluster.ConnectAsync();
        await using var session = await OpenAsync(cluster, client);
        var attempts = 0;
        cluster[1].Answer = request => !request.IsWrite
            ? Play(request)
            : ++attempts == 1 ? FakeNode.Refused(request, ClientRefusal.LostLeadership, ClientOutcome.Unknown) : FakeNode.Refused(request, ClientRefusal.SessionExpired);
        var added = await cluster.RunAsync(session.AddAsync("k", 1));
        Assert.That((added.Outcome, added.Refusal, attempts), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.SessionExpired, 2)));
    }

    [Test]
    public async Task AnExpiredSessionIsToldAndNothingIsRunAnew()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        await using var client = await cluster.ConnectAsync();
        await using var session = await OpenAsync(cluster, client);
        cluster[1].Answer = static request => request.IsWrite ? FakeNode.Refused(request, ClientRefusal.SessionExpired) : Play(request);
        var added = await cluster.RunAsync(session.AddAsync("k", 1));
        Assert.That((added.Outcome, added.Refusal, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.SessionExpired, 1)));
        Assert.That(cluster[1].Asked.Count(static request => request.Kind == RequestKind.OpenSession), Is.EqualTo(1));
    }

    [Test]
    public async Task WhenTheBudgetIsUsedUpNothingIsSentAgain()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => FakeNode.Refused(request, ClientRefusal.Overloaded);
        await using var client = await cluster.ConnectAsync(static options => options with { RetryReserve = 2, RetryRatio = 0 });
        var added = await cluster.RunAsync(client.AddAsync("k", 1));
        Assert.That((added.Outcome, added.Refusal, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.RetryBudgetExhausted, 3)));
        Assert.That(client.RetriesLeft, Is.Zero);
        var next = await cluster.RunAsync(client.AddAsync("k", 1));
        Assert.That((next.Refusal, next.Stamp.Attempts), Is.EqualTo((ClientRefusal.RetryBudgetExhausted, 1)), "a first attempt is no repetition");
    }

    [Test]
    public async Task WithoutALeaderCallsWaitForOneAndSendNothing()
    {
        await using var cluster = new FakeCluster(2, leader: 0);
        await using var client = await cluster.ConnectAsync();
        var call = client.AddAsync("k", 1, new(ClientWriteConcern.Quorum, TimeSpan.FromMinutes(5))).AsTask();
        for (var i = 0; i < 100; i++)
            cluster.Time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.That(call.IsCompleted, Is.False);
        Assert.That(cluster[1].Asked.Concat(cluster[2].Asked), Is.Empty);
        (cluster[2].Leads, cluster[2].Term) = (true, 5);
        var added = await cluster.RunAsync(new ValueTask<CounterResult>(call));
        Assert.That((added.Outcome, added.Stamp.Node, added.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 2, 1)), added.Problem);
    }

    [Test]
    public async Task ANodeThatRefusesTheGreetingIsTold()
    {
        await using var node = new FakeNode(1) { Greets = ClientRefusal.OtherCluster };
        var exception = await Assert.ThrowsAsync<RaftStreamClientException>(async () => await RaftStreamClient.ConnectAsync(new() { Nodes = [node.Address], ClusterId = Guid.NewGuid() }));
        Assert.That(exception!.Refusal, Is.EqualTo(ClientRefusal.OtherCluster));
    }

    internal static AnswerMessage Play(RequestMessage request) => request.Kind switch
    {
        RequestKind.OpenSession or RequestKind.CloseSession => new(AnswerKind.Session) { Id = request.Id, Session = 12, Level = ConsistencyLevel.Quorum, Index = 12, Term = 1 },
        _ => FakeNode.Counter(request, 1),
    };

    private static async Task<ClientSession> OpenAsync(FakeCluster cluster, RaftStreamClient client)
    {
        cluster[1].Answer = static request => Play(request);
        return await cluster.RunAsync(client.OpenSessionAsync());
    }
}
