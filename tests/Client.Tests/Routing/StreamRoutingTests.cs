using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Routing;

/// <summary>Where lines and subscriptions of stream jobs go, and what becomes of them, played by nodes of the test.</summary>
[Parallelizable] // Its nodes are played, and it mostly waits.
internal sealed class StreamRoutingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Test]
    public async Task LinesWhoseAnswerIsLostGoToAnotherNodeUnderTheSameNumbers()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        await using var client = await cluster.ConnectAsync();
        var lost = 0;
        cluster[1].Answer = request => LoseFirst(1, request);
        cluster[2].Answer = request => LoseFirst(2, request);
        var producer = client.Producer("events", "in", "pump", first: 5);
        var sent = await cluster.RunAsync(producer.SendAsync(["a", "b"]));
        Assert.That((sent.Outcome, sent.Sequence, sent.Taken, sent.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 6L, 0, 2)));
        Assert.That(producer.Next, Is.EqualTo(7));
        var asked = new[] { 1, 2 }.SelectMany(id => cluster[id].Asked).Select(static request => (request.Ingest!.Producer, request.Ingest.First, string.Join(' ', request.Ingest.Lines))).ToArray();
        Assert.That(asked, Is.EqualTo(new[] { ("pump", 5L, "a b"), ("pump", 5L, "a b") }));
        Assert.That((cluster[1].Asked.Count, cluster[2].Asked.Count), Is.EqualTo((1, 1)), "at another node");

        AnswerMessage? LoseFirst(int id, RequestMessage request)
        {
            if (Interlocked.Increment(ref lost) > 1)
                return FakeNode.Taken(request, 0);
            cluster[id].Cut();
            return null;
        }
    }

    [Test]
    public async Task MoreLinesThanARequestHasRoomForGoInSeveralInTheirOrder()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => FakeNode.Taken(request, request.Ingest!.Lines.Count);
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump");
        var lines = Enumerable.Range(0, 5_000).Select(static number => new string((char)('a' + (number % 26)), number % 40)).Append(new string('z', 13_997)).ToArray();
        var sent = await cluster.RunAsync(producer.SendAsync(lines));
        Assert.That((sent.Outcome, sent.Sequence, sent.Taken, producer.Next), Is.EqualTo((ClientOutcome.Applied, 5_001L, 5_001, 5_002L)));
        var asked = cluster[1].Asked.Select(static request => request.Ingest!).ToArray();
        Assert.That(asked, Has.Length.GreaterThan(5).And.Length.EqualTo(sent.Stamp.Attempts));
        Assert.That(asked.SelectMany(static terms => terms.Lines), Is.EqualTo(lines));
        Assert.That(asked.Select(static terms => terms.First), Is.EqualTo(asked.Select((_, at) => 1L + asked.Take(at).Sum(static terms => terms.Lines.Count))));
    }

    [TestCase((byte)ClientRefusal.UnknownStream)]
    [TestCase((byte)ClientRefusal.JobStateFull)]
    [TestCase((byte)ClientRefusal.JobDeclined)]
    [TestCase((byte)ClientRefusal.Forbidden)]
    public async Task WhatSendingAgainWouldNotChangeIsToldAndTheNumbersStay(byte refusal)
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = request => FakeNode.Refused(request, (ClientRefusal)refusal);
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump");
        var sent = await cluster.RunAsync(producer.SendAsync(["a"]));
        Assert.That((sent.Outcome, sent.Refusal, sent.Sequence, producer.Next), Is.EqualTo((ClientOutcome.Rejected, (ClientRefusal)refusal, 0L, 1L)));
        Assert.That(cluster[1].Asked, Has.Count.EqualTo(1));
    }

    [TestCase((byte)ClientRefusal.JobBusy)]
    [TestCase((byte)ClientRefusal.JobNotBegun)]
    [TestCase((byte)ClientRefusal.SinkFull)]
    [TestCase((byte)ClientRefusal.NoLeader)]
    [TestCase((byte)ClientRefusal.Overloaded)]
    public async Task WhatPassesIsTriedAgain(byte refusal)
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = request => cluster[1].Asked.Count < 3 ? FakeNode.Refused(request, (ClientRefusal)refusal) : FakeNode.Taken(request, 1);
        await using var client = await cluster.ConnectAsync();
        var sent = await cluster.RunAsync(client.Producer("events", "in", "pump").SendAsync(["a"]));
        Assert.That((sent.Outcome, sent.Taken, sent.Stamp.Attempts), Is.EqualTo((ClientOutcome.Applied, 1, 3)));
    }

    [Test]
    public async Task AGapTellsWhereTheProducerStands()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => FakeNode.Taken(request, 0) with { Outcome = ClientOutcome.Rejected, Refusal = ClientRefusal.WrongSequence, Problem = "A gap.", Level = null, Sequence = 3 };
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump", first: 9);
        var sent = await cluster.RunAsync(producer.SendAsync(["a"]));
        Assert.That((sent.Outcome, sent.Refusal, sent.Sequence, sent.Stamp.Token, producer.Next), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.WrongSequence, 3L, (ReadToken?)null, 9L)));
    }

    [Test]
    public async Task LinesThatNobodyAnswersForAreUnknownAndTheSameAgainHaveTheSameNumbers()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => request.Ingest!.Lines.Contains("b", StringComparer.Ordinal) ? null : FakeNode.Taken(request, 1);
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump");
        Assert.That((await cluster.RunAsync(producer.SendAsync(["a"]))).Outcome, Is.EqualTo(ClientOutcome.Applied));
        var sent = await cluster.RunAsync(producer.SendAsync(["b", "c"]));
        Assert.That((sent.Outcome, sent.Sequence, producer.Next), Is.EqualTo((ClientOutcome.Unknown, 1L, 2L)));
        cluster[1].Answer = static request => FakeNode.Taken(request, 2);
        var again = await cluster.RunAsync(producer.SendAsync(["b", "c"]));
        Assert.That((again.Outcome, again.Sequence, producer.Next), Is.EqualTo((ClientOutcome.Applied, 3L, 4L)));
        Assert.That(cluster[1].Asked.Skip(1).Select(static request => request.Ingest!.First), Is.All.EqualTo(2));
    }

    [Test]
    public async Task ARefusalBehindALostAnswerDoesNotMakeItCertainThatNothingWasTakenIn()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = request => cluster[1].Asked.Count == 1 ? FakeNode.Refused(request, ClientRefusal.LostLeadership, ClientOutcome.Unknown) : FakeNode.Refused(request, ClientRefusal.JobStateFull);
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump");
        var sent = await cluster.RunAsync(producer.SendAsync(["a"]));
        Assert.That((sent.Outcome, sent.Refusal, sent.Stamp.Attempts, producer.Next), Is.EqualTo((ClientOutcome.Unknown, ClientRefusal.JobStateFull, 2, 1L)));
    }

    [Test]
    public async Task AProducerThatRestartsGoesOnBehindWhatCounts()
    {
        await using var cluster = new FakeCluster(2, leader: 2);
        cluster[2].Answer = static request => FakeNode.Taken(request, 0) with { Sequence = 41, Level = ConsistencyLevel.Linearizable };
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump");
        var stands = await cluster.RunAsync(producer.ResumeAsync());
        Assert.That((stands.Outcome, stands.Sequence, stands.Taken, producer.Next), Is.EqualTo((ClientOutcome.Applied, 41L, 0, 42L)));
        Assert.That(cluster[2].Asked.Single().Ingest!.Lines, Is.Empty);
        Assert.That(cluster[1].Asked, Is.Empty, "the leader is asked");
    }

    [Test]
    public async Task AProducerSendsOneAfterTheOther()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        var producer = client.Producer("events", "in", "pump");
        var first = producer.SendAsync(["a"]).AsTask();
        Assert.That(async () => await producer.SendAsync(["b"]).AsTask().WaitAsync(Limit), Throws.InvalidOperationException);
        Assert.That(async () => await producer.ResumeAsync().AsTask().WaitAsync(Limit), Throws.InvalidOperationException);
        cluster[1].Answer = static request => FakeNode.Taken(request, 1);
        Assert.That((await cluster.RunAsync(first)).Outcome, Is.EqualTo(ClientOutcome.Applied));
        Assert.That((await cluster.RunAsync(producer.SendAsync(["b"]))).Sequence, Is.EqualTo(2));
    }

    [Test]
    public async Task WhatIsNoNameNoNumberAndNoLineIsRefused()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        await using var client = await cluster.ConnectAsync();
        foreach (var name in new[] { "", new string('n', 201), "a\tb", "\ud800" })
        {
            Assert.That(() => client.Producer(name, "in", "pump"), Throws.ArgumentException);
            Assert.That(() => client.Producer("events", name, "pump"), Throws.ArgumentException);
            Assert.That(() => client.Producer("events", "in", name), Throws.ArgumentException);
            Assert.That(() => client.SubscribeAsync(name, "changes"), Throws.ArgumentException);
            Assert.That(() => client.SubscribeAsync("events", name), Throws.ArgumentException);
        }

        Assert.That(() => client.Producer("events", "in", "pump", 0), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => client.Producer("events", "in", "pump", long.MaxValue - 4_095), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => client.SubscribeAsync("events", "changes", 0), Throws.InstanceOf<ArgumentException>());
        var producer = client.Producer("events", "in", "pump");
        foreach (var lines in new string[][] { [], ["a", "b\nc"], [new string('x', 13_998)], ["\udc00"] })
            Assert.That(async () => await producer.SendAsync(lines), Throws.ArgumentException);
        Assert.That(cluster[1].Asked, Is.Empty);
    }

    [Test]
    public async Task APageThatIsLostIsAskedForAtAnotherNodeBehindTheOneBefore()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        cluster[1].Answer = cluster[2].Answer = static request => request.Subscribe!.From < 5 ? FakeNode.Outputs(request, 4, 5) : FakeNode.Outputs(request, 6);
        await using var client = await cluster.ConnectAsync();
        await using var outputs = client.SubscribeAsync("events", "changes", 2).GetAsyncEnumerator();
        Assert.That(await cluster.RunAsync(outputs.MoveNextAsync()));
        Assert.That(outputs.Current, Is.EqualTo(new ClientSinkOutput(4, 1_000, "output 4")), "a gap shows");
        var first = cluster[1].Asked.Count > 0 ? 1 : 2;
        cluster[first].Answer = _ =>
        {
            cluster[first].Cut();
            return null;
        };
        Assert.That(await outputs.MoveNextAsync());
        Assert.That(outputs.Current.Sequence, Is.EqualTo(5));
        Assert.That(await cluster.RunAsync(outputs.MoveNextAsync()));
        Assert.That(outputs.Current.Sequence, Is.EqualTo(6));
        Assert.That(cluster[first].Asked.Concat(cluster[3 - first].Asked).Select(static request => request.Subscribe!.From), Is.EqualTo(new[] { 2L, 6L, 6L }), "the page that was lost, and the same one of the other node");
    }

    [Test]
    public async Task ANodeWhereTheJobHasNotBegunIsPassedOver()
    {
        await using var cluster = new FakeCluster(2, leader: 1);
        var refusals = 0;
        cluster[1].Answer = cluster[2].Answer = request => Interlocked.Increment(ref refusals) < 4 ? FakeNode.Refused(request, ClientRefusal.JobNotBegun) : FakeNode.Outputs(request, 1);
        await using var client = await cluster.ConnectAsync();
        await using var outputs = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
        Assert.That(await cluster.RunAsync(outputs.MoveNextAsync()));
        Assert.That((cluster[1].Asked.Count, cluster[2].Asked.Count), Is.EqualTo((2, 2)));
    }

    [TestCase((byte)ClientRefusal.UnknownStream)]
    [TestCase((byte)ClientRefusal.Forbidden)]
    [TestCase((byte)ClientRefusal.TooLarge)]
    public async Task WhatNoNodeWouldAnswerOtherwiseEndsASubscription(byte refusal)
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = request => FakeNode.Refused(request, (ClientRefusal)refusal);
        await using var client = await cluster.ConnectAsync();
        await using var outputs = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
        var ended = await Assert.ThrowsAsync<RaftStreamClientException>(async () => await cluster.RunAsync(outputs.MoveNextAsync()));
        Assert.That((ended!.Refusal, ended.Message), Is.EqualTo(((ClientRefusal)refusal, "As the test wants it.")));
    }

    [Test]
    public async Task ARestoredClusterEndsASubscriptionInsteadOfPassingOutputsOver()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => FakeNode.Outputs(request, 1);
        await using var client = await cluster.ConnectAsync();
        await using var outputs = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
        Assert.That(await cluster.RunAsync(outputs.MoveNextAsync()));
        cluster[1].Incarnation = 1;
        cluster[1].Answer = static request => FakeNode.Outputs(request, 2);
        cluster[1].Cut();
        var ended = await Assert.ThrowsAsync<RaftStreamClientException>(async () => await cluster.RunAsync(outputs.MoveNextAsync()));
        Assert.That(ended!.Refusal, Is.EqualTo(ClientRefusal.OtherIncarnation));
    }

    [Test]
    public async Task WatchesAndSubscriptionsOfAClientAreBoundedTogether()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static request => request.Kind == RequestKind.Subscribe ? FakeNode.Outputs(request, 1, 2) : FakeNode.Page(request, 7, 1, 2);
        await using var client = await cluster.ConnectAsync();
        var open = new List<IAsyncDisposable>();
        try
        {
            for (var i = 0; i < 32; i++)
            {
                var outputs = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
                var watch = client.WatchAsync(ClientWatchFilter.All).GetAsyncEnumerator();
                open.AddRange([outputs, watch]);
                Assert.That(await cluster.RunAsync(outputs.MoveNextAsync()) && await cluster.RunAsync(watch.MoveNextAsync()));
            }

            await using (var more = client.SubscribeAsync("events", "changes").GetAsyncEnumerator())
                Assert.That((await Assert.ThrowsAsync<RaftStreamClientException>(async () => await more.MoveNextAsync()))!.Refusal, Is.EqualTo(ClientRefusal.Overloaded));
            await open[0].DisposeAsync();
            await using var instead = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
            Assert.That(await cluster.RunAsync(instead.MoveNextAsync()));
        }
        finally
        {
            foreach (var one in open)
                await one.DisposeAsync();
        }
    }

    [Test]
    public async Task ASubscriptionWithoutANodeWaitsForOneAndEndsOnlyWhenItIsCancelled()
    {
        await using var cluster = new FakeCluster(1, leader: 1);
        cluster[1].Answer = static _ => null;
        await using var client = await cluster.ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var outputs = client.SubscribeAsync("events", "changes", cancellationToken: cancel.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = outputs.MoveNextAsync().AsTask();
        await Eventually.HoldsAsync(() => cluster[1].Asked.Count == 1, "the node is asked", Limit);
        await cluster[1].DisposeAsync();
        for (var i = 0; i < 600; i++)
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(next.IsCompleted, Is.False);
        await cancel.CancelAsync();
        Assert.That(async () => await next, Throws.InstanceOf<OperationCanceledException>());
        await outputs.DisposeAsync();
    }
}
