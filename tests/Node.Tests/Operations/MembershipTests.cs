using System.Diagnostics;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Operations;

/// <summary>Members come and go, and leaders stop, while clients count: nothing is lost, nothing counted twice.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class MembershipTests
{
    private const int Clients = 4;
    private const int Between = 50;

    [Test]
    public async Task AClusterUnderLoadGrowsToFiveAndShrinksToThreeOtherNodes()
    {
        await using var nodes = await NodeProcesses.FormAsync(3);
        await using var load = new SessionLoad(() => nodes.Addresses, "hits", Clients);
        await load.AnswersAsync(Between);
        var start = Stopwatch.GetTimestamp();

        foreach (var id in (int[])[4, 5, 6])
        {
            await nodes.DoAsync("members", "add", $"{id}", nodes.Join(id));
            await nodes.DoAsync(id == 6 ? ["members", "replace", "1", "--with", "6", "--wait"] : ["members", "promote", $"{id}", "--wait"]);
            await load.AnswersAsync(Between);
            Assert.That((await nodes.VotersAsync()).Length, Is.EqualTo(Math.Min(id, 5)));
        }

        foreach (var id in (int[])[2, 3])
        {
            await nodes.DoAsync("members", "remove", $"{id}");
            await load.AnswersAsync(Between);
        }

        foreach (var id in (int[])[1, 2, 3])
            Assert.That(await nodes.EndAsync(id), Is.EqualTo(70), "a node that was removed ends by itself");
        await load.AnswersAsync(Between);
        await load.StopAsync();

        await nodes.AgreeAsync();
        TestContext.Out.WriteLine($"{load.Acknowledged} writes, {load.Repeated} attempts repeated, longest gap {load.LongestGapSince(start).TotalMilliseconds:0} ms");
        Assert.That(await nodes.VotersAsync(), Is.EqualTo(new[] { 4, 5, 6 }));
        Assert.That(await nodes.DoAsync("get", "hits"), Is.EqualTo($"{load.Acknowledged}"));
    }

    [Test]
    public async Task ARollingRestartUnderLoadHandsLeadershipOverEachTime()
    {
        await using var nodes = await NodeProcesses.FormAsync(3);
        await using var load = new SessionLoad(() => nodes.Addresses, "hits", Clients);
        await load.AnswersAsync(Between);
        for (var round = 0; round < 3; round++)
        {
            var before = await nodes.LeaderAsync();
            var stopped = Stopwatch.GetTimestamp();
            Assert.That(await nodes.StopAsync(before.Id), Is.Zero);
            var after = await nodes.LeaderAsync(otherThan: before.Id);
            Assert.That(after.Term, Is.EqualTo(before.Term + 1), "nobody stood in vain");
            await load.AnswersAsync(Between);
            var started = Stopwatch.GetTimestamp();
            var handingOver = load.LongestGapSince(stopped);
            nodes.Start(before.Id);
            await nodes.AgreeAsync();
            await load.AnswersAsync(Between);
            TestContext.Out.WriteLine($"node {before.Id}: longest gap while it hands over and stops {handingOver.TotalMilliseconds:0} ms, while it comes back {load.LongestGapSince(started).TotalMilliseconds:0} ms");
        }

        await load.StopAsync();
        await nodes.AgreeAsync();
        TestContext.Out.WriteLine($"{load.Acknowledged} writes, {load.Repeated} attempts repeated");
        Assert.That(await nodes.DoAsync("get", "hits"), Is.EqualTo($"{load.Acknowledged}"));
    }

    [Test]
    public async Task ADamagedDiskIsReplacedByANodeUnderAFreshId()
    {
        await using var nodes = await NodeProcesses.FormAsync(3);
        await nodes.DoAsync("add", "hits", "7");
        Assert.That(await nodes.StopAsync(2), Is.Zero);
        Flip(Directory.GetFiles(nodes.DataOf(2), "*.seg").Single(), place: 600);

        var refused = await RaftStreamProgram.RunAsync(["node", "--id", "2", "--cluster", nodes.First, "--cluster-id", NodeProcesses.Name, "--data", nodes.DataOf(2), "--http", "127.0.0.1:0"]);
        Assert.That((refused.ExitCode, refused.ErrorLines.Length), Is.EqualTo((64, 1)), refused.Error);
        Assert.That(refused.Error, Does.Contain("is damaged at byte").And.Contain("'raftstream members replace'"));

        await nodes.DoAsync("members", "add", "4", nodes.Join(4));
        await nodes.DoAsync("members", "replace", "2", "--with", "4", "--wait");

        Assert.That(await nodes.VotersAsync(), Is.EqualTo(new[] { 1, 3, 4 }));
        Assert.That(await nodes.DoAsync("add", "hits", "1"), Is.EqualTo("8"));
        await nodes.AgreeAsync();
        var back = await nodes.AskAsync("members", "add", "2", "127.0.0.1:9");
        Assert.That(back.ExitCode, Is.EqualTo(64));
        Assert.That(back.Error, Does.Contain("never used again"));
    }

    [Test]
    public async Task ChangesThatTheMembersDoNotAllowAreRefusedWithOneSentence()
    {
        await using var nodes = await NodeProcesses.FormAsync(3);
        foreach (var (command, code, told) in ((string Command, int Code, string Told)[])
        [
            ("members promote 1", 64, "makes no sense"),
            ("members remove 9", 64, "no such member"),
            ("members add 3 127.0.0.1:9", 64, "never used again"),
            ("members add 4 127.0.0.1:9 --expect 99", 1, "changed since"),
            ("members add 4 nowhere", 64, "host:port"),
            ("members add 70000 127.0.0.1:9", 64, "65535"),
            ("members update 1 --priority 256", 64, "255"),
            ("members update 1", 64, "nothing to change"),
            ("transfer --to 9", 64, "no such member"),
        ])
        {
            var result = await nodes.AskAsync(command.Split(' '));
            Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((code, 1)), $"{command}: {result.Error}");
            Assert.That(result.Error, Does.Contain(told), command);
        }

        await nodes.DoAsync("members", "add", "4", "127.0.0.1:9");
        var behind = await nodes.AskAsync("members", "promote", "4");
        Assert.That((behind.ExitCode, behind.ErrorLines.Length), Is.EqualTo((1, 1)), behind.Error);
        Assert.That(behind.Error, Does.Contain("not been heard"));
        await nodes.DoAsync("members", "remove", "4");

        var leader = (await nodes.LeaderAsync()).Id;
        var next = leader == 1 ? 2 : 1;
        Assert.That(await nodes.DoAsync("transfer", "--to", $"{next}"), Is.EqualTo($"node {next} leads, before that node {leader}"));
    }

    private static void Flip(string path, int place)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[place] ^= 0x55;
        File.WriteAllBytes(path, bytes);
    }
}
