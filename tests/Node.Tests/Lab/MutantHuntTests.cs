using System.Text.Json;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Lab;

/// <summary>A dozen of the planted bugs, hunted as a user hunts them. Those that are found in few seeds: the command hunts all.</summary>
[TestFixture]
internal sealed class MutantHuntTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly string[] Dozen = ["E1", "E2", "E3", "E4", "E9", "L1", "L2", "L3", "L5", "L6", "L10", "L11"];

    private TemporaryFolder _temporary = null!;
    private JsonElement[] _verdicts = [];

    [OneTimeSetUp]
    public async Task HuntAsync()
    {
        _temporary = new();
        var result = await RunAsync("--only", string.Join(',', Dozen), "--budget", "200", "--json");
        Assert.That(result.ExitCode, Is.AnyOf(0, 1), result.Error);
        using var report = JsonDocument.Parse(result.Output);
        _verdicts = [.. report.RootElement.GetProperty("mutants").EnumerateArray().Select(static verdict => verdict.Clone())];
    }

    [OneTimeTearDown]
    public void Remove() => _temporary.Dispose();

    [TestCaseSource(nameof(Dozen))]
    public void APlantedBugIsFoundByAnInvariantThatShouldCatchIt(string id)
    {
        var verdict = _verdicts.Single(verdict => verdict.GetProperty("id").GetString() == id);
        Assert.That(verdict.GetProperty("fate").GetString(), Is.EqualTo("Found"), verdict.ToString());
        Assert.That(verdict.GetProperty("isExpected").GetBoolean(), verdict.ToString());
        TestContext.Out.WriteLine(verdict);
    }

    [Test]
    public void TheCodeAsItIsIsCleanOnTheSameSeeds()
    {
        var clean = _verdicts.Where(static verdict => verdict.GetProperty("id").GetString() == "none").ToList();
        Assert.That(clean, Is.Not.Empty);
        Assert.That(clean.Select(static verdict => verdict.GetProperty("fate").GetString()), Is.All.EqualTo("NotFound"));
        Assert.That(Directory.GetFileSystemEntries(_temporary.Path, "raftstream-*"), Is.Empty, "no copy is left");
    }

    [TestCase("--only", "Z9")]
    [TestCase("--only", ",")]
    [TestCase("--budget", "0")]
    [TestCase("--jobs", "0")]
    public async Task ABadFlagIsOneSentenceThatNamesIt(string flag, string value)
    {
        var result = await RunAsync(flag, value);

        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain(flag));
    }

    private Task<ProgramResult> RunAsync(params string[] arguments) =>
        RaftStreamProgram.RunAsync(["mutants", .. arguments], [("TMPDIR", _temporary.Path)], Limit, "raftstream-lab");
}
