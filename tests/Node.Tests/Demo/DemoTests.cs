using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Demo;

/// <summary>The demo as a user runs it. Each run has a temporary folder of its own, so that "nothing is left" can be seen.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class DemoTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Test]
    public async Task TheDefaultTextIsCountedExactlyAcrossTheDeathOfItsLeader()
    {
        using var temporary = new TemporaryFolder();

        var result = await RaftStreamProgram.RunAsync(["demo", "--json"], [("TMPDIR", temporary.Path)], Limit);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(1), "one object and nothing else");
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        foreach (var name in new[] { "ok", "equalsReference", "replicasAgree", "leaderKilled" })
            Assert.That(report.GetProperty(name).GetBoolean(), name);
        Assert.That(report.GetProperty("total").GetInt64(), Is.EqualTo(219_474));
        Assert.That(report.GetProperty("distinct").GetInt64(), Is.EqualTo(report.GetProperty("wordsCompared").GetInt64()));
        Assert.That(report.GetProperty("top").GetArrayLength(), Is.EqualTo(100));
        Assert.That(report.GetProperty("top")[0].GetProperty("word").GetString(), Is.EqualTo("the"));
        Assert.That(report.GetProperty("killedAtOffset").GetInt64(), Is.GreaterThan(report.GetProperty("bytes").GetInt64() / 4));
        Assert.That(report.GetProperty("gapMs").GetDouble(), Is.Positive);
        Assert.That(report.GetProperty("electionMs").GetDouble(), Is.Positive);
        Assert.That(report.GetProperty("restartMs").GetDouble(), Is.Positive);
        Assert.That(report.GetProperty("faultToleranceRatio").GetDouble(), Is.Positive);
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty, "no file is left");
    }

    [TestCase("", 0)]
    [TestCase("word", 1)]
    [TestCase("Ein Wort, und noch ein Wort: größer, GRÖSSER, größer!", 9)]
    public async Task TheSmallestTextsAreCountedAcrossAFailureToo(string text, int words)
    {
        using var temporary = new TemporaryFolder();
        var file = temporary.Write("text", text);

        var result = await RaftStreamProgram.RunAsync(["demo", "--json", "--input", file], [("TMPDIR", temporary.Path)], Limit);

        Assert.That(result.ExitCode, Is.Zero, result.Error + result.Output);
        using var document = JsonDocument.Parse(result.Output);
        Assert.That(document.RootElement.GetProperty("total").GetInt64(), Is.EqualTo(words));
        Assert.That(document.RootElement.GetProperty("leaderKilled").GetBoolean());
    }

    [Test]
    public async Task InsideOneProcessItCountsTheSame()
    {
        using var temporary = new TemporaryFolder();
        var file = temporary.Write("text", string.Join(' ', Enumerable.Range(0, 50_000).Select(number => $"word{number % 997}")));

        var result = await RaftStreamProgram.RunAsync(["demo", "--json", "--in-process", "--input", file, "--nodes", "5"], [("TMPDIR", temporary.Path)], Limit);

        Assert.That(result.ExitCode, Is.Zero, result.Error + result.Output);
        using var document = JsonDocument.Parse(result.Output);
        Assert.That(document.RootElement.GetProperty("inProcess").GetBoolean());
        Assert.That(document.RootElement.GetProperty("distinct").GetInt64(), Is.EqualTo(997));
        Assert.That(Directory.GetFileSystemEntries(temporary.Path, "raftstream-*"), Is.Empty);
    }

    [TestCase(Signals.Terminate)]
    [TestCase(Signals.Interrupt)]
    [TestCase(Signals.Kill)]
    public async Task NothingIsLeftWhenItIsStoppedInTheMiddle(int signal)
    {
        using var temporary = new TemporaryFolder();
        await using var demo = RaftStreamProgram.Start(["demo"], [("TMPDIR", temporary.Path)]);
        await demo.ReadLineAsync(Limit);
        var children = Signals.ChildrenOf(demo.Pid);
        Assert.That(children, Has.Count.EqualTo(3));

        demo.Signal(signal);
        var exitCode = await demo.WaitAsync(Limit);

        if (signal != Signals.Kill)
            Assert.That(exitCode, Is.EqualTo(2), await demo.ErrorAsync());
        await Eventually.HoldsAsync(() => !children.Any(Signals.IsAlive), "no child is left", Limit);
        await Eventually.HoldsAsync(() => Directory.GetFileSystemEntries(temporary.Path, "raftstream-*").Length == 0, "no file is left", Limit);
    }

    [Test]
    public async Task DataIsKeptWhereItIsAskedFor()
    {
        using var temporary = new TemporaryFolder();
        var file = temporary.Write("text", "a b c");
        var keep = temporary.File("kept");

        var first = await RaftStreamProgram.RunAsync(["demo", "--no-fault", "--input", file, "--keep", keep], null, Limit);
        var second = await RaftStreamProgram.RunAsync(["demo", "--no-fault", "--input", file, "--keep", keep], null, Limit);

        Assert.That(first.ExitCode, Is.Zero, first.Error);
        Assert.That(Directory.Exists(Path.Combine(keep, "node-1")));
        Assert.That(second.ExitCode, Is.EqualTo(64), "what is kept is not overwritten");
    }
}
