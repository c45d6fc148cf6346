using RaftStream.Lab.Torture.Systems;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>redis-server as the lab runs it, and its client against replies that it gives seldom.</summary>
[TestFixture]
internal sealed class RedisSystemTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Test]
    public async Task WhatACutOffPrimaryAcknowledgedIsLostOnceItsReplicaTakesOver()
    {
        var system = new RedisSystem();
        await using var processes = new SystemProcesses(system, 2, "redis-server");
        processes.Start(1);
        processes.Start(2);
        Assert.That(await processes.LeaderAsync(), Is.EqualTo(1));
        using var stop = new CancellationTokenSource();
        var operating = system.OperateAsync(processes.AddressOf, stop.Token);
        await Eventually.HoldsAsync(
            async () => await RedisInfo.AskAsync(processes.AddressOf(2), CancellationToken.None) is { IsPrimary: false, HearsPrimary: true }, "the replica follows", Limit);

        Assert.That((await processes.AskAsync(1, OperationFunction.Add, 5)).Result, Is.EqualTo((HistoryValue?)5));
        Assert.That((await processes.AskAsync(1, OperationFunction.CompareAndSet, HistoryValue.List(5, 7))).Kind, Is.EqualTo(AnswerKind.Ok));
        Assert.That((await processes.AskAsync(1, OperationFunction.CompareAndSet, HistoryValue.List(HistoryValue.Null, 7))).Kind, Is.EqualTo(AnswerKind.Failed));
        Assert.That((await processes.AskAsync(1, OperationFunction.Read)).Result, Is.EqualTo((HistoryValue?)7));
        foreach (var function in new[] { OperationFunction.Read, OperationFunction.Add })
            Assert.That((await processes.AskAsync(2, function, 1)).Kind, Is.EqualTo(AnswerKind.Failed), "a replica neither reads for us nor writes");
        await Eventually.HoldsAsync(
            async () => (await system.LookAsync(processes.AddressOf(1), CancellationToken.None))!.Applied == (await system.LookAsync(processes.AddressOf(2), CancellationToken.None))!.Applied,
            "the replica has everything",
            Limit);

        await processes.CutAsync();
        var lost = await processes.AskAsync(1, OperationFunction.Write, 9);
        Assert.That(lost.Kind, Is.EqualTo(AnswerKind.Ok), "it is acknowledged");
        await Eventually.HoldsAsync(() => operating.IsCompleted || system.Primary == 2, "the replica takes over", Limit);
        var read = await processes.AskAsync(2, OperationFunction.Read);
        Assert.That(read.Result, Is.EqualTo((HistoryValue?)7), "and gone");
        await Eventually.HoldsAsync(
            async () => (await processes.AskAsync(1, OperationFunction.Write, 10)).Kind == AnswerKind.Failed, "the old primary is a replica", Limit);

        // It comes back as what it was made, and not as the primary that it began as.
        await processes.KillAsync(1);
        await stop.CancelAsync();
        await operating;
        processes.Start(1);
        await Eventually.HoldsAsync(
            async () => await RedisInfo.AskAsync(processes.AddressOf(1), CancellationToken.None) is { IsPrimary: false }, "it is a replica", Limit);
    }

    [TestCase("up", 0, true)]
    [TestCase("down", -1, true)]
    [TestCase("down", 12, true)]
    [TestCase("down", 13, false)]
    public void AReplicaThatWasCutOffForLongBeforeDoesNotTakeOver(string link, int secondsCutOff, bool may)
    {
        var info = RedisInfo.Parse(
            $"# Replication\r\nrole:slave\r\nmaster_host:h\r\nmaster_port:1\r\nmaster_link_status:{link}\r\nmaster_link_down_since_seconds:{secondsCutOff}\r\n");
        Assert.That(info!.MaySucceed(TimeSpan.FromSeconds(1), silence: TimeSpan.FromSeconds(2)), Is.EqualTo(may));
    }

    [TestCase("-READONLY You can't write against a read only replica.\r\n", AnswerKind.Failed)]
    [TestCase(":12\r\n", AnswerKind.Ok)]
    [TestCase("", AnswerKind.Unknown)]
    [TestCase(":1", AnswerKind.Unknown)]
    [TestCase("?\r\n", AnswerKind.Unknown)]
    [TestCase("$99999999999\r\n", AnswerKind.Unknown)]
    [TestCase(":x\r\n", AnswerKind.Unknown)]
    public async Task AnAddIsInDoubtWhereverItMayBeDone(string reply, AnswerKind kind)
    {
        await using var server = new CannedServer(reply);
        var answer = await AskAsync(server.Address, OperationFunction.Add, 12);
        Assert.That((answer.Kind, answer.Result), Is.EqualTo((kind, kind == AnswerKind.Ok ? (HistoryValue?)12 : null)));
    }

    [TestCase("master", "$1\r\n7\r\n", AnswerKind.Ok)]
    [TestCase("master", "$-1\r\n", AnswerKind.Ok)]
    [TestCase("slave", "$1\r\n7\r\n", AnswerKind.Failed)]
    public async Task ReadsCountOnlyFromAPrimary(string role, string value, AnswerKind kind)
    {
        await using var server = new CannedServer($"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*2\r\n${role.Length}\r\n{role}\r\n:0\r\n{value}");
        Assert.That((await AskAsync(server.Address, OperationFunction.Read)).Kind, Is.EqualTo(kind));
    }

    [Test]
    public async Task WhatWasNeverSentHasCertainlyFailed()
    {
        string address;
        await using (var server = new CannedServer(""))
            address = server.Address;
        Assert.That((await AskAsync(address, OperationFunction.Add, 1)).Kind, Is.EqualTo(AnswerKind.Failed));
    }

    private static async Task<ClientAnswer> AskAsync(string address, OperationFunction function, HistoryValue argument = default)
    {
        await using var client = new RedisSystem().Connect(address);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        return await client.DoAsync(new("k", function, argument), deadline.Token);
    }
}
