using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The measurement of pauses as a user runs it, on a small store: that its report is whole, not how fast the machine is.</summary>
[TestFixture]
internal sealed class PauseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Test]
    public async Task AShortRunReportsItsFiguresAndLeavesNothing()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, "--keys", "5000", "--json");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(report.GetProperty("verified").GetBoolean(), "the restored state is the captured one");
        Assert.That(report.GetProperty("capture").GetProperty("count").GetInt32(), Is.EqualTo(3));
        foreach (var name in new[] { "capture", "batch", "quietBatch", "fillBatch", "piece" })
            Assert.That(report.GetProperty(name).GetProperty("longest").GetDouble(), Is.Positive, name);
        Assert.That(report.GetProperty("snapshotBytes").GetInt64(), Is.GreaterThan(5_000 * 16));
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [TestCase("--keys", "0")]
    [TestCase("--key-bytes", "7")]
    public async Task ABadFlagIsOneSentenceThatNamesIt(string flag, string value)
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, flag, value);

        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain(flag));
    }

    private static Task<ProgramResult> RunAsync(TemporaryFolder temporary, params string[] arguments) =>
        RaftStreamProgram.RunAsync(["pause", .. arguments], [("TMPDIR", temporary.Path)], Limit, "raftstream-lab");
}
