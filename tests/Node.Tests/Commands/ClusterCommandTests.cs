using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Commands;

/// <summary>The programs together: a cluster from the command line, its clients, and nothing left when it ends.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class ClusterCommandTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task AClusterServesItsClientsAndEndsWithItsChildrenAtASignal()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = RaftStreamProgram.Start(["cluster", "--nodes", "3", "--data", folder.File("data"), "--json"]);
        var nodes = await NodesAsync(cluster);
        var pids = nodes.Select(node => node.Pid).ToList();
        Assert.That(Signals.ChildrenOf(cluster.Pid), Is.EquivalentTo(pids));

        await CountAsync(folder, nodes);
        cluster.Signal(Signals.Terminate);

        Assert.That(await cluster.WaitAsync(Limit), Is.Zero, await cluster.ErrorAsync());
        Assert.That(pids.Where(Signals.IsAlive), Is.Empty);
    }

    [Test]
    public async Task AClusterComesBackOverItsFolderAndGoesOnWithoutADeadNode()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["cluster", "--nodes", "3", "--data", folder.File("data"), "--json"];
        string[] firstPorts;
        await using (var first = RaftStreamProgram.Start(command))
        {
            var nodes = await NodesAsync(first);
            firstPorts = [.. nodes.Select(node => node.Http)];
            Assert.That((await RaftStreamProgram.RunAsync(["add", "a", "5", "--server", nodes[0].Address])).Output.Trim(), Is.EqualTo("5"));
            first.Signal(Signals.Interrupt);
            Assert.That(await first.WaitAsync(Limit), Is.Zero);
        }

        await using var second = RaftStreamProgram.Start(command);
        var back = await NodesAsync(second);
        Assert.That(back.Select(node => node.Http), Is.EqualTo(firstPorts));
        Signals.Send(back[2].Pid, Signals.Kill);
        await Eventually.HoldsAsync(() => !Signals.IsAlive(back[2].Pid), "the node is dead", Limit);

        var read = await RaftStreamProgram.RunAsync(["get", "a", "--server", back[0].Address]);
        Assert.That(read.Output.Trim(), Is.EqualTo("5"), read.Error);
        await second.SaysAsync("node 3 ended", Limit);
        second.Signal(Signals.Terminate);
        Assert.That(await second.WaitAsync(Limit), Is.Zero);
    }

    [Test]
    public async Task ChildrenEndWhenTheirParentIsKilled()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = RaftStreamProgram.Start(["cluster", "--nodes", "3", "--data", folder.File("data"), "--json"]);
        var nodes = await NodesAsync(cluster);

        cluster.Signal(Signals.Kill);

        await Eventually.HoldsAsync(() => !nodes.Any(node => Signals.IsAlive(node.Pid)), "no child is left", Limit);
    }

    [Test]
    public async Task OtherNumbersOfNodesOverTheSameFolderAreRefused()
    {
        using var folder = new TemporaryFolder();
        var data = folder.File("data");
        await using (var cluster = RaftStreamProgram.Start(["cluster", "--nodes", "1", "--data", data, "--json"]))
        {
            await NodesAsync(cluster);
            cluster.Signal(Signals.Terminate);
            await cluster.WaitAsync(Limit);
        }

        var result = await RaftStreamProgram.RunAsync(["cluster", "--nodes", "3", "--data", data]);

        Assert.That(result.ExitCode, Is.EqualTo(64));
        Assert.That(result.Error, Does.Contain("1 nodes").And.Contain("--nodes 1"));
    }

    [Test]
    public async Task ASecondNodeOverTheSameFolderOrOfAnotherClusterDoesNotStart()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = RaftStreamProgram.Start(["cluster", "--nodes", "1", "--data", folder.File("data"), "--json"]);
        var node = (await NodesAsync(cluster))[0];
        var data = Path.Combine(folder.File("data"), "node-1");

        var port = await RaftStreamProgram.RunAsync(["node", "--id", "1", "--cluster", "1=" + node.Raft, "--data", folder.File("other"), "--http", "127.0.0.1:0"]);
        Assert.That((port.ExitCode, port.ErrorLines.Length), Is.EqualTo((64, 1)), port.Error);
        Assert.That(port.Error, Does.Contain(node.Raft.Split(':')[1]));

        cluster.Signal(Signals.Terminate);
        await cluster.WaitAsync(Limit);
        var stranger = await RaftStreamProgram.RunAsync(["node", "--id", "1", "--cluster", "1=" + node.Raft, "--cluster-id", "another", "--data", data, "--http", "127.0.0.1:0"]);
        Assert.That((stranger.ExitCode, stranger.ErrorLines.Length), Is.EqualTo((64, 1)), stranger.Error);
        Assert.That(stranger.Error, Does.Contain("cluster"));
    }

    private static async Task CountAsync(TemporaryFolder folder, IReadOnlyList<Listed> nodes)
    {
        var servers = string.Join(',', nodes.Select(node => node.Address));
        var text = folder.Write("text", "the cat and the dog");
        string[] ingest = ["ingest", text, "--job", "pets", "--server", servers, "--json"];

        Assert.That(WordsAdded(await RaftStreamProgram.RunAsync(ingest)), Is.EqualTo(5));
        Assert.That(WordsAdded(await RaftStreamProgram.RunAsync(ingest)), Is.Zero, "the same file counts once");
        Assert.That((await RaftStreamProgram.RunAsync(["get", "the", "--server", servers])).Output.Trim(), Is.EqualTo("2"));
        Assert.That((await RaftStreamProgram.RunAsync(["top", "--limit", "1"], [("RAFTSTREAM_SERVER", servers)])).Output, Does.Contain("the"));

        var other = folder.Write("other", "the cat and the cow");
        var refused = await RaftStreamProgram.RunAsync(["ingest", other, "--job", "pets", "--server", servers]);
        Assert.That((refused.ExitCode, refused.ErrorLines.Length), Is.EqualTo((64, 1)), refused.Error);

        var status = await RaftStreamProgram.RunAsync(["status", "--server", nodes[1].Address, "--json"]);
        using var document = JsonDocument.Parse(status.Output);
        Assert.That(document.RootElement.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("id").GetInt32()), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(document.RootElement.GetProperty("leader").GetInt32(), Is.InRange(1, 3));
    }

    private static long WordsAdded(ProgramResult result)
    {
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        using var document = JsonDocument.Parse(result.Output);
        return document.RootElement.GetProperty("wordsAdded").GetInt64();
    }

    private static async Task<IReadOnlyList<Listed>> NodesAsync(RaftStreamProgram cluster)
    {
        using var document = JsonDocument.Parse(await cluster.ReadLineAsync(Limit));
        var addresses = document.RootElement.GetProperty("nodes").EnumerateArray().SelectMany(static node => new[] { "http", "raft", "client", "resp" }.Select(port => node.GetProperty(port).GetString())).ToArray();
        Assert.That(addresses, Is.Unique.And.All.Match(@"^(http://)?127\.0\.0\.1:\d+$"));
        return [.. document.RootElement.GetProperty("nodes").EnumerateArray().Select(node => new Listed(
            node.GetProperty("id").GetInt32(), node.GetProperty("pid").GetInt32(), node.GetProperty("http").GetString()!, node.GetProperty("raft").GetString()!))];
    }

    private sealed record Listed(int Id, int Pid, string Http, string Raft)
    {
        public string Address => Http["http://".Length..];
    }
}
