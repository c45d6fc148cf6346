using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The bench as a user runs it, for a second: that its report is whole, not how fast the machine is.</summary>
[TestFixture]
internal sealed class BenchTests
{
    private const string Program = "raftstream-lab";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [TestCase("http")]
    [TestCase("direct")]
    [TestCase("client")]
    public async Task AShortRunReportsVerifiedFiguresAndLeavesNothing(string mode)
    {
        using var temporary = new TemporaryFolder();
        string[] flags = mode == "http" ? [] : ["--" + mode];

        var result = await RunAsync(temporary, ["--inflight", "1,4", "--value", "24", "--seconds", "1", "--json", .. flags]);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(1), "one object and nothing else");
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(report.GetProperty("mode").GetString(), Is.EqualTo(mode));
        Assert.That(report.GetProperty("nodes").GetInt32(), Is.EqualTo(3));
        Assert.That(report.GetProperty("valueBytes").GetInt32(), Is.EqualTo(24));
        Assert.That(report.GetProperty("hardware").GetProperty("cores").GetInt32(), Is.EqualTo(System.Environment.ProcessorCount));
        foreach (var name in new[] { "cpu", "fileSystem", "device", "os", "runtime", "fsync" })
            Assert.That(report.GetProperty("hardware").GetProperty(name).GetString(), Is.Not.Empty, name);
        Assert.That(report.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("inflight").GetInt32()), Is.EqualTo(new[] { 1, 4 }));
        foreach (var run in report.GetProperty("runs").EnumerateArray())
            CheckRun(run);
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [Test]
    public async Task WithoutJsonATableTellsTheHardwareTooAndEveryRun()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--direct", "--nodes", "1", "--inflight", "4", "--seconds", "1"]);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Output, Does.Contain("cores").And.Contain("fsync: ").And.Contain("ops/s").And.Match(@"\| +4 \|"));
    }

    [Test]
    public async Task EachLevelIsMeasuredAtTheLeaderAndAtAFollowerWithItsMessages()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--levels", "--seconds", "1", "--json"]);

        // 2: a machine too busy for an election timeout moved the leadership, and who was asked as the leader was none.
        using var document = JsonDocument.Parse(result.Output);
        var moved = document.RootElement.GetProperty("leaderChanged").GetBoolean();
        Assert.That(result.ExitCode, Is.EqualTo(moved ? 2 : 0), result.Error);
        var rows = document.RootElement.GetProperty("levels").EnumerateArray().ToDictionary(static row => row.GetProperty("level").GetString() + "/" + row.GetProperty("at").GetString(), StringComparer.Ordinal);
        string[] names = ["linearizable", "lease", "bounded", "session", "eventual", "quorum", "leader", "available"];
        Assert.That(rows.Keys, Is.EquivalentTo(names.SelectMany(static name => new[] { name + "/leader", name + "/follower" })));
        Assert.That(rows.Values.Select(static row => row.GetProperty("verified").GetBoolean()), Is.All.True);
        if (moved)
            return;
        Assert.That(rows.Values.Select(static row => row.GetProperty("operations").GetInt64()), Is.All.Positive);

        // A round or an append to each of two others and its answer; and nothing for what a node reads for itself.
        Assert.That(Messages("quorum/leader"), Is.InRange(2, 6));
        Assert.That(Messages("linearizable/leader"), Is.InRange(2, 6));
        foreach (var near in new[] { "lease/leader", "bounded/follower", "session/follower", "eventual/follower" })
            Assert.That(Messages(near), Is.LessThan(1), near);

        double Messages(string row) => rows[row].GetProperty("messagesPerOp").GetDouble();
    }

    [Test]
    public async Task WhatMoreNodesAndPartitionsBringIsToldInRatiosWithTheSaturationOfTheCores()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--scale", "--seconds", "1", "--json"]);

        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(result.ExitCode, Is.EqualTo(report.GetProperty("leaderChanged").GetBoolean() ? 2 : 0), result.Error);
        var runs = report.GetProperty("runs").EnumerateArray().ToDictionary(static run => $"{run.GetProperty("what").GetString()}/{run.GetProperty("nodes").GetInt32()}/{run.GetProperty("partitions").GetInt32()}", static run => run, StringComparer.Ordinal);
        Assert.That(runs.Keys, Is.EquivalentTo(new[] { "stateless/3/1", "stateless/3/4", "stateless/5/1", "stateless/5/4", "reads/3/1", "reads/3/4", "reads/5/1", "reads/5/4" }));
        Assert.That(runs.Values.Select(static run => run.GetProperty("perSecond").GetDouble()), Is.All.Positive);
        Assert.That(runs.Values.Select(static run => run.GetProperty("cpuSaturation")).Where(static share => share.ValueKind == JsonValueKind.Number).Select(static share => share.GetDouble()), Is.All.InRange(0.01, 1));
        var ratios = report.GetProperty("ratios");
        foreach (var what in new[] { "stateless", "reads" })
        {
            double PerSecond(string run) => runs[$"{what}/{run}"].GetProperty("perSecond").GetDouble();
            Assert.That(ratios.GetProperty($"{what}: 5 nodes over 3").GetDouble(), Is.EqualTo(PerSecond("5/4") / PerSecond("3/4")).Within(0.001));
            Assert.That(ratios.GetProperty($"{what}: 4 partitions over 1").GetDouble(), Is.EqualTo(PerSecond("5/4") / PerSecond("5/1")).Within(0.001));
        }

        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [TestCase(Signals.Interrupt)]
    [TestCase(Signals.Kill)]
    public async Task NothingIsLeftWhenItIsStoppedInTheMiddle(int signal)
    {
        using var temporary = new TemporaryFolder();
        await using var bench = RaftStreamProgram.Start(["bench", "--inflight", "4", "--seconds", "600"], Environment(temporary), Program);
        IReadOnlyList<int> children = [];
        await Eventually.HoldsAsync(() => (children = Signals.ChildrenOf(bench.Pid)).Count == 3, "three nodes run", Limit);

        bench.Signal(signal);
        var exitCode = await bench.WaitAsync(Limit);

        if (signal != Signals.Kill)
            Assert.That(exitCode, Is.EqualTo(2), await bench.ErrorAsync());
        await Eventually.HoldsAsync(() => !children.Any(Signals.IsAlive), "no child is left", Limit);
        await Eventually.HoldsAsync(() => Directory.GetFileSystemEntries(temporary.Path, "raftstream-*").Length == 0, "no file is left", Limit);
    }

    [TestCase("--inflight", "0")]
    [TestCase("--inflight", "1,,2")]
    [TestCase("--inflight", "1,1025")]
    [TestCase("--inflight", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17")]
    [TestCase("--value", "4097")]
    [TestCase("--nodes", "2")]
    [TestCase("--seconds", "0")]
    [TestCase("--seconds", "soon")]
    [TestCase("--quickly", "1")]
    [TestCase("--levels", "--direct")]
    [TestCase("--scale", "--levels")]
    public async Task ABadFlagIsOneSentenceThatNamesIt(string flag, string value)
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, [flag, value]);

        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain(flag));
        Assert.That(result.Output, Is.Empty);
    }

    private static void CheckRun(JsonElement run)
    {
        Assert.That(run.GetProperty("verified").GetBoolean(), "the counters hold what was acknowledged");
        Assert.That(run.GetProperty("acknowledged").GetInt64(), Is.Positive);
        Assert.That(run.GetProperty("opsPerSecond").GetDouble(), Is.Positive);
        Assert.That(run.GetProperty("p50Ms").GetDouble(), Is.Positive);
        Assert.That(run.GetProperty("p99Ms").GetDouble(), Is.GreaterThanOrEqualTo(run.GetProperty("p50Ms").GetDouble()));
        Assert.That(run.GetProperty("errors").GetInt64(), Is.GreaterThanOrEqualTo(run.GetProperty("unknown").GetInt64()));

        // A machine too busy for an election timeout moves the leadership: then the leader's own figures are left out, all of them.
        var moved = run.GetProperty("leaderChanged").GetBoolean();
        foreach (var name in new[] { "syncsPerSecond", "opsPerSync", "allocatedBytesPerOp" })
            Assert.That(run.GetProperty(name).ValueKind, Is.EqualTo(moved ? JsonValueKind.Null : JsonValueKind.Number), name);
        if (!moved)
            Assert.That(run.GetProperty("opsPerSync").GetDouble(), Is.Positive);
    }

    private static Task<ProgramResult> RunAsync(TemporaryFolder temporary, string[] arguments) =>
        RaftStreamProgram.RunAsync(["bench", .. arguments], Environment(temporary), Limit, Program);

    private static (string Name, string Value)[] Environment(TemporaryFolder temporary) => [("TMPDIR", temporary.Path)];
}
