using System.Net;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Cluster;

/// <summary>Watches through the client, over clusters of three processes of which some die.</summary>
[TestFixture]
internal sealed class WatchTests : ClientFixture
{
    [Test]
    public async Task AWatchBeginsWithTheRowsAndTellsEachChangeOfWhatItIsAbout()
    {
        await using var client = await ConnectAsync(Cluster);
        await client.AddAsync("row/a", 1);
        await client.AddAsync("row/b", 2);
        await AppliedAsync(Cluster, (await client.AddAsync("other", 1)).Stamp.Token);
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.Prefix("row/")));
        Assert.That((await watch.NextAsync()).Kind, Is.EqualTo(ClientWatchKind.Reset));
        await watch.UntilAsync(static told => told.Kind == ClientWatchKind.Progress);
        Assert.That(watch.State, Is.EquivalentTo(new Dictionary<string, long>(StringComparer.Ordinal) { ["row/a"] = 1, ["row/b"] = 2 }));
        Assert.That(watch.Told.SkipLast(1).Select(static told => told.Resume), Is.All.Null, "whoever is cut off there begins anew");
        await client.AddAsync("other", 1);
        var added = await client.AddAsync("row/a", 4);
        var deleted = await client.DeleteAsync("row/b");
        var first = await watch.UntilAsync(static told => told.Kind != ClientWatchKind.Progress);
        Assert.That(first, Is.EqualTo(new ClientWatchEvent(ClientWatchKind.Changed, added.Stamp.Index, "row/a", 5, new(0, added.Stamp.Index))));
        Assert.That(await watch.UntilAsync(static told => told.Kind != ClientWatchKind.Progress), Is.EqualTo(new ClientWatchEvent(ClientWatchKind.Deleted, deleted.Stamp.Index, "row/b", 0, new(0, deleted.Stamp.Index))));
        Assert.That(client.Seen.Index, Is.GreaterThanOrEqualTo(deleted.Stamp.Index), "a read of the client's own session comes after what it was told");

        // Nothing that is watched changes, and the watch says so now and then.
        await client.AddAsync("other", 1);
        Assert.That(await watch.NextAsync(), Has.Property(nameof(ClientWatchEvent.Kind)).EqualTo(ClientWatchKind.Progress));
    }

    [Test]
    public async Task AWatchGoesOnBehindWhateverTellsAPlaceAndOverHttpToo()
    {
        await using var client = await ConnectAsync(Cluster);
        var first = await client.AddAsync("behind", 1);
        var second = await client.AddAsync("behind", 1);
        ReadToken? resume;
        await using (var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.Key("behind"), first.Stamp.Token)))
        {
            Assert.That((await watch.UntilAsync(static told => told.Kind != ClientWatchKind.Progress), watch.State["behind"]), Is.EqualTo((new ClientWatchEvent(ClientWatchKind.Changed, second.Stamp.Index, "behind", 2, second.Stamp.Token), 2)));
            resume = watch.Told[^1].Resume;
        }

        var third = await client.AddAsync("behind", 1);
        foreach (var member in Cluster.Local.Members)
        {
            await using var alone = await ConnectAsync(Cluster, member);
            await using var watch = new WatchReader(alone.WatchAsync(ClientWatchFilter.All, resume));
            Assert.That(await watch.UntilAsync(static told => told.Key == "behind"), Has.Property(nameof(ClientWatchEvent.Index)).EqualTo(third.Stamp.Index));
            Assert.That(watch.Told.Select(static told => told.Kind), Has.None.EqualTo(ClientWatchKind.Reset));
            using var http = HttpClients.Create();
            using var response = await http.GetAsync(HttpClients.Target(member.HttpAddress, $"/v1/watch?key=behind&from={watch.Told[^1].Resume}"), HttpCompletionOption.ResponseHeadersRead);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), "a place is an id of the HTTP interface");
        }
    }

    [Test]
    public async Task APlaceOfAnotherIncarnationBeginsAnewAndOneOfTheFutureWaits()
    {
        await using var client = await ConnectAsync(Cluster);
        await using var anew = new WatchReader(client.WatchAsync(ClientWatchFilter.Key("nothing"), new ReadToken(7, 1)));
        Assert.That(((await anew.NextAsync()).Kind, (await anew.NextAsync()).Kind), Is.EqualTo((ClientWatchKind.Reset, ClientWatchKind.Progress)));
        var now = (await client.AddAsync("future", 1)).Stamp.Token!.Value;
        await using var ahead = new WatchReader(client.WatchAsync(ClientWatchFilter.Key("future"), now with { Index = now.Index + 2 }));
        var next = ahead.UntilAsync(static told => told.Kind == ClientWatchKind.Changed);
        for (var i = 0; i < 4; i++)
            await client.AddAsync("future", 1);
        Assert.That((await next).Value, Is.EqualTo(4), "what the place stands for was seen");
    }

    [Test]
    public async Task EachChangeComesOnceAndInOrderWhileTheNodeThatIsWatchedIsKilledAgainAndAgain()
    {
        const int Changes = 1_200;
        await using var cluster = await TestCluster.StartAsync(3);
        await using var client = await ConnectAsync(cluster);
        await using var session = await client.OpenSessionAsync(new() { WriteTimeout = Limit });
        var start = (await session.AddAsync("w", 1)).Stamp.Token;
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.Prefix("w"), start));
        var writing = Task.Run(async () =>
        {
            for (var change = 1; change < Changes; change++)
            {
                var added = await session.AddAsync("w", 1, cancellationToken: CancellationToken.None);
                Assert.That(added.Outcome, Is.EqualTo(ClientOutcome.Applied), added.Problem);
            }
        });
        for (var round = 1; round <= 3; round++)
        {
            // Whoever is watched is among them: the nodes die one after the other, and come back.
            var id = round;
            await watch.UntilAsync(told => told.Value >= Changes * id / 5);
            await KillAsync(cluster, id);
            await watch.UntilAsync(told => told.Value >= (Changes * id / 5) + 50);
            cluster.Local.Start(id);
            await Eventually.HoldsAsync(() => client.Nodes.Single(node => node.Id == id).IsConnected, "the node is back", Limit);
        }

        await watch.UntilAsync(static told => told.Value == Changes);
        await writing;
        var changes = watch.Told.Where(static told => told.Kind == ClientWatchKind.Changed).ToArray();
        if (watch.Told.All(static told => told.Kind != ClientWatchKind.Reset))
            Assert.That(changes.Select(static told => told.Value), Is.EqualTo(Enumerable.Range(2, Changes - 1).Select(static value => (long)value)));
        Assert.That(changes.Select(static told => told.Index), Is.Ordered.Ascending.And.Unique);
        Assert.That(changes.Select(static told => told.Value), Is.Ordered.Ascending.And.Unique);
        Assert.That(watch.State, Is.EqualTo(new Dictionary<string, long>(StringComparer.Ordinal) { ["w"] = Changes }));
    }

    [Test]
    public async Task AWatchThatIsNotReadHoldsNothingUpAndMissesNothing()
    {
        await using var client = await ConnectAsync(Cluster);
        var key = new string('s', 1_000);
        var start = (await client.AddAsync(key, 1)).Stamp.Token;
        await using var slow = new WatchReader(client.WatchAsync(ClientWatchFilter.Key(key), start));
        var pending = slow.NextAsync();
        await client.AddAsync(key, 1);
        await pending;

        // Far more than a page, while nobody takes the events.
        var adds = await Task.WhenAll(Enumerable.Range(0, 3_000).Select(_ => client.AddAsync(key, 1, new(ClientWriteConcern.Quorum, Limit)).AsTask()));
        Assert.That(adds.Select(static added => added.Outcome), Is.All.EqualTo(ClientOutcome.Applied));
        await slow.UntilAsync(static told => told.Value == 3_002);
        Assert.That(slow.Told.Where(static told => told.Kind == ClientWatchKind.Changed).Select(static told => told.Value), Is.EqualTo(Enumerable.Range(2, 3_001).Select(static value => (long)value)));
    }

    [Test]
    public async Task RowsOfALargeStoreComeInPagesAndAddUp()
    {
        await using var client = await ConnectAsync(Cluster);
        var adds = await Task.WhenAll(Enumerable.Range(1, 4_000).Select(number => client.AddAsync($"page/{number}", number, new(ClientWriteConcern.Quorum, Limit)).AsTask()));
        await AppliedAsync(Cluster, client.Seen);
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.Prefix("page/")));
        var changing = Task.Run(async () =>
        {
            for (var number = 1; number <= 200; number++)
                await client.AddAsync($"page/{number}", 1_000_000);
        });
        await watch.UntilAsync(static told => told.Kind == ClientWatchKind.Progress);
        await changing;
        await watch.UntilAsync(told => told.Resume >= client.Seen);
        Assert.That(adds, Has.Length.EqualTo(4_000));
        Assert.That(watch.State, Has.Count.EqualTo(4_000));
        Assert.That(Enumerable.Range(1, 4_000).Select(number => watch.State[$"page/{number}"]), Is.EqualTo(Enumerable.Range(1, 4_000).Select(static number => number <= 200 ? number + 1_000_000L : number)));
    }

    [Test]
    public async Task AConnectionAndANodeTakeSoManyWatchesAndOnlyThoseThatWaitCount()
    {
        var node = await Cluster.FollowerAsync();
        var terms = new WatchTerms(ClientFilterKind.Key, "bounds", 4_000, WatchFrom.Behind(new(0, 1_000_000_000)));
        var connections = new List<NodeConnection>();
        try
        {
            var asked = new List<Task<AnswerMessage>>();
            for (var i = 0; i < 5; i++)
            {
                connections.Add(await DialAsync(node, places: 128));
                for (var j = 0; j < 70; j++)
                    asked.Add(connections[i].SendAsync(new(RequestKind.Watch) { Watch = terms }, Limit, CancellationToken.None).AsTask());
            }

            var answers = await Task.WhenAll(asked);
            foreach (var connection in answers.Chunk(70))
                Assert.That(connection.Count(static answer => answer.Outcome == ClientOutcome.Applied), Is.LessThanOrEqualTo(64));
            Assert.That(answers.Where(static answer => answer.Outcome != ClientOutcome.Applied).Select(static answer => (answer.Outcome, answer.Refusal)), Is.All.EqualTo((ClientOutcome.Rejected, ClientRefusal.Overloaded)));
            Assert.That(answers.Count(static answer => answer.Outcome == ClientOutcome.Applied), Is.EqualTo(CountingService.MaxWatches), "those of the other ports among them");
            var again = await connections[0].SendAsync(new(RequestKind.Watch) { Watch = terms with { WaitMs = 1 } }, Limit, CancellationToken.None);
            Assert.That((again.Outcome, again.Watch?.Items.Count), Is.EqualTo((ClientOutcome.Applied, (int?)0)), again.Problem);
        }
        finally
        {
            foreach (var connection in connections)
                await connection.DisposeAsync();
        }
    }

    [Test]
    public async Task AClientHasSoManyWatchesAndTheyEndWithIt()
    {
        await using var client = await ConnectAsync(Cluster);
        var watches = Enumerable.Range(0, 64).Select(_ => new WatchReader(client.WatchAsync(ClientWatchFilter.All))).ToArray();
        foreach (var watch in watches)
            await watch.NextAsync();
        await using var more = new WatchReader(client.WatchAsync(ClientWatchFilter.All));
        Assert.That((await Assert.ThrowsAsync<RaftStreamClientException>(more.NextAsync))?.Refusal, Is.EqualTo(ClientRefusal.Overloaded));
        await watches[0].DisposeAsync();
        await using var instead = new WatchReader(client.WatchAsync(ClientWatchFilter.Key("ends")));
        await instead.UntilAsync(static told => told.Kind == ClientWatchKind.Progress);
        var waits = instead.UntilAsync(static told => told.Kind == ClientWatchKind.Changed);
        await client.DisposeAsync();
        Assert.That((await Assert.ThrowsAsync<RaftStreamClientException>(() => waits))?.Refusal, Is.EqualTo(ClientRefusal.Disposed));
        foreach (var watch in watches)
            await watch.DisposeAsync();
    }
}
