using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The simulator's command as a user runs it.</summary>
[TestFixture]
internal sealed class SimTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Test]
    public async Task ASmallHuntIsCleanTwiceOverAndTooSmallToJudgeItsCoverage()
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, ["--seeds", "1..4", "--twice", "--json"]);

        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.That(report.GetProperty("ok").GetBoolean(), Is.True);
        Assert.That(report.GetProperty("valid").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(report.GetProperty("events").GetProperty("sent Append").GetInt64(), Is.Positive);
        Assert.That(report.GetProperty("seedsWith").GetProperty("leader elected").GetInt32(), Is.EqualTo(4));
    }

    [Test]
    public async Task ABrokenPromiseIsShownSmallerWithADiagramAndACommandThatRepeatsIt()
    {
        using var temporary = new TemporaryFolder();
        var page = Path.Combine(temporary.Path, "seed.html");

        var found = await RunAsync(temporary, ["--seeds", "1..400", "--profile", "beyond", "--html", page]);

        Assert.That(found.ExitCode, Is.EqualTo(1), found.Error);
        Assert.That(found.Output, Does.Match(@"Seed \d+ breaks \w+ in step \d+").And.Contain("Made smaller in "));
        Assert.That(await File.ReadAllTextAsync(page), Does.Contain("<svg").And.Contain(" breaks "));
        var replay = found.Output.TrimEnd().Split('\n')[^1];
        Assert.That(replay, Does.StartWith("Replay: dotnet run -c Release --project tools/Lab -- sim "));
        var again = await RunAsync(temporary, [.. replay.Split(" sim ")[1].Split(' '), "--no-shrink"]);
        Assert.That(again.ExitCode, Is.EqualTo(1), again.Error);
        Assert.That(Broken(again.Output), Is.EqualTo(Broken(found.Output)));

        static string Broken(string output) => output.Split('\n').First(static line => line.Contains(" breaks ", StringComparison.Ordinal));
    }

    [TestCase("--seeds", "9..1")]
    [TestCase("--nodes", "4")]
    [TestCase("--steps", "100")]
    [TestCase("--without", "Weather")]
    [TestCase("--skip-faults", "0")]
    [TestCase("--skip-actions", "a")]
    public async Task ABadFlagIsOneSentenceThatNamesIt(string option, string value)
    {
        using var temporary = new TemporaryFolder();

        var result = await RunAsync(temporary, option == "--seeds" ? [option, value] : ["--seeds", "1..2", option, value]);

        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.StartWith($"{option} {value} "));
    }

    private static Task<ProgramResult> RunAsync(TemporaryFolder temporary, string[] arguments) =>
        RaftStreamProgram.RunAsync(["sim", .. arguments], [("TMPDIR", temporary.Path)], Limit, "raftstream-lab");
}
