using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Commands;

/// <summary><c>log inspect</c> and <c>log verify</c> over the folder of a node that ran, as an operator uses them.</summary>
[TestFixture]
internal sealed class LogCommandTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task AFolderIsRefusedWhileItsNodeRunsThenToldWholeAndThenDamaged()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.File("data"), "node-1");
        await using (var cluster = RaftStreamProgram.Start(["cluster", "--nodes", "1", "--data", folder.File("data"), "--json"]))
        {
            using var ready = JsonDocument.Parse(await cluster.ReadLineAsync(Limit));
            var running = await RaftStreamProgram.RunAsync(["log", "verify", data]);
            Assert.That((running.ExitCode, running.ErrorLines.Length), Is.EqualTo((64, 1)));
            Assert.That(running.Error, Does.Contain("in use by a running node"));
            cluster.Signal(Signals.Terminate);
            Assert.That(await cluster.WaitAsync(Limit), Is.Zero);
        }

        var inspected = await RaftStreamProgram.RunAsync(["log", "inspect", data]);
        Assert.That(inspected.ExitCode, Is.Zero, inspected.Error);
        Assert.That(inspected.Output, Does.Contain("node 1 of cluster").And.Contain("vote 1, entries 1 to "));
        var before = Contents(data);
        var whole = await RaftStreamProgram.RunAsync(["log", "verify", data]);
        Assert.That((whole.ExitCode, whole.Error), Is.EqualTo((0, "")));
        Assert.That(whole.Output, Does.Contain("is whole: 1 segments"));
        Assert.That(Contents(data), Is.EqualTo(before), "nothing is changed");

        Flip(Directory.GetFiles(data, "*.seg").Single(), place: 600);
        var damaged = await RaftStreamProgram.RunAsync(["log", "verify", data, "--json"]);
        Assert.That(damaged.ExitCode, Is.EqualTo(1));
        using var json = JsonDocument.Parse(damaged.Output);
        var finding = json.RootElement.GetProperty("report").GetProperty("findings")[0];
        Assert.That(json.RootElement.GetProperty("ok").GetBoolean(), Is.False);
        Assert.That(finding.GetProperty("kind").GetString(), Is.EqualTo("Refused"));
        Assert.That(finding.GetProperty("sentence").GetString(), Does.Contain("is damaged at byte").And.Contain("'raftstream members replace'"));
    }

    private static void Flip(string path, int place)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[place] ^= 0x55;
        File.WriteAllBytes(path, bytes);
    }

    private static Dictionary<string, string> Contents(string folder) =>
        Directory.GetFiles(folder).ToDictionary(static path => path, static path => Convert.ToHexString(File.ReadAllBytes(path)), StringComparer.Ordinal);
}
