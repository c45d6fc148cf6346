using System.Diagnostics;
using RaftStream.Client;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Node.Tests.Support;
using RaftStream.Raft.Wire;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>Questions for outputs at the port itself, without the client around them: how long they wait, and how many there may be.</summary>
[TestFixture]
internal sealed class StreamPortTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private JobCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _cluster = await JobCluster.StartAsync(static () => [Changes()]);
        Assert.That((await SendAsync("begin", "begin")).Outcome, Is.EqualTo(ClientOutcome.Applied));
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task AQuestionWaitsAsLongAsItSaysUnlessSomethingCame()
    {
        await using var connection = await DialAsync(1);
        var first = await AskAsync(connection, waitMs: 60_000, from: 1);
        Assert.That(first.Outputs?.Outputs[0].Sequence, Is.EqualTo(1), "what is there is told at once");
        var next = await DrainedAsync(connection);
        var start = Stopwatch.GetTimestamp();
        var nothing = await AskAsync(connection, waitMs: 300, next);
        Assert.That((nothing.Outcome, nothing.Outputs?.Outputs.Count, nothing.Outputs?.Next, nothing.Index > 0), Is.EqualTo((ClientOutcome.Applied, (int?)0, (long?)next, true)), nothing.Problem);
        Assert.That(Stopwatch.GetElapsedTime(start), Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(290)));

        var waiting = AskAsync(connection, waitMs: 60_000, next).AsTask();
        await SendAsync("waits", "waits");
        var told = await waiting.WaitAsync(Limit);
        Assert.That((told.Outputs!.Outputs.Select(static output => output.Text), told.Outputs.Next), Is.EqualTo((new[] { "waits 1" }, next + 1)));
    }

    [Test]
    public async Task AConnectionAndANodeTakeSoManyQuestionsAtATime()
    {
        await using var first = await DialAsync(0);
        var next = await DrainedAsync(first);
        var connections = new List<NodeConnection>();
        try
        {
            var asked = new List<Task<AnswerMessage>>();
            for (var i = 0; i < 5; i++)
            {
                connections.Add(await DialAsync(0));
                for (var j = 0; j < 70; j++)
                    asked.Add(AskAsync(connections[i], waitMs: 4_000, next + 1_000_000).AsTask());
            }

            var answers = await Task.WhenAll(asked);
            foreach (var connection in answers.Chunk(70))
                Assert.That(connection.Count(static answer => answer.Outcome == ClientOutcome.Applied), Is.LessThanOrEqualTo(64));
            Assert.That(answers.Where(static answer => answer.Outcome != ClientOutcome.Applied).Select(static answer => (answer.Outcome, answer.Refusal)), Is.All.EqualTo((ClientOutcome.Rejected, ClientRefusal.Overloaded)));
            Assert.That(answers.Count(static answer => answer.Outcome == ClientOutcome.Applied), Is.EqualTo(CountingService.MaxWatches));
            Assert.That((await AskAsync(first, waitMs: 1, next)).Outcome, Is.EqualTo(ClientOutcome.Applied), "those that were answered hold nothing");
        }
        finally
        {
            foreach (var connection in connections)
                await connection.DisposeAsync();
        }
    }

    private static Job Changes()
    {
        var builder = new StreamBuilder("changes");
        builder.Ingest("in").KeyBy(static line => line).Count("counts").ToStream().ToSubscription("all", format: static change => $"{change.Key} {change.Value}");
        return builder.Build();
    }

    private static ValueTask<AnswerMessage> AskAsync(NodeConnection connection, long waitMs, long from) =>
        connection.SendAsync(new(RequestKind.Subscribe) { Subscribe = new(waitMs, "changes", "all", from) }, Limit, CancellationToken.None);

    /// <summary>Takes all outputs that there are; the sequence of the next one.</summary>
    private static async Task<long> DrainedAsync(NodeConnection connection)
    {
        var next = 1L;
        while (true)
        {
            var page = (await AskAsync(connection, waitMs: 500, next)).Outputs!;
            if (page.Outputs.Count == 0)
                return next;
            next = page.Next;
        }
    }

    private async Task<NodeConnection> DialAsync(int place)
    {
        using var limit = new CancellationTokenSource(Limit);
        var dialled = await NodeConnection.DialAsync(Addresses.TryParse(_cluster.ClientPort(place))!, new(null, "test"), 128, TimeProvider.System, null, limit.Token);
        Assert.That(dialled.Connection, Is.Not.Null, dialled.Sentence);
        return dialled.Connection!;
    }

    private async Task<IngestResult> SendAsync(string producer, string line)
    {
        await using var client = await RaftStreamClient.ConnectAsync(new() { Nodes = [.. Enumerable.Range(0, 3).Select(_cluster.ClientPort)], RequestTimeout = Limit });
        return await client.Producer("changes", "in", producer).SendAsync([line]);
    }
}
