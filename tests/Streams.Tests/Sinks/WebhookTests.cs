using System.Globalization;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests.Sinks;

/// <summary>A webhook of a real cluster and a receiver that does what receivers do, while nodes go and come: each output arrives, in order, and once where somebody looks.</summary>
[TestFixture]
internal sealed class WebhookTests
{
    private const int Records = 2_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly WebhookOptions Quick = new() { BatchOutputs = 20, Timeout = TimeSpan.FromSeconds(1), FirstPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(50) };

    private static IEnumerable<string> Everything => Enumerable.Range(0, Records).Select(Value);

    [Test]
    public async Task EachOutputIsKeptOnceOverFailuresOfTheReceiverAndChangesOfTheLeader()
    {
        var random = new Random(1);
        await using var receiver = await WebhookReceiver.StartAsync(_ => random.Next(20) switch
        {
            < 3 => Reaction.TakeAndBreak,
            3 => Reaction.Hang,
            < 6 => Reaction.Fail,
            < 8 => Reaction.Busy,
            _ => Reaction.Take,
        });
        await using var cluster = await JobCluster.StartAsync(() => [Build(receiver.Address, new() { MaxWaitingOutputs = 100 })]);
        for (var round = 1; round <= 3; round++)
        {
            var goal = round * Records / 5;
            await Eventually.HoldsAsync(() => receiver.Kept.Count >= goal && cluster.Leader >= 0, $"round {round}: {goal} outputs are there, and somebody leads", Limit);
            var gone = cluster.Leader;
            await cluster.StopAsync(gone);
            await Eventually.HoldsAsync(() => cluster.Leader >= 0, $"round {round}: another one leads", Limit);
            await cluster.StartAsync(gone);
        }

        await Eventually.HoldsAsync(() => receiver.Kept.Count >= Records, "all outputs are there", Limit);
        Assert.That(receiver.Kept, Is.EqualTo(Everything), "once for who looks at sequence and epoch");
        receiver.CheckOrder();

        var seen = receiver.Taken.SelectMany(static post => post.Outputs).ToList();
        Assert.That(seen.Select(static output => output.Value).Distinct(StringComparer.Ordinal), Is.EquivalentTo(Everything), "at least once for who does not");
        TestContext.Out.WriteLine($"{receiver.Posts.Count} requests, {seen.Count - Records} outputs more than once, {receiver.Posts.Select(static post => post.Epoch).Distinct().Count()} senders");
    }

    [Test]
    public async Task AReceiverThatIsNotThereYetGetsEverythingWhenItIs()
    {
        await using var receiver = new WebhookReceiver();
        await using var cluster = await JobCluster.StartAsync(() => [Build(receiver.Address)]);
        await cluster.Jobs(0).WaitForEndAsync(Build(receiver.Address));
        await receiver.ListenAsync();
        await Eventually.HoldsAsync(() => receiver.Kept.Count >= Records, "all outputs are there", Limit);
        Assert.That(receiver.Kept, Is.EqualTo(Everything));
        receiver.CheckOrder();
        await Eventually.HoldsAsync(
            () => Enumerable.Range(0, 3).Any(place => cluster.Figures(place, "numbers").SourceToReceivers is { Count: > 0, P50: > 0 } figures && figures.Max >= figures.P99), "the node that sent them knows how long that took", Limit);
    }

    [Test]
    public async Task ARedirectIsNotFollowedAndLosesNothing()
    {
        var redirected = 0;
        await using var receiver = await WebhookReceiver.StartAsync(_ => redirected++ < 5 ? Reaction.Redirect : Reaction.Take);
        await using var cluster = await JobCluster.StartAsync(() => [Build(receiver.Address)]);
        await Eventually.HoldsAsync(() => receiver.Kept.Count >= Records, "all outputs are there", Limit);
        Assert.That(receiver.Kept, Is.EqualTo(Everything));
        Assert.That(receiver.Posts.Select(static post => post.Path).Distinct(StringComparer.Ordinal), Is.EqualTo(new[] { "/in" }));
    }

    private static string Value(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Job Build(Uri target, JobOptions? options = null)
    {
        var builder = new StreamBuilder("numbers", options);
        builder.From("source", StreamStateMachine.Sources.Generate(1, static (_, number) => number, count: Records)).ToWebhook("hook", target, static number => Value((int)number), Quick);
        return builder.Build();
    }
}
