using System.Net;
using System.Text;
using System.Text.Json;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests.Sinks;

/// <summary>What a receiver refuses is set aside on all nodes, listed and sent again over HTTP; and console sinks beside it, which see the same records.</summary>
[TestFixture]
internal sealed class WebhookLetterTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new();
    private WebhookReceiver _receiver = null!;
    private JobCluster _cluster = null!;
    private volatile bool _isMended;

    [SetUp]
    public async Task StartAsync()
    {
        _isMended = false;
        _receiver = await WebhookReceiver.StartAsync(React);
        _cluster = await JobCluster.StartAsync(() => [Build(_receiver.Address)]);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _cluster.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [OneTimeTearDown]
    public void Dispose() => _http.Dispose();

    [Test]
    public async Task WhatIsRefusedIsListedAtEveryNodeAndSentAgainUnderItsKey()
    {
        await SendAsync("a\nbad b\nc\nstuck d\ne");
        await Eventually.HoldsAsync(() => _receiver.Kept.Count == 3, "the others arrive", Limit);
        Assert.That(_receiver.Kept, Is.EqualTo(new[] { "a", "c", "e" }));
        await Eventually.HoldsAsync(async () => (await LettersAsync(0)).Count == 2, "the refused ones are set aside", Limit);
        for (var place = 0; place < 3; place++)
        {
            Assert.That(
                (await LettersAsync(place)).Select(static letter => (letter.Sink, letter.Output, letter.Text, letter.Replayable)), Is.EqualTo(new[] { ("hook", 2L, "bad b", true), ("hook", 4L, "stuck d", true) }));
        }

        var letters = await LettersAsync(1);
        Assert.That(letters.Select(static letter => letter.Reason), Is.EqualTo(new[] { "The receiver answers 400: Refuse.", "The receiver answers 500: Fail. This was attempt 3, the last." }));

        _isMended = true;
        using var replayed = await _http.PostAsync(new Uri($"{_cluster.Url(2)}/v1/streams/lines/dead-letters/{letters[0].Sequence}/replay"), null);
        Assert.That(replayed.StatusCode, Is.EqualTo(HttpStatusCode.OK), await replayed.Content.ReadAsStringAsync());
        await Eventually.HoldsAsync(() => _receiver.Taken.Any(static post => post.IsReplay), "it is sent again", Limit);
        var replay = _receiver.Taken.Single(static post => post.IsReplay);
        Assert.That((replay.Key, replay.Outputs.Single()), Is.EqualTo(("lines/hook/2-2", (2L, "bad b"))));
        Assert.That((await LettersAsync(0)).Select(static letter => letter.Output), Is.EqualTo(new[] { 4L }));

        await SendAsync("f", sequence: 6);
        await Eventually.HoldsAsync(() => _receiver.Kept.Count == 4, "the sink goes on", Limit);
    }

    [Test]
    public async Task AConsoleSinkPrintsAtTheNodeThatLeads()
    {
        await SendAsync("a\nc\ne");
        await Eventually.HoldsAsync(() => Enumerable.Range(0, 3).Sum(place => _cluster.Printed(place).Count(static letter => letter == '\n')) >= 3, "all is printed", Limit);
        var leader = _cluster.Leader;
        Assert.That(Enumerable.Range(0, 3).Select(_cluster.Printed), Is.EqualTo(Enumerable.Range(0, 3).Select(place => place == leader ? "seen> a\nseen> c\nseen> e\n" : "")));

        await Eventually.HoldsAsync(async () => await FirstWaitingAsync("seen") == 4, "the log knows that it was printed", Limit);
        await _cluster.StopAsync(leader);
        await Eventually.HoldsAsync(() => _cluster.Leader >= 0, "another one leads", Limit);
        await SendAsync("g", sequence: 4, place: _cluster.Leader);
        await Eventually.HoldsAsync(() => _cluster.Printed(_cluster.Leader).EndsWith("seen> g\n", StringComparison.Ordinal), "the next one goes on", Limit);
        Assert.That(_cluster.Printed(_cluster.Leader), Is.EqualTo("seen> g\n"), "and prints nothing again that the log knows");
    }

    private static Job Build(Uri target)
    {
        var builder = new StreamBuilder("lines");
        var lines = builder.Ingest("in");
        lines.ToWebhook("hook", target, static line => line, new() { FirstPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(20), MaxAttempts = 3 });
        lines.ToConsole("seen", static line => line);
        return builder.Build();
    }

    private Reaction React(Post post) =>
        _isMended ? Reaction.Take
        : post.Outputs.Any(static output => output.Value.StartsWith("bad", StringComparison.Ordinal)) ? Reaction.Refuse
        : post.Outputs.Any(static output => output.Value.StartsWith("stuck", StringComparison.Ordinal)) ? Reaction.Fail
        : Reaction.Take;

    private async Task SendAsync(string lines, long sequence = 1, int place = 0)
    {
        // As a producer does: what was not taken, or is in doubt, is sent again under its sequence.
        await Eventually.HoldsAsync(
            async () =>
            {
                using var response = await _http.PostAsync(new Uri($"{_cluster.Url(place)}/v1/streams/lines/sources/in/records?producer=p&sequence={sequence}"), new StringContent(lines));
                return response.StatusCode == HttpStatusCode.OK;
            },
            "the lines are taken",
            Limit);
    }

    private async Task<long> FirstWaitingAsync(string sink)
    {
        using var json = JsonDocument.Parse(await _http.GetStringAsync(new Uri($"{_cluster.Url(0)}/v1/streams/lines")));
        return json.RootElement.GetProperty("sinks").EnumerateArray().Single(one => one.GetProperty("sink").GetString() == sink).GetProperty("first").GetInt64();
    }

    private async Task<List<(long Sequence, string Sink, long Output, string Text, string Reason, bool Replayable)>> LettersAsync(int place)
    {
        using var json = JsonDocument.Parse(await _http.GetStringAsync(new Uri($"{_cluster.Url(place)}/v1/streams/lines/dead-letters")));
        return
        [
            .. json.RootElement.GetProperty("letters").EnumerateArray().Select(static letter => (
                letter.GetProperty("sequence").GetInt64(), letter.GetProperty("partition").GetString()!, letter.GetProperty("output").GetInt64(), Encoding.UTF8.GetString(letter.GetProperty("bytes").GetBytesFromBase64()),
                letter.GetProperty("reason").GetString()!, letter.GetProperty("replayable").GetBoolean())),
        ];
    }
}
