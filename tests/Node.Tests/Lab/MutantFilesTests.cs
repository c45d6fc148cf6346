using RaftStream.Lab.Mutants;

namespace RaftStream.Node.Tests.Lab;

/// <summary>The files of planted bugs: that there is one for every row of the list, and that each still fits the code.</summary>
internal sealed class MutantFilesTests
{
    private const string Target = "src/Raft/Core/CommitRule.cs";

    /// <summary>The rows of the list of planted bugs: elections, logs, disks, snapshots, members, reads, and what clients see; and those of our own, A.</summary>
    private static readonly (string Letter, int First, int Last)[] Rows =
        [("A", 1, 43), ("D", 1, 7), ("E", 1, 11), ("L", 1, 12), ("M", 1, 8), ("R", 1, 7), ("S", 1, 7), ("X", 1, 7)];

    private static string Root { get; } = FindRoot();

    [Test]
    public void EveryRowOfTheListHasItsFileAndThereIsNoOther() => Assert.That(
        ReadAll().Select(static mutant => mutant.Id),
        Is.EqualTo(Rows.SelectMany(static row => Enumerable.Range(row.First, row.Last - row.First + 1).Select(number => $"{row.Letter}{number}"))));

    [TestCaseSource(nameof(ReadAll))]
    public void TheOldLinesOfEachEditStandInTheCodeOnce(Mutant mutant) => Assert.That(mutant.TryApply(Root, out _, out var problem), problem);

    [Test]
    public void AFileIsReadWithAllItSays()
    {
        var read = MutantFile.TryParse(
            "E1", $"bug: It forgets.\nseen: somewhere#1\nexpect: A, B\nhunt: sim --nodes 5\nhunt: crashes\n\n--- {Target}\nold\nlines\n+++\nnew\n--- {Target}\nother\n+++\n", out var mutant, out var problem);

        Assert.That(read, problem);
        Assert.That((mutant!.Id, mutant.Bug, mutant.Seen, mutant.CanExist), Is.EqualTo(("E1", "It forgets.", "somewhere#1", true)));
        Assert.That(mutant.Expected, Is.EqualTo(new[] { "A", "B" }));
        Assert.That(mutant.Hunts.Select(static hunt => (hunt.Line, hunt.TakesSeeds)), Is.EqualTo(new[] { ("sim --nodes 5", true), ("crashes", false) }));
        Assert.That(mutant.Edits, Is.EqualTo(new Edit[] { new(Target, "old\nlines\n", "new\n"), new(Target, "other\n", "") }));
    }

    [TestCase("seen: x\n", "no bug")]
    [TestCase("bug: x\n", "no edit")]
    [TestCase("bug: x\nbug: y\n", "again")]
    [TestCase("bug: x\nnonsense\n", "no header")]
    [TestCase("bug: x\nexpect: A\n--- a.cs\nold\n", "no line \"+++\"")]
    [TestCase("bug: x\nexpect: A\n--- a.cs\n+++\nnew\n", "no old lines")]
    [TestCase("bug: x\nexpect: A\n--- a.cs\nsame\n+++\nsame\n", "changes nothing")]
    [TestCase("bug: x\n--- a.cs\nold\n+++\nnew\n", "no expect")]
    [TestCase("bug: x\npending: later\n--- a.cs\nold\n+++\nnew\n", "has no edit")]
    public void AFileThatMakesNoSenseIsRefusedWithTheReason(string text, string reason)
    {
        Assert.That(MutantFile.TryParse("E1", text, out _, out var problem), Is.False);
        Assert.That(problem, Does.Contain(reason));
    }

    [TestCase("two\n", "one\n2\nthree\n", null)]
    [TestCase("four\n", null, "do not stand there")]
    [TestCase("wo\n", null, "do not stand there")]
    [TestCase("one\n", null, "more than once")]
    public void OldLinesAreWholeLinesThatStandInTheTextOnce(string old, string? result, string? reason)
    {
        var text = reason == "more than once" ? "one\ntwo\none\n" : "one\ntwo\nthree\n";
        var fits = new Edit(Target, old, "2\n").TryApply(text, out var edited, out var problem);

        Assert.That(fits, Is.EqualTo(result is not null));
        Assert.That(edited, Is.EqualTo(result ?? text));
        Assert.That(problem, reason is null ? Is.Null : Does.Contain(reason));
    }

    private static List<Mutant> ReadAll()
    {
        var read = MutantFile.TryReadAll(Path.Combine(Root, "tests", "mutants"), out var mutants, out var problem);
        Assert.That(read, problem);
        return mutants;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RaftStream.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("The files of planted bugs stand in the source tree: run the test where it was built.");
    }
}
