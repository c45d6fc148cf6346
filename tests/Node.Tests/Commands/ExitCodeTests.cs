using System.Net;
using System.Net.Sockets;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Commands;

/// <summary>Bad usage and bad input end with 64 and one sentence that says where and how to mend it; nothing is left half done.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class ExitCodeTests
{
    private static readonly TestCaseData[] BadCommandLines =
    [
        new TestCaseData([new[] { "--bogus" }, "--bogus"]).SetArgDisplayNames("an unknown option"),
        new TestCaseData([Array.Empty<string>(), "command"]).SetArgDisplayNames("no command"),
        new TestCaseData([new[] { "nonsense" }, "nonsense"]).SetArgDisplayNames("an unknown command"),
        new TestCaseData([new[] { "node" }, "--id"]).SetArgDisplayNames("a node without settings"),
        new TestCaseData([new[] { "node", "--id", "0", "--cluster", "1=127.0.0.1:5001", "--data", "x" }, "--id '0'"]).SetArgDisplayNames("the id 0"),
        new TestCaseData([new[] { "node", "--id", "2", "--cluster", "1=127.0.0.1:5001", "--data", "x" }, "does not name node 2"]).SetArgDisplayNames("an id outside of the cluster"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=127.0.0.1", "--data", "x" }, "host:port"]).SetArgDisplayNames("an address without a port"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=127.0.0.1:99999", "--data", "x" }, "65535"]).SetArgDisplayNames("a port out of range"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=a:1,1=b:2", "--data", "x" }, "twice"]).SetArgDisplayNames("an id twice"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=a:1,2=a:1", "--data", "x" }, "twice"]).SetArgDisplayNames("an address twice"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=a:1", "--data", "x", "--heartbeat-ms", "200" }, "a third"]).SetArgDisplayNames("a slow heartbeat"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=a:1", "--data", "x", "--election-timeout-ms", "10" }, "50"]).SetArgDisplayNames("a short election timeout"),
        new TestCaseData([new[] { "node", "--id", "1", "--cluster", "1=a:1", "--data", "x", "--snapshot-after-bytes", "1" }, "65536"]).SetArgDisplayNames("snapshots without end"),
        new TestCaseData([new[] { "node", "--config", "/nowhere/node.json" }, "/nowhere/node.json"]).SetArgDisplayNames("a missing configuration"),
        new TestCaseData([new[] { "demo", "--nodes", "4" }, "3 or 5"]).SetArgDisplayNames("a demo of four"),
        new TestCaseData([new[] { "demo", "--repeat", "0" }, "--repeat"]).SetArgDisplayNames("a demo of nothing"),
        new TestCaseData([new[] { "demo", "--input", "/nowhere/text" }, "no such file"]).SetArgDisplayNames("a demo of a missing file"),
        new TestCaseData([new[] { "ingest", "/nowhere/text", "--job", "a" }, "no such file"]).SetArgDisplayNames("an ingest of a missing file"),
        new TestCaseData([new[] { "ingest", "/tmp", "--job", "a" }, "folder"]).SetArgDisplayNames("an ingest of a folder"),
        new TestCaseData([new[] { "add", "" }, "KEY"]).SetArgDisplayNames("an empty key"),
        new TestCaseData([new[] { "add", "a", "much" }, "DELTA 'much'"]).SetArgDisplayNames("a delta that is no number"),
        new TestCaseData([new[] { "get", "a", "--server", "nohost" }, "host:port"]).SetArgDisplayNames("a server without a port"),
        new TestCaseData([new[] { "top", "--limit", "0" }, "--limit"]).SetArgDisplayNames("no rows"),
        new TestCaseData([new[] { "log", "verify", "/nowhere/data" }, "/nowhere/data"]).SetArgDisplayNames("a log of a missing folder"),
        new TestCaseData([new[] { "log", "inspect", "/proc/self/fdinfo" }, "neither a log nor a snapshot"]).SetArgDisplayNames("a log of a folder of something else"),
        new TestCaseData([new[] { "cluster", "--data", "x", "--nodes", "10" }, "--nodes"]).SetArgDisplayNames("a cluster of ten"),
        new TestCaseData([new[] { "cluster", "--data", "x", "--base-port", "65535" }, "--base-port"]).SetArgDisplayNames("ports beyond the last"),
    ];

    [TestCaseSource(nameof(BadCommandLines))]
    public async Task BadUsageEndsWith64AndOneSentence(string[] arguments, string named)
    {
        var result = await RaftStreamProgram.RunAsync(arguments);

        AssertOneSentence(result, named);
    }

    [Test]
    public async Task HelpIsNoError()
    {
        var result = await RaftStreamProgram.RunAsync(["--help"]);

        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(result.Output, Does.Contain("demo").And.Contain("cluster").And.Contain("ingest"));
        Assert.That(result.Error, Is.Empty);
    }

    [Test]
    public async Task ADamagedConfigurationIsNamedWithItsLine()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", "{\n  \"id\": 1,\n  \"cluster\": oops\n}\n");

        var result = await RaftStreamProgram.RunAsync(["node", "--config", file]);

        AssertOneSentence(result, "line 3");
        Assert.That(result.Error, Does.Contain(file));
    }

    [Test]
    public async Task AnUnknownSettingInTheConfigurationIsNamed()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", """{"id":1,"clutser":"1=127.0.0.1:5001"}""");

        AssertOneSentence(await RaftStreamProgram.RunAsync(["node", "--config", file]), "clutser");
    }

    [Test]
    public async Task AnOccupiedClientPortIsFoundBeforeAnythingIsWritten()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var data = folder.File("data");
        var address = $"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";

        var result = await RaftStreamProgram.RunAsync(["node", "--id", "1", "--cluster", "1=127.0.0.1:5001", "--data", data, "--http", address]);

        AssertOneSentence(result, address);
        Assert.That(Directory.Exists(data), Is.False, "a node that cannot start must not make its folder");
    }

    [Test]
    public async Task AnAddressOfAnotherMachineCannotBeListenedAt()
    {
        using var folder = new TemporaryFolder();

        var result = await RaftStreamProgram.RunAsync(["node", "--id", "1", "--cluster", "1=127.0.0.1:5001", "--data", folder.File("data"), "--http", "192.0.2.1:8080", "--insecure-clients", "--log-level", "error"]);

        AssertOneSentence(result, "192.0.2.1:8080");
    }

    [Test]
    public async Task AnUnreachableClusterIsUndecided()
    {
        var result = await RaftStreamProgram.RunAsync(["get", "a", "--server", "127.0.0.1:1"]);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.ErrorLines, Has.Length.EqualTo(1));
        Assert.That(result.Error, Does.Contain("127.0.0.1:1"));
        Assert.That(result.Output, Is.Empty);
    }

    [Test]
    public async Task AFolderWithOtherThingsIsNoPlaceForACluster()
    {
        using var folder = new TemporaryFolder();
        folder.Write("diary.txt", "private");

        var result = await RaftStreamProgram.RunAsync(["cluster", "--data", folder.Path]);

        AssertOneSentence(result, "not empty");
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(1), "the folder is as it was");
    }

    [Test]
    public async Task ADamagedClusterFileIsNamed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.json", "{");

        AssertOneSentence(await RaftStreamProgram.RunAsync(["cluster", "--data", folder.Path]), "cluster.json");
    }

    private static void AssertOneSentence(ProgramResult result, string named)
    {
        Assert.That(result.ExitCode, Is.EqualTo(64), result.Error);
        Assert.That(result.ErrorLines, Has.Length.EqualTo(1), result.Error);
        Assert.That(result.Error, Does.StartWith("raftstream: ").And.Contain(named));
        Assert.That(result.Error.TrimEnd(), Does.EndWith("."));
        Assert.That(result.Output, Is.Empty);
    }
}
