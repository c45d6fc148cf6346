using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Routing;

/// <summary>Where a watch goes on, and what it asks for, played by nodes of the test.</summary>
[Parallelizable] // Its nodes are played, and it mostly waits.
internal sealed class WatchRoutingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Test]
    public async Task APageThatIsLostIsAskedForAtAnotherNodeBehindTheOneBefore()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => request.Watch!.From!.Value.IsNew ? FakeNode.Page(request, 7, 1, 2) : FakeNode.Page(request, 8, 3);
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.Key("k"), new ReadToken(0, 5)));
        Assert.That((await watch.NextAsync()).Value, Is.EqualTo(1));
        var first = cluster[1].Asked.Count > 0 ? 1 : 2;
        cluster[first].Answer = _ =>
        {
            cluster[first].Cut();
            return null;
        };
        Assert.That((await watch.NextAsync()).Value, Is.EqualTo(2));
        Assert.That((await cluster.RunAsync(watch.NextAsync())).Value, Is.EqualTo(3));
        var asked = cluster[first].Asked.Concat(cluster[3 - first].Asked).Select(static request => request.Watch!.From!.Value.Mark.Entry);
        Assert.That(asked, Is.EqualTo(new[] { 5L, 7L, 7L }), "the page that was lost, and the same one of the other node");
        Assert.That(watch.Told.Select(static told => told.Resume?.Index), Is.EqualTo(new[] { 6L, 7L, 8L }));
    }

    [Test]
    public async Task NothingIsAskedForWhileTheEventsAreNotTakenAndOtherCallsGoOn()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => request.Kind == RequestKind.Watch ? FakeNode.Page(request, 7, 1, 2, 3) : FakeNode.Counter(request, 9);
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        await watch.NextAsync();
        for (var i = 0; i < 20; i++)
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.That((await client.GetAsync("k", new(ReadLevel.Eventual))).Value, Is.EqualTo(9));
        }

        Assert.That(cluster[1].Asked.Count(static request => request.Kind == RequestKind.Watch), Is.EqualTo(1));
    }

    [TestCase((byte)ClientRefusal.Overloaded)]
    [TestCase((byte)ClientRefusal.NotMember)]
    [TestCase((byte)ClientRefusal.Stopped)]
    [TestCase((byte)ClientRefusal.Internal)]
    public async Task ANodeThatDoesNotServeAWatchIsPassedOver(byte refusal)
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => FakeNode.Page(request, 7, 1);
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        await watch.NextAsync();
        var first = cluster[1].Asked.Count > 0 ? 1 : 2;
        cluster[first].Answer = request => FakeNode.Refused(request, (ClientRefusal)refusal);
        for (var i = 0; i < 5; i++)
            await cluster.RunAsync(watch.NextAsync());
        Assert.That((cluster[first].Asked.Count, cluster[3 - first].Asked.Count), Is.EqualTo((2, 5)), "and the watch stays where it went on");
    }

    [TestCase((byte)ClientRefusal.Unauthenticated)]
    [TestCase((byte)ClientRefusal.Forbidden)]
    [TestCase((byte)ClientRefusal.TooLarge)]
    public async Task WhatNoNodeWouldAnswerOtherwiseEndsAWatch(byte refusal)
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => FakeNode.Page(request, 7, 1);
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        await watch.NextAsync();
        cluster[1].Answer = request => FakeNode.Refused(request, (ClientRefusal)refusal);
        var ended = await Assert.ThrowsAsync<RaftStreamClientException>(() => cluster.RunAsync(watch.NextAsync()));
        Assert.That((ended!.Refusal, ended.Message), Is.EqualTo(((ClientRefusal)refusal, "As the test wants it.")));
    }

    [TestCase((byte)ClientRefusal.Unauthenticated, false)]
    [TestCase((byte)ClientRefusal.Forbidden, false)]
    [TestCase((byte)ClientRefusal.Unauthenticated, true)]
    public async Task WatchesAndSubscriptionsEndWhereNoNodeGreetsTheClientAnyMore(byte refusal, bool isOneGone)
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => request.Kind == RequestKind.Subscribe ? FakeNode.Outputs(request, 1) : FakeNode.Page(request, 7, 1);
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        await watch.NextAsync();
        await using var outputs = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
        Assert.That(await cluster.RunAsync(outputs.MoveNextAsync()));
        cluster[1].Greets = cluster[2].Greets = (ClientRefusal)refusal;
        if (isOneGone)
            await cluster[1].DisposeAsync();
        cluster[1].Cut();
        cluster[2].Cut();
        var watched = await Assert.ThrowsAsync<RaftStreamClientException>(() => cluster.RunAsync(watch.NextAsync()));
        var subscribed = await Assert.ThrowsAsync<RaftStreamClientException>(async () => await cluster.RunAsync(outputs.MoveNextAsync()));
        foreach (var ended in new[] { watched!, subscribed! })
            Assert.That((ended.Refusal, ended.Message), Is.EqualTo(((ClientRefusal)refusal, "The test refuses.")));
    }

    [Test]
    public async Task AWatchGoesOnAtTheNodeThatStillGreetsTheClient()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => FakeNode.Page(request, 7, 1);
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        await watch.NextAsync();
        cluster[1].Greets = ClientRefusal.Unauthenticated;
        cluster[1].Cut();
        cluster[2].Cut();
        for (var i = 0; i < 3; i++)
            await cluster.RunAsync(watch.NextAsync());
        Assert.That(cluster[2].Asked, Is.Not.Empty);
    }

    [Test]
    public async Task ANodeThatNeverAnswersIsLeft()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        var next = watch.NextAsync();
        await Eventually.HoldsAsync(() => cluster[1].Asked.Count + cluster[2].Asked.Count == 1, "one is asked", Limit);
        var silent = cluster[1].Asked.Count > 0 ? 1 : 2;
        cluster[3 - silent].Answer = static request => FakeNode.Page(request, 7, 1);
        Assert.That((await cluster.RunAsync(next)).Value, Is.EqualTo(1));
    }

    [Test]
    public async Task ANodeThatHearsNoLeaderIsLeftAndAskedAgainIfNoOtherIsThere()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => FakeNode.Page(request, 7) with { Leader = 0 };
        await using var client = await cluster.ConnectAsync();
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        var next = watch.NextAsync();
        await Eventually.HoldsAsync(
            () =>
            {
                cluster.Time.Advance(TimeSpan.FromMilliseconds(5));
                return cluster[1].Asked.Count > 1 && cluster[2].Asked.Count > 1;
            },
            "both are asked, again and again",
            Limit);
        cluster[2].Answer = static request => FakeNode.Page(request, 8, 5);
        Assert.That((await cluster.RunAsync(next)).Value, Is.EqualTo(5));
    }

    [Test]
    public async Task AWatchWithoutANodeWaitsForOneAndEndsOnlyWhenItIsCancelled()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var events = client.WatchAsync(ClientWatchFilter.All, cancellationToken: cancel.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = events.MoveNextAsync().AsTask();
        await Eventually.HoldsAsync(() => cluster[1].Asked.Count == 1, "the node is asked", Limit);
        await cluster[1].DisposeAsync();
        for (var i = 0; i < 600; i++)
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(next.IsCompleted, Is.False);
        await cancel.CancelAsync();
        Assert.That(async () => await next, Throws.InstanceOf<OperationCanceledException>());
        await events.DisposeAsync();
    }

    [Test]
    public void WhatIsNoFilterAndNoPlaceIsRefused()
    {
        foreach (var wrong in new Action[] { () => ClientWatchFilter.Key(""), () => ClientWatchFilter.Prefix(""), () => ClientWatchFilter.Key(new string('x', 4_097)), () => ClientWatchFilter.Prefix("\ud800") })
            Assert.That(wrong, Throws.ArgumentException);
    }
}
