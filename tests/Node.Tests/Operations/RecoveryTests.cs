using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Operations;

/// <summary>What is left when more is lost than a cluster bears: a backup, or one survivor.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class RecoveryTests
{
    [Test]
    public async Task ABackupOfARunningClusterIsRestoredWithTheVeryStateThatItTells()
    {
        await using var nodes = await NodeProcesses.FormAsync(3);
        var (file, told) = await BackUpAsync(nodes);
        foreach (var id in (int[])[1, 2, 3])
            await nodes.StopAsync(id);

        foreach (var id in (int[])[1, 2, 3])
        {
            var restored = await RaftStreamProgram.RunAsync(["restore", file, "--data", nodes.Folder.File($"restored-{id}"), "--id", $"{id}", "--cluster", nodes.First, "--cluster-id", "second"]);
            Assert.That(restored.ExitCode, Is.Zero, restored.Error);
            Assert.That(restored.Output, Does.Contain(told.GetProperty("stateHash").GetString()).And.Contain("incarnation 1"));
        }

        foreach (var id in (int[])[1, 2, 3])
            nodes.Start(id, nodes.Folder.File($"restored-{id}"), "second");
        var leader = await nodes.LeaderAsync();

        Assert.That(leader.Incarnation, Is.EqualTo(1));
        Assert.That(await nodes.AgreeAsync(), Is.EqualTo(told.GetProperty("stateHash").GetString()));
        Assert.That(leader.Applied, Is.GreaterThan(told.GetProperty("index").GetInt64()));
        Assert.That(long.Parse(await nodes.DoAsync("get", "before"), System.Globalization.CultureInfo.InvariantCulture), Is.EqualTo(3), "acknowledged before the backup began");
        Assert.That(await nodes.DoAsync("get", "after"), Is.EqualTo("0"), "written once it was there");
        Assert.That(await nodes.DoAsync("add", "after", "1"), Is.EqualTo("1"));
    }

    [Test]
    public async Task ARestoreIntoTheWrongPlaceOrOfADamagedFileChangesNothing()
    {
        await using var nodes = await NodeProcesses.FormAsync(1);
        var (file, _) = await BackUpAsync(nodes);
        var target = nodes.Folder.File("restored");
        string[] restore = ["restore", file, "--data", target, "--id", "1", "--cluster", "1=127.0.0.1:9"];

        var damaged = nodes.Folder.File("damaged");
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[20] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes);
        await RefusedAsync(["restore", damaged, .. restore[2..]], "is damaged at byte 0");
        await RefusedAsync([.. restore[..^3], "2", .. restore[^2..]], "does not name node 2");
        await RefusedAsync([.. restore, "--incarnation", "0"], "--incarnation 0");
        await RefusedAsync(["restore", nodes.Folder.Write("text", "x"), .. restore[2..]], "too short");
        Assert.That(Directory.Exists(target), Is.False);

        Assert.That((await RaftStreamProgram.RunAsync(restore)).ExitCode, Is.Zero);
        await RefusedAsync(restore, "is not empty");
        var again = await nodes.AskAsync("backup", file);
        Assert.That((again.ExitCode, again.ErrorLines.Length), Is.EqualTo((64, 1)));
        Assert.That(again.Error, Does.Contain("is there already"));
    }

    [Test]
    public async Task ASurvivorOfALostQuorumIsResetLeadsAloneAndGrowsAgain()
    {
        await using var nodes = await NodeProcesses.FormAsync(3);
        await nodes.DoAsync("add", "hits", "7");
        string[] reset = ["unsafe-reset", "--data", nodes.DataOf(1), "--cluster-name", NodeProcesses.Name];

        await RefusedAsync(reset, "in use by another process");
        await nodes.StopAsync(1);
        var living = await RaftStreamProgram.RunAsync(reset);
        Assert.That((living.ExitCode, living.ErrorLines.Length), Is.EqualTo((1, 1)), living.Error);
        Assert.That(living.Error, Does.Contain("that is a majority"));
        nodes.Start(1);
        await nodes.AgreeAsync();
        foreach (var id in (int[])[1, 2, 3])
            await nodes.StopAsync(id, Signals.Kill);
        await RefusedAsync([.. reset[..^1], "another"], "is not that of the cluster");

        var done = await RaftStreamProgram.RunAsync(reset);
        Assert.That(done.ExitCode, Is.Zero, done.Error);
        Assert.That(done.Output, Does.Contain("incarnation 1").And.Contain("lost:"));
        nodes.Start(1);
        Assert.That((await nodes.LeaderAsync()).Id, Is.EqualTo(1));
        nodes.Start(2);

        Assert.That(await nodes.DoAsync("add", "hits", "1"), Is.EqualTo("8"));
        Assert.That(await nodes.VotersAsync(), Is.EqualTo(new[] { 1 }));
        await nodes.StopAsync(2, Signals.Kill);
        await nodes.DoAsync("members", "add", "4", nodes.Join(4, incarnation: 1));
        await nodes.DoAsync("members", "promote", "4", "--wait");
        Assert.That(await nodes.VotersAsync(), Is.EqualTo(new[] { 1, 4 }));
        await nodes.AgreeAsync();
    }

    private static async Task<(string File, JsonElement Told)> BackUpAsync(NodeProcesses nodes)
    {
        await nodes.DoAsync("add", "before", "3");
        var file = nodes.Folder.File("backup");
        using var document = JsonDocument.Parse(await nodes.DoAsync("backup", file, "--json"));
        await nodes.DoAsync("add", "after", "1");
        Assert.That(new FileInfo(file).Length, Is.EqualTo(document.RootElement.GetProperty("bytes").GetInt64()));
        Assert.That(File.Exists(file + ".part"), Is.False);
        return (file, document.RootElement.Clone());
    }

    private static async Task RefusedAsync(string[] command, string told)
    {
        var result = await RaftStreamProgram.RunAsync(command);
        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain(told));
    }
}
