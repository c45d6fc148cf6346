using System.Text.Json;
using RaftStream.Lab.Bench;
using RaftStream.Node.Commands;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The bench of the Redis protocol: what redis-benchmark prints is read, and its report is whole.</summary>
[TestFixture]
internal sealed class RespBenchTests
{
    private const string Heading = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    [Test]
    public void FiguresAreReadByTheirHeading()
    {
        var lines = RedisBenchmark.Read(Heading + "\n\"SET\",\"1000.50\",\"1\",\"2\",\"3.5\",\"5\",\"6.25\",\"7\"\n\"MSET (10 keys)\",\"20\",\"1\",\"2\",\"3\",\"5\",\"6\",\"7\"\n", "", "a");

        Assert.That(lines, Is.EqualTo(new RedisBenchmarkLine[] { new("SET", 1000.5, 3.5, 6.25), new("MSET", 20, 3, 6) }));
    }

    [TestCase("Error from server: OOM full", "")]
    [TestCase("", "WARNING: -e option has no effect.\nError from server: OOM full")]
    [TestCase("", "")]
    [TestCase(Heading, "")]
    [TestCase(Heading + "\n\"SET\",\"1\"", "")]
    [TestCase("\"test\",\"rps\"\n\"SET\",\"1\"", "")]
    public void WhatIsNoSetOfFiguresIsUndecided(string output, string error) =>
        Assert.That(() => RedisBenchmark.Read(output, error, "127.0.0.1:1"), Throws.TypeOf<UndecidedException>().With.Message.Contains("redis-benchmark"));

    [Test]
    public async Task AShortRunTellsOfEveryCommandAtEveryServer()
    {
        if (RedisBenchmark.WhyNot() is { } reason)
            Assert.Ignore(reason);
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--resp", "--requests", "1000", "--repetitions", "1", "--json"]);

        Assert.That(result.Output, Is.Not.Empty, result.Error);
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(result.ExitCode, Is.EqualTo(report.GetProperty("leaderChanged").GetBoolean() ? 2 : 0), result.Error);
        string[] servers = report.GetProperty("skipped").ValueKind == JsonValueKind.Null ? ["leader", "follower", "redis-server"] : ["leader", "follower"];
        var runs = report.GetProperty("runs").EnumerateArray().Select(static run => (run.GetProperty("command").GetString(), run.GetProperty("pipeline").GetInt32(), run.GetProperty("server").GetString())).ToArray();
        Assert.That(runs, Is.EquivalentTo(from command in new[] { "SET", "GET", "INCR", "MSET" } from pipeline in new[] { 1, 16 } from server in servers select (command, pipeline, server)));
        Assert.That(report.GetProperty("runs").EnumerateArray().Select(static run => run.GetProperty("perSecond").GetDouble()), Is.All.Positive);
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [TestCase("--resp", "--direct")]
    [TestCase("--requests", "5")]
    [TestCase("--repetitions", "0")]
    public async Task WhatDoesNotFitIsRefusedWithOneSentence(string option, string value)
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, [option, value]);

        Assert.That(result.ExitCode, Is.EqualTo(64));
        Assert.That(result.Error.Trim(), Does.Contain(option).And.EndWith("."));
    }

    private static Task<ProgramResult> RunAsync(TemporaryFolder temporary, string[] arguments) => RaftStreamProgram.RunAsync(
        ["bench", .. arguments], [("TMPDIR", temporary.Path)], Limit, "raftstream-lab");
}
