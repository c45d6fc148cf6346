using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>Stream jobs over HTTP, asked at whichever node.</summary>
[TestFixture]
internal sealed class StreamHttpTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private JobCluster _cluster = null!;
    private HttpClient _http = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _http = new HttpClient();
        _cluster = await JobCluster.StartAsync(static () => [Events()]);
        for (var place = 0; place < 3; place++)
        {
            var at = place;
            await Eventually.HoldsAsync(async () => (await GetAsync(at, "/v1/streams/events")).Json.GetProperty("began").GetBoolean(), "the job has begun", Limit);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _cluster.DisposeAsync();
        _http.Dispose();
    }

    [Test]
    public async Task LinesThatAreSentAgainCountOnceAtWhicheverNode()
    {
        for (var turn = 0; turn < 6; turn++)
        {
            var sent = await TakenAsync(turn % 3, "once", 1, "once-x 5\nonce-y 6\nonce-x 7");
            Assert.That((sent.GetProperty("sequence").GetInt64(), sent.GetProperty("taken").GetInt32()), Is.EqualTo((3, turn == 0 ? 3 : 0)));
        }

        var overlapping = await TakenAsync(1, "once", 3, "once-x 7\nonce-y 8");
        Assert.That(overlapping.GetProperty("taken").GetInt32(), Is.EqualTo(1), "only what is new");
        Assert.That(await RowsAsync(2, "counts", "prefix=once-"), Is.EqualTo(new[] { "once-x=2", "once-y=2" }));
    }

    [Test]
    public async Task FiguresTellWhatCameInByANodeAndHowFarItHasCome()
    {
        await TakenAsync(1, "figures", 1, $"figures-x {DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}");
        await Eventually.HoldsAsync(
            async () => (await GetAsync(1, "/v1/streams/events/figures?seconds=600")).Json is var figures
                && figures.GetProperty("readToCommittedMs") is { ValueKind: JsonValueKind.Object } committed && committed.GetProperty("count").GetInt32() > 0
                && figures.GetProperty("sourceToSinksMs") is { ValueKind: JsonValueKind.Object }
                && figures.GetProperty("recordsPerSecond") is { ValueKind: JsonValueKind.Number },
            "node 2 has figures of what came in by it",
            Limit);
        var figures = (await GetAsync(1, "/v1/streams/events/figures")).Json;
        Assert.That((figures.GetProperty("job").GetString(), figures.GetProperty("node").GetInt32()), Is.EqualTo(("events", 2)));
        var (read, sinks) = (figures.GetProperty("readToCommittedMs"), figures.GetProperty("sourceToSinksMs"));
        Assert.That(read.GetProperty("p50").GetDouble(), Is.GreaterThan(0).And.LessThanOrEqualTo(read.GetProperty("max").GetDouble()));
        Assert.That(sinks.GetProperty("count").GetInt32(), Is.GreaterThan(0));
        var (status, json) = await GetAsync(0, "/v1/streams/events/figures?seconds=601");
        Assert.That((status, json.GetProperty("code").GetString()), Is.EqualTo((HttpStatusCode.BadRequest, "bad-request")));
        Assert.That((await GetAsync(0, "/v1/streams/none/figures")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task AGapInTheSequencesIsRefusedAndNothingIsTakenIn()
    {
        await TakenAsync(0, "gap", 1, "gap-x 1");
        var (status, json) = await PostAsync(1, "gap", 3, "gap-x 2");
        Assert.That((status, json.GetProperty("code").GetString()), Is.EqualTo((HttpStatusCode.Conflict, "wrong-sequence")));
        Assert.That(await RowsAsync(0, "counts", "key=gap-x"), Is.EqualTo(new[] { "gap-x=1" }));
    }

    [Test]
    public async Task ALineThatIsNoRecordBecomesADeadLetterThatCanBeDiscarded()
    {
        await TakenAsync(0, "bad", 1, "bad-x 1\nnonsense\nbad-x 2");
        Assert.That(await RowsAsync(1, "counts", "key=bad-x"), Is.EqualTo(new[] { "bad-x=2" }));
        var letters = (await GetAsync(2, "/v1/streams/events/dead-letters")).Json.GetProperty("letters");
        var letter = letters.EnumerateArray().Single(static one => one.GetProperty("partition").GetString() == "bad");
        Assert.That(Encoding.UTF8.GetString(letter.GetProperty("bytes").GetBytesFromBase64()), Is.EqualTo("nonsense"));
        using var discarded = await _http.DeleteAsync(new Uri($"{_cluster.Url(1)}/v1/streams/events/dead-letters/{letter.GetProperty("sequence").GetInt64()}"));
        Assert.That(discarded.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        letters = (await GetAsync(0, "/v1/streams/events/dead-letters")).Json.GetProperty("letters");
        Assert.That(letters.EnumerateArray().Select(static one => one.GetProperty("partition").GetString()), Does.Not.Contain("bad"));
    }

    [Test]
    public async Task CodeInFrontOfTheLogThatThrowsDeclinesTheLinesAndSaysWhere()
    {
        var (status, json) = await PostAsync(0, "broken", 1, "broken-x 1\nbroken 2");
        Assert.That((status, json.GetProperty("code").GetString(), json.GetProperty("outcome").GetString()), Is.EqualTo((HttpStatusCode.UnprocessableEntity, "declined", "rejected")));
        Assert.That(json.GetProperty("detail").GetString(), Does.StartWith("The code of 'choose-key' threw InvalidOperationException (It is broken.), so nothing of its batch was taken in: mend it"));
        Assert.That(await RowsAsync(0, "counts", "key=broken-x"), Is.Empty);
        var sent = await TakenAsync(1, "broken", 1, "broken-x 1");
        Assert.That(sent.GetProperty("taken").GetInt32(), Is.EqualTo(1), "the numbers are free still");
    }

    [Test]
    public async Task ARecordThatItsOperatorRefusesLeavesNothingAndCanBeReplayed()
    {
        await TakenAsync(0, "poison", 1, "poison-x 13");
        var letter = (await GetAsync(0, "/v1/streams/events/dead-letters")).Json.GetProperty("letters").EnumerateArray().Single(static one => one.GetProperty("partition").GetString() == "poison");
        Assert.That((letter.GetProperty("reason").GetString(), letter.GetProperty("replayable").GetBoolean()), Is.EqualTo(("13 is nothing to add.", true)));
        Assert.That(await RowsAsync(1, "counts", "key=poison-x"), Is.Empty);
        using var replayed = await _http.PostAsync(new Uri($"{_cluster.Url(2)}/v1/streams/events/dead-letters/{letter.GetProperty("sequence").GetInt64()}/replay"), null);
        Assert.That(replayed.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        var again = (await GetAsync(0, "/v1/streams/events/dead-letters")).Json.GetProperty("letters").EnumerateArray().Single(static one => one.GetProperty("partition").GetString() == "poison");
        Assert.That(again.GetProperty("sequence").GetInt64(), Is.GreaterThan(letter.GetProperty("sequence").GetInt64()), "what is wrong with it is still wrong");
    }

    [Test]
    public async Task ASubscriptionThatComesBeforeTheJobHasBegunEndsSoThatItsClientComesBack()
    {
        // One program of three: nobody leads, and no job begins.
        await using var alone = await JobCluster.StartAsync(static () => [Events()], programs: 1);
        using var answer = await _http.GetAsync(new Uri($"{alone.Url(0)}/v1/streams/events/sinks/changes"));
        Assert.That(answer.StatusCode, Is.AnyOf(HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable));
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Not.Contain("event:"));
        Assert.That(alone.Errors.All, Is.Empty, "nothing is wrong with the node");
    }

    [Test]
    public async Task ASubscriptionCountsAmongTheWatchesOfItsNode()
    {
        var (watches, held) = (_cluster.Handle(1).Running!.Counters.Watches, 0);
        await TakenAsync(0, "watches", 1, "watches-a 1");
        try
        {
            // What other tests opened has been let go of by then.
            await Eventually.HoldsAsync(() => Task.FromResult(HoldsUpTo(CountingService.MaxWatches)), "all places are free", Limit);
            watches.Leave();
            held--;
            using (await SubscribeAsync(1, HttpStatusCode.OK))
            using (var refused = await SubscribeAsync(1, HttpStatusCode.TooManyRequests))
                Assert.That(await refused.Content.ReadAsStringAsync(), Does.Contain("\"code\":\"overloaded\""));
            await Eventually.HoldsAsync(() => Task.FromResult(HoldsUpTo(CountingService.MaxWatches)), "one that has ended gives its place back", Limit);
        }
        finally
        {
            for (; held > 0; held--)
                watches.Leave();
        }

        Assert.That(await EventsAsync(1, "", static text => text.StartsWith("watches-", StringComparison.Ordinal), 1), Has.Count.EqualTo(1));

        bool HoldsUpTo(int places)
        {
            while (held < places && watches.TryEnter())
                held++;
            return held == places;
        }
    }

    [Test]
    public async Task WindowsAreAskedForByKeyAndTime()
    {
        await TakenAsync(0, "windows", 1, "w-a 1000000\nw-b 1030000\nw-a 1060000\nw-a 1070000");
        Assert.That(await RowsAsync(1, "minutes", "key=w-a"), Is.EqualTo(new[] { "w-a,960000,1020000=1", "w-a,1020000,1080000=2" }));
        Assert.That(await RowsAsync(2, "minutes", "prefix=w-&start=1020000&end=1080000"), Is.EqualTo(new[] { "w-a,1020000,1080000=2", "w-b,1020000,1080000=1" }));
        Assert.That(await RowsAsync(2, "minutes", "key=w-a,1020000,1080000&consistency=eventual"), Is.EqualTo(new[] { "w-a,1020000,1080000=2" }));
    }

    [Test]
    public async Task PagesOfATableHaveEachRowOnce()
    {
        await TakenAsync(0, "pages", 1, string.Join('\n', Enumerable.Range(0, 50).Select(static number => $"page-{number:D2} 1")));
        var (rows, from) = (new List<string>(), "page-");
        while (from is not null)
        {
            var page = (await GetAsync(1, $"/v1/streams/events/tables/counts?from={Uri.EscapeDataString(from)}&to=page-~&limit=7")).Json;
            rows.AddRange(page.GetProperty("rows").EnumerateArray().Select(static row => row.GetProperty("key").GetString()!));
            from = page.GetProperty("next").GetString();
        }

        Assert.That(rows, Is.EqualTo(Enumerable.Range(0, 50).Select(static number => $"page-{number:D2}")));
    }

    [Test]
    public async Task ASubscriberGoesOnBehindTheLastIdItHasSeen()
    {
        await TakenAsync(0, "sink", 1, "sink-a 1\nsink-b 1\nsink-a 2");
        var all = await EventsAsync(1, "", static text => text.StartsWith("sink-", StringComparison.Ordinal), 3);
        Assert.That(all.Select(static output => output.Text), Is.EqualTo(new[] { "sink-a 1", "sink-b 1", "sink-a 2" }));
        var rest = await EventsAsync(2, $"?from={all[1].Id + 1}", static text => text.StartsWith("sink-", StringComparison.Ordinal), 1);
        Assert.That(rest[0], Is.EqualTo(all[2]));
    }

    [TestCase("/v1/streams/nothing", HttpStatusCode.NotFound)]
    [TestCase("/v1/streams/events/tables/nothing", HttpStatusCode.NotFound)]
    [TestCase("/v1/streams/events/tables/counts?limit=0", HttpStatusCode.BadRequest)]
    [TestCase("/v1/streams/events/tables/counts?key=a&prefix=b", HttpStatusCode.BadRequest)]
    [TestCase("/v1/streams/events/tables/counts?start=yesterday", HttpStatusCode.BadRequest)]
    [TestCase("/v1/streams/events/sinks/nothing", HttpStatusCode.NotFound)]
    [TestCase("/v1/streams/events/sinks/changes?from=0", HttpStatusCode.BadRequest)]
    [TestCase("/v1/streams/events/topology?format=picture", HttpStatusCode.BadRequest)]
    [TestCase("/v1/streams/events/dead-letters?limit=5000", HttpStatusCode.BadRequest)]
    public async Task WhatIsWrongIsToldInOneSentence(string path, HttpStatusCode expected)
    {
        var (status, json) = await GetAsync(1, path);
        Assert.That(status, Is.EqualTo(expected));
        Assert.That(json.GetProperty("detail").GetString(), Is.Not.Empty);
    }

    [TestCase("producer=&sequence=1", "x 1")]
    [TestCase("producer=p&sequence=0", "x 1")]
    [TestCase("producer=p", "x 1")]
    [TestCase("producer=p&sequence=1", "")]
    public async Task AWrongIngestIsRefused(string query, string body)
    {
        using var response = await _http.PostAsync(new Uri($"{_cluster.Url(0)}/v1/streams/events/sources/in/records?{query}"), new StringContent(body));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task ACommandOfAJobThatNobodyDefinesComesToNoLog()
    {
        var other = new StreamBuilder("events");
        other.Ingest("in").KeyBy(static line => line).Count("others");
        var command = new System.Buffers.ArrayBufferWriter<byte>();
        JobCommand.WriteRegister(command, other.Build(), 0, ["p"]);
        foreach (var body in new[] { command.WrittenSpan.ToArray(), [1], [] })
        {
            for (var place = 0; place < 3; place++)
            {
                using var response = await _http.PostAsync(new Uri($"{_cluster.Url(place)}/v1/streams/commands"), new ByteArrayContent(body));
                Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
            }
        }

        Assert.That(Enumerable.Range(0, 3).Select(place => _cluster.Node(place).Status.Fault), Is.All.Null, "no replica has stopped");
    }

    [Test]
    public async Task TheTopologyIsDescribedAsTextAndAsAChart()
    {
        Assert.That(await _http.GetStringAsync(new Uri($"{_cluster.Url(0)}/v1/streams/events/topology")), Is.EqualTo(Events().Describe()));
        Assert.That(await _http.GetStringAsync(new Uri($"{_cluster.Url(0)}/v1/streams/events/topology?format=mermaid")), Does.StartWith("flowchart LR\n"));
    }

    /// <summary>Lines "key time": counts by key, and by key and minute.</summary>
    private static Job Events()
    {
        var builder = new StreamBuilder("events");
        var events = builder.Ingest("in", static line => line.Split(' ') is [var key, var time] ? (key, long.Parse(time, CultureInfo.InvariantCulture)) : throw new FormatException("A line is a key and a time."), EventTime.Of<(string, long)>(static record => record.Item2), Codecs.Pair(Codecs.Text, Codecs.Int64))
            .KeyBy(static record => record.Item1 == "broken" ? throw new InvalidOperationException("It is broken.") : record.Item1, name: "choose-key");

        var counts = events.Count("counts");

        // Behind the counts: what the record has changed there is taken back.
        counts.ToStream().Filter(static change => change.Key == "poison-x" ? throw new PoisonRecordException("13 is nothing to add.") : true)
            .ToSubscription("changes", format: static change => $"{change.Key} {change.Value}");
        events.Window(Window.Tumbling(TimeSpan.FromMinutes(1))).Retain(TimeSpan.FromDays(1)).Count("minutes");
        return builder.Build();
    }

    private async Task<JsonElement> TakenAsync(int place, string producer, long sequence, string lines)
    {
        var (status, json) = (default(HttpStatusCode), default(JsonElement));

        // As a producer does: what was not taken, or is in doubt, is sent again under its sequence.
        await Eventually.HoldsAsync(
            async () =>
            {
                (status, json) = await PostAsync(place, producer, sequence, lines);
                return status is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout);
            },
            "the lines are taken",
            Limit);
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), json.GetRawText());
        return json;
    }

    private async Task<(HttpStatusCode Status, JsonElement Json)> PostAsync(int place, string producer, long sequence, string lines)
    {
        using var response = await _http.PostAsync(new Uri($"{_cluster.Url(place)}/v1/streams/events/sources/in/records?producer={producer}&sequence={sequence}"), new StringContent(lines));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private async Task<(HttpStatusCode Status, JsonElement Json)> GetAsync(int place, string path)
    {
        using var response = await _http.GetAsync(new Uri(_cluster.Url(place) + path));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    /// <summary>Opens a subscription, whose head must come at once whatever follows.</summary>
    private async Task<HttpResponseMessage> SubscribeAsync(int place, HttpStatusCode expected)
    {
        using var limit = new CancellationTokenSource(Limit);
        var response = await _http.GetAsync(new Uri($"{_cluster.Url(place)}/v1/streams/events/sinks/changes"), HttpCompletionOption.ResponseHeadersRead, limit.Token);
        Assert.That(response.StatusCode, Is.EqualTo(expected));
        return response;
    }

    private async Task<List<string>> RowsAsync(int place, string table, string query)
    {
        var (status, json) = await GetAsync(place, $"/v1/streams/events/tables/{table}?{query}");
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), json.GetRawText());
        return [.. json.GetProperty("rows").EnumerateArray().Select(static row => $"{row.GetProperty("key").GetString()}={row.GetProperty("value").GetRawText()}")];
    }

    private async Task<List<(long Id, string Text)>> EventsAsync(int place, string query, Func<string, bool> wanted, int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        await using var stream = await _http.GetStreamAsync(new Uri($"{_cluster.Url(place)}/v1/streams/events/sinks/changes{query}"), limit.Token);
        using var reader = new StreamReader(stream);
        var (events, id) = (new List<(long Id, string Text)>(), 0L);
        while (events.Count < count)
        {
            var line = await reader.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("The events ended.");
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && wanted(line[6..]))
                events.Add((id, line[6..]));
        }

        return events;
    }
}
