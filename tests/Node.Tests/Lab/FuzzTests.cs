using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The fuzzer as a user runs it, for a moment: that it reaches the core, finds the node alive and leaves nothing behind.</summary>
[TestFixture]
internal sealed class FuzzTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Test]
    public async Task AShortRunReachesTheCoreAndFindsTheNodeAlive()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--frames", "30000", "--seed", "7", "--json"]);

        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(report.GetProperty("ok").GetBoolean(), Is.True);
        Assert.That(report.GetProperty("frames").GetInt64(), Is.GreaterThanOrEqualTo(30_000));
        Assert.That(report.GetProperty("received").GetInt64(), Is.GreaterThan(5_000));
        Assert.That(report.GetProperty("soundPart").GetDouble(), Is.GreaterThan(0.25), "the core sees many of them");
        Assert.That(report.GetProperty("byKind").EnumerateObject().Count(), Is.GreaterThanOrEqualTo(4));
        Assert.That(report.GetProperty("forwards").GetInt64(), Is.GreaterThan(1_000), "commands of outboxes");
        Assert.That(report.GetProperty("probes").GetInt64(), Is.GreaterThanOrEqualTo(1));
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [Test]
    public async Task AShortRunAgainstTheClientsPortsFindsTheNodeAliveSmallAndItsCounterExact()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--inputs", "30000", "--seed", "7", "--json"]);

        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(report.GetProperty("ok").GetBoolean(), Is.True);
        Assert.That(report.GetProperty("inputs").GetInt64(), Is.GreaterThanOrEqualTo(30_000));
        foreach (var port in new[] { "resp", "http", "client" })
        {
            var figures = report.GetProperty("ports").GetProperty(port);
            Assert.That(figures.GetProperty("inputs").GetInt64(), Is.GreaterThan(1_000), port);
            Assert.That(figures.GetProperty("proven").GetInt64(), Is.GreaterThan(300), $"{port}: the node reads many of them");
            Assert.That(figures.GetProperty("broken").GetInt64(), Is.GreaterThan(5), port);
        }

        Assert.That(report.GetProperty("sum").GetInt64(), Is.EqualTo(3 * report.GetProperty("probes").GetInt64()).And.Positive);
        Assert.That(report.GetProperty("peakMemoryMiB").GetInt64(), Is.InRange(20, report.GetProperty("memoryLimitMiB").GetInt64()));
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [Test]
    public async Task PortsThatThereAreNotAndBothKindsAtOnceAreRefusedWithOneSentence()
    {
        using var temporary = new TemporaryFolder();

        var port = await RunAsync(temporary, ["--ports", "resp,telnet"]);
        var both = await RunAsync(temporary, ["--inputs", "2000", "--frames", "2000"]);

        Assert.That((port.ExitCode, port.Error.Trim()), Is.EqualTo((64, "--ports resp,telnet is not possible: give resp, http, client, with commas between.")));
        Assert.That((both.ExitCode, both.Error.Trim()), Is.EqualTo((64, "--frames plays members and --inputs clients: give one of them.")));
    }

    [TestCase("--frames", "5")]
    [TestCase("--inputs", "999")]
    [TestCase("--seconds", "0")]
    public async Task NumbersOutOfRangeAreRefusedWithOneSentence(string option, string value)
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, [option, value]);

        Assert.That(result.ExitCode, Is.EqualTo(64));
        Assert.That(result.Error.Trim(), Does.StartWith($"{option} {value} is out of range: give ").And.EndWith("."));
    }

    private static Task<ProgramResult> RunAsync(TemporaryFolder temporary, string[] arguments) => RaftStreamProgram.RunAsync(
        ["fuzz", .. arguments], [("TMPDIR", temporary.Path)], Limit, "raftstream-lab");
}
