using RaftStream.Client;
using RaftStream.Hosting.Security;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>Stream jobs through the .NET client, at whichever node, of which some go.</summary>
[TestFixture]
internal sealed class StreamClientTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Table<string, long> Counts = Declare(out _);

    private JobCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _cluster = await JobCluster.StartAsync(static () => [Events()]);
        await using var client = await ConnectAsync(_cluster);
        Assert.That((await client.Producer("events", "in", "begin").SendAsync(["begin"], Limit)).Outcome, Is.EqualTo(ClientOutcome.Applied), "what is asked before the job has begun waits");
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task LinesThatAreSentAgainAtOtherNodesCountOnce()
    {
        for (var turn = 0; turn < 6; turn++)
        {
            await using var client = await ConnectAsync(_cluster, turn % 3);
            var sent = await client.Producer("events", "in", "once").SendAsync(["once-x", "once-y", "once-x"], Limit);
            Assert.That((sent.Outcome, sent.Sequence, sent.Taken), Is.EqualTo((ClientOutcome.Applied, 3L, turn == 0 ? 3 : 0)), sent.Problem);
        }

        await using var last = await ConnectAsync(_cluster, 1);
        var producer = last.Producer("events", "in", "once", first: 3);
        var overlapping = await producer.SendAsync(["once-x", "once-y"], Limit);
        Assert.That((overlapping.Outcome, overlapping.Sequence, overlapping.Taken, producer.Next), Is.EqualTo((ClientOutcome.Applied, 4L, 1, 5L)), "only what is new");
        Assert.That((await CountAsync(_cluster, 2, "once-x"), await CountAsync(_cluster, 2, "once-y")), Is.EqualTo((2L, 2L)));

        // The same numbers as over HTTP.
        using var http = new HttpClient();
        using var posted = await http.PostAsync(new Uri($"{_cluster.Url(0)}/v1/streams/events/sources/in/records?producer=once&sequence=1"), new StringContent("once-x\nonce-y\nonce-x\nonce-y\n"));
        Assert.That(await posted.Content.ReadAsStringAsync(), Does.Contain("\"sequence\":4,\"taken\":0"));
    }

    [Test]
    public async Task MoreLinesThanARequestHasRoomForAllCount()
    {
        await using var client = await ConnectAsync(_cluster);
        var producer = client.Producer("events", "in", "many");
        var lines = Enumerable.Range(0, 3_000).Select(static number => $"many-{number % 7}").ToArray();
        var sent = await producer.SendAsync(lines, Limit);
        Assert.That((sent.Outcome, sent.Sequence, sent.Taken, producer.Next), Is.EqualTo((ClientOutcome.Applied, 3_000L, 3_000, 3_001L)), sent.Problem);
        var counted = new List<long>();
        for (var number = 0; number < 7; number++)
            counted.Add(await CountAsync(_cluster, 0, $"many-{number}"));
        Assert.That(counted, Is.EqualTo(Enumerable.Range(0, 7).Select(number => lines.LongCount(line => line == $"many-{number}"))));
    }

    [Test]
    public async Task AProducerThatRestartsAsksWhereItStands()
    {
        await using (var client = await ConnectAsync(_cluster, 0))
            Assert.That((await client.Producer("events", "in", "restarts").SendAsync(["restarts", "restarts"], Limit)).Outcome, Is.EqualTo(ClientOutcome.Applied));
        await using var later = await ConnectAsync(_cluster);
        var producer = later.Producer("events", "in", "restarts");
        var stands = await producer.ResumeAsync(Limit);
        Assert.That((stands.Outcome, stands.Sequence, stands.Taken, producer.Next), Is.EqualTo((ClientOutcome.Applied, 2L, 0, 3L)), stands.Problem);
        Assert.That((await producer.SendAsync(["restarts"], Limit)).Taken, Is.EqualTo(1));
        Assert.That(await CountAsync(_cluster, 1, "restarts"), Is.EqualTo(3));
        var fresh = later.Producer("events", "in", "never");
        Assert.That(((await fresh.ResumeAsync(Limit)).Sequence, fresh.Next), Is.EqualTo((0L, 1L)), "a question begins nothing");
    }

    [Test]
    public async Task AGapIsRefusedWithWhereTheProducerStandsAndNothingIsTakenIn()
    {
        await using var client = await ConnectAsync(_cluster);
        await client.Producer("events", "in", "gap").SendAsync(["gap"], Limit);
        var sent = await client.Producer("events", "in", "gap", first: 3).SendAsync(["gap"], Limit);
        Assert.That((sent.Outcome, sent.Refusal, sent.Sequence, sent.Taken), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.WrongSequence, 1L, 0)));
        Assert.That(sent.Problem, Is.EqualTo("The last line of producer 'gap' that counts has sequence 1, and these begin at 3: send those between first."));
        Assert.That(await CountAsync(_cluster, 0, "gap"), Is.EqualTo(1));
    }

    [Test]
    public async Task WhatThereIsNotIsRefusedInOneSentence()
    {
        await using var client = await ConnectAsync(_cluster);
        var noJob = await client.Producer("nothing", "in", "p").SendAsync(["x"], Limit);
        var noSource = await client.Producer("events", "nothing", "p").SendAsync(["x"], Limit);
        var noStanding = await client.Producer("events", "nothing", "p").ResumeAsync(Limit);
        Assert.That(new[] { noJob, noSource, noStanding }.Select(static one => (one.Outcome, one.Refusal)), Is.All.EqualTo((ClientOutcome.Rejected, ClientRefusal.UnknownStream)));
        Assert.That((noJob.Problem, noSource.Problem), Is.EqualTo(("This program has no stream job 'nothing': GET /v1/streams lists those it has.", "The job 'events' has no source 'nothing' that records could be handed to: in.")));
        foreach (var (job, sink, problem) in new[] { ("nothing", "changes", "no stream job 'nothing'"), ("events", "counts", "The job 'events' has no subscription 'counts'.") })
        {
            var ended = await Assert.ThrowsAsync<RaftStreamClientException>(async () => await TakeAsync(client.SubscribeAsync(job, sink), 1));
            Assert.That(ended!.Refusal, Is.EqualTo(ClientRefusal.UnknownStream));
            Assert.That(ended.Message, Does.Contain(problem));
        }
    }

    [Test]
    public async Task WhatASubscriptionDoesNotKeepAnyMoreIsAGapInItsSequences()
    {
        await using var client = await ConnectAsync(_cluster);
        await client.Producer("events", "in", "few").SendAsync([.. Enumerable.Repeat("few", 10)], Limit);
        Assert.That((await TakeAsync(client.SubscribeAsync("events", "few"), 3)).Select(static output => (output.Sequence, output.Text)), Is.EqualTo(new[] { (8L, "few 8"), (9L, "few 9"), (10L, "few 10") }));
        Assert.That((await TakeAsync(client.SubscribeAsync("events", "few", 10), 1)).Single().Text, Is.EqualTo("few 10"));
    }

    [Test]
    public async Task ASubscriptionWaitsForWhatIsYetToCome()
    {
        await using var client = await ConnectAsync(_cluster);
        await using var outputs = client.SubscribeAsync("events", "later").GetAsyncEnumerator();
        var next = outputs.MoveNextAsync().AsTask();
        await client.Producer("events", "in", "later").SendAsync(["later"], Limit);
        Assert.That(await next.WaitAsync(Limit));
        Assert.That((outputs.Current.Sequence, outputs.Current.Text), Is.EqualTo((1L, "later 1")));
        Assert.That(Math.Abs(outputs.Current.Time - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), Is.LessThan(Limit.TotalMilliseconds), "its event time is that of the taking in");
    }

    [Test]
    public async Task AnOutputThatNoPageHasRoomForEndsTheSubscriptionBehindThoseBefore()
    {
        await using var client = await ConnectAsync(_cluster);
        await client.Producer("events", "in", "large").SendAsync(["large-10", "large-32747", "large-32748"], Limit);
        var told = new List<int>();
        using var limit = new CancellationTokenSource(Limit);
        var ended = await Assert.ThrowsAsync<RaftStreamClientException>(async () =>
        {
            await foreach (var output in client.SubscribeAsync("events", "large", cancellationToken: limit.Token))
                told.Add(output.Text.Length);
        });
        Assert.That((ended!.Refusal, ended.Message), Is.EqualTo((ClientRefusal.TooLarge, "Output 3 of 'large' takes more than the 32747 bytes that an answer has room for: read it over HTTP, or go on behind it.")));
        Assert.That(told, Is.EqualTo(new[] { 10, 32_747 }));
    }

    [Test]
    public async Task TheFiguresOfTheNodeThatIsAskedKnowOfTheLines()
    {
        await using var client = await ConnectAsync(_cluster, 2);
        var before = _cluster.Figures(2, "events").ReadToCommitted?.Count ?? 0;
        await client.Producer("events", "in", "figures").SendAsync(["figures"], Limit);
        Assert.That(_cluster.Figures(2, "events").ReadToCommitted?.Count, Is.EqualTo(before + 1));
    }

    [Test]
    public async Task NodesGoAndEveryLineComesOutOnceAndInOrder()
    {
        await using var cluster = await JobCluster.StartAsync(static () => [Events()]);
        await using var client = await ConnectAsync(cluster);
        var producer = client.Producer("events", "in", "all");
        await using var outputs = client.SubscribeAsync("events", "changes").GetAsyncEnumerator();
        var told = new List<(long Sequence, string Text)>();
        for (var round = 0; round < 4; round++)
        {
            // Each goes once, so also the one that the subscription reads from: it goes on at another.
            var sending = SendAsync(producer, round);
            if (round > 0)
                await cluster.StopAsync(round - 1);
            await sending;
            while (told.Count < 200 * (round + 1))
            {
                Assert.That(await outputs.MoveNextAsync().AsTask().WaitAsync(Limit));
                told.Add((outputs.Current.Sequence, outputs.Current.Text));
            }

            if (round > 0)
                await cluster.StartAsync(round - 1);
        }

        Assert.That(told, Is.EqualTo(Enumerable.Range(1, 800).Select(static number => ((long)number, $"all-{number} 1"))));
    }

    [Test]
    public async Task WhoMayReadSubscribesAndOnlyWhoMayWriteHandsLinesIn()
    {
        using var folder = new TemporaryFolder();
        var tokens = folder.File("tokens");
        var (reader, writer) = (TokenFile.Add(tokens, "reader", AccessRole.Read), TokenFile.Add(tokens, "writer", AccessRole.Write));
        var secret = folder.File("secret");
        await File.WriteAllTextAsync(secret, NodeSecret.Create());
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var cluster = await JobCluster.StartAsync(static () => [Events()], configure: options => (options.TokensFile, options.NodeSecretFile) = (tokens, secret));
        for (var place = 0; place < 3; place++)
        {
            await using var writes = await ConnectAsync(cluster, place, writer);
            await using var reads = await ConnectAsync(cluster, place, reader);
            var sent = await writes.Producer("events", "in", $"by-{place}").SendAsync([$"by-{place}"], Limit);
            Assert.That((sent.Outcome, sent.Taken), Is.EqualTo((ClientOutcome.Applied, 1)), sent.Problem);
            var refused = await reads.Producer("events", "in", "by-reader").SendAsync(["by-reader"], Limit);
            Assert.That((refused.Outcome, refused.Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.Forbidden)));
            Assert.That((await TakeAsync(reads.SubscribeAsync("events", "changes", place + 1), 1)).Single().Text, Is.EqualTo($"by-{place} 1"));
        }
    }

    [Test]
    public async Task ARevokedTokenEndsSubscriptionsThatAreOpen()
    {
        using var folder = new TemporaryFolder();
        var (tokens, secret) = (folder.File("tokens"), folder.Write("secret", NodeSecret.Create()));
        var (reader, writer) = (TokenFile.Add(tokens, "reader", AccessRole.Read), TokenFile.Add(tokens, "writer", AccessRole.Write));
        await using var cluster = await JobCluster.StartAsync(static () => [Events()], configure: options => (options.TokensFile, options.NodeSecretFile) = (tokens, secret));
        await using var writes = await ConnectAsync(cluster, 0, writer);
        Assert.That((await writes.Producer("events", "in", "by").SendAsync(["by-writer"], Limit)).Outcome, Is.EqualTo(ClientOutcome.Applied));
        await using var reads = await ConnectAsync(cluster, null, reader);
        await using var outputs = reads.SubscribeAsync("events", "changes").GetAsyncEnumerator();
        Assert.That(await outputs.MoveNextAsync().AsTask().WaitAsync(Limit));
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", reader) } };
        using var response = await http.GetAsync(new Uri($"{cluster.Url(1)}/v1/streams/events/sinks/changes"), HttpCompletionOption.ResponseHeadersRead);
        var events = response.Content.ReadAsStringAsync();
        Assert.That(events.IsCompleted, Is.False);

        TokenFile.Revoke(tokens, "reader");
        var told = await events.WaitAsync(Limit);
        Assert.That(told.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1], Does.StartWith("event: ended\ndata: {").And.Contain("\"code\":\"unauthenticated\"").And.Contain("so it ends here"));
        var ended = await Assert.ThrowsAsync<RaftStreamClientException>(() => outputs.MoveNextAsync().AsTask().WaitAsync(Limit));
        Assert.That(ended!.Refusal, Is.EqualTo(ClientRefusal.Unauthenticated));
        Assert.That(cluster.Errors.All, Is.Empty);
    }

    [Test]
    public async Task AClientThatKnowsOneNodeFindsTheLeaderByWhatTheProgramsAdvertise()
    {
        await using var cluster = await JobCluster.StartAsync(static () => [Events()], isAdvertised: true);
        var clients = new List<RaftStreamClient>();
        try
        {
            for (var place = 0; place < 3; place++)
            {
                var client = await ConnectAsync(cluster, place);
                clients.Add(client);
                var read = await client.GetAsync("advertised");
                Assert.That(read.Outcome, Is.EqualTo(ClientOutcome.Applied), read.Problem);
            }

            // The one that was given the leader may know no other; who leads may change meanwhile.
            var ports = Enumerable.Range(0, 3).Select(cluster.ClientPort).ToList();
            await Eventually.HoldsAsync(() => Task.FromResult(clients.Count(static client => client.Nodes.Count > 1) >= 2), "two clients found a node that they were not given", Limit);
            Assert.That(clients.SelectMany(static client => client.Nodes).Select(static node => node.Address).Distinct(StringComparer.Ordinal), Is.SubsetOf(ports));
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }
    }

    private static async Task SendAsync(StreamProducer producer, int round)
    {
        var lines = Enumerable.Range(1 + (200 * round), 200).Select(static number => $"all-{number}").ToArray();
        foreach (var some in lines.Chunk(20))
        {
            // As a program does: the same again until they count.
            IngestResult sent;
            do
                sent = await producer.SendAsync(some, TimeSpan.FromSeconds(20));
            while (sent.Outcome == ClientOutcome.Unknown);
            Assert.That(sent.Outcome, Is.EqualTo(ClientOutcome.Applied), sent.Problem);
        }
    }

    private static Job Events()
    {
        Declare(out var job);
        return job;
    }

    /// <summary>Counts lines; what changes is told, all of it, of some lines only the newest three, and of some in a text of that many characters.</summary>
    private static Table<string, long> Declare(out Job job)
    {
        var builder = new StreamBuilder("events");
        var counts = builder.Ingest("in").KeyBy(static line => line).Count("counts");
        var changes = counts.ToStream();
        changes.Filter(static change => change.Key.StartsWith("all-", StringComparison.Ordinal) || change.Key.StartsWith("by-", StringComparison.Ordinal)).ToSubscription("changes", format: static change => $"{change.Key} {change.Value}");
        changes.Filter(static change => change.Key == "few").ToSubscription("few", keep: 3, format: static change => $"{change.Key} {change.Value}");
        changes.Filter(static change => change.Key == "later").ToSubscription("later", format: static change => $"{change.Key} {change.Value}");
        changes.Filter(static change => change.Key.StartsWith("large-", StringComparison.Ordinal)).ToSubscription("large", format: static change => new string('x', int.Parse(change.Key.AsSpan(6), System.Globalization.CultureInfo.InvariantCulture)));
        job = builder.Build();
        return counts;
    }

    /// <summary>A client of one node, or of all.</summary>
    private static async Task<RaftStreamClient> ConnectAsync(JobCluster cluster, int? place = null, string? token = null)
    {
        var client = await RaftStreamClient.ConnectAsync(new()
        {
            Nodes = [.. (place is { } one ? [one] : Enumerable.Range(0, 3)).Select(cluster.ClientPort)],
            Token = token,
            ConnectTimeout = Limit,
            RequestTimeout = Limit,
        });
        return client;
    }

    private static async Task<List<ClientSinkOutput>> TakeAsync(IAsyncEnumerable<ClientSinkOutput> outputs, int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var taken = new List<ClientSinkOutput>();
        await foreach (var output in outputs.WithCancellation(limit.Token))
        {
            taken.Add(output);
            if (taken.Count == count)
                break;
        }

        return taken;
    }

    private static async Task<long> CountAsync(JobCluster cluster, int place, string key)
    {
        var read = await cluster.Jobs(place).GetAsync(Counts, key);
        Assert.That((read.Outcome, read.Problem), Is.EqualTo((Outcome.Applied, (string?)null)));
        return read.Value;
    }
}
