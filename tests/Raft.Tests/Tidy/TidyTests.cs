using System.Text.RegularExpressions;

namespace RaftStream.Raft.Tests.Tidy;

/// <summary>The house rules that a machine can keep. None has an exception: mend the code.</summary>
internal sealed class TidyTests
{
    private const int MaxFileLines = 350;
    private const int MaxFunctionLines = 69;

    /// <summary>Not agents: they stand between the agents and asynchronous callers.</summary>
    private static readonly string[] AsyncFaces = ["RaftNode.cs", "AsyncRequest.cs", "RaftSession.cs"];

    /// <summary>Words that this file itself must not hold, or it would be its own offender.</summary>
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception", "#pragma warning " + "disable", "Suppress" + "Message"];

    [Test]
    public void Files_are_at_most_350_lines_long() => AssertNone(
        from path in SourceTree.Code("src", "tools", "tests")
        let length = SourceTree.Lines(path).Length
        where length > MaxFileLines
        select $"{path} has {length} lines: split it by what its parts own.");

    [Test]
    public void Functions_are_shorter_than_70_lines() => AssertNone(
        from path in SourceTree.Code("src", "tools", "tests")
        from function in FunctionLengths.Measure(SourceTree.Lines(path))
        where function.Length > MaxFunctionLines
        select $"{path}:{function.Line} '{function.Head}' has {function.Length} lines.");

    [Test]
    public void The_measure_of_functions_finds_them_and_their_lengths()
    {
        string[] lines =
        [
            "namespace A;", "", "class B", "{", "    void C(", "        int d)", "    {", "        {", "        }", "    }", "", "    record E", "    {",
            "        int F", "        {", "            get;", "        }", "    }", "}",
        ];
        Assert.That(FunctionLengths.Measure(lines), Is.EqualTo(new[] { (5, "void C(", 6), (14, "int F", 4) }));
        Assert.That(SourceTree.Code("src").Sum(static path => FunctionLengths.Measure(SourceTree.Lines(path)).Count()), Is.GreaterThan(500));
    }

    [TestCase(@"\bDateTime(Offset)?\.(Utc)?Now\b")]
    [TestCase(@"\bStopwatch\b")]
    [TestCase(@"\bEnvironment\.TickCount")]
    [TestCase(@"\bRandom\.Shared\b")]
    [TestCase(@"\bnew Random\(")]
    [TestCase(@"\bTask\.Run\b")]
    [TestCase(@"\bHashCode\b")]
    [TestCase(@"\bConcurrentDictionary\b")]
    public void Core_log_and_agents_have_no_wall_clock_no_chance_and_no_task_of_their_own(string banned) =>
        AssertNone(Offenders(SourceTree.Code("src/Raft/Core", "src/Raft/Log", "src/Raft/Runtime"), banned));

    [Test]
    public void Core_log_and_agents_never_await() => AssertNone(Offenders(
        SourceTree.Code("src/Raft/Core", "src/Raft/Log", "src/Raft/Runtime").Where(static path => !AsyncFaces.Contains(Path.GetFileName(path))),
        @"\b(await|async)\b"));

    [Test]
    public void Nothing_is_left_unfinished_or_hidden_from_the_analyzers() => AssertNone(
        from path in SourceTree.Code("src", "tools", "tests")
        from line in SourceTree.Lines(path).Select(static (text, number) => (Text: text, Number: number + 1))
        from word in Unfinished
        where Regex.IsMatch(line.Text, $@"(^|\W){Regex.Escape(word)}\b")
        select $"{path}:{line.Number} says {word}.");

    [Test]
    public void No_exception_is_swallowed() => AssertNone(
        from path in SourceTree.Code("src", "tools", "tests")
        let text = SourceTree.Text(path)
        from Match match in Regex.Matches(text, @"\bcatch\b[^{;""]*\{\s*\}")
        select $"{path}:{text.AsSpan(0, match.Index).Count('\n') + 1} catches an exception and says neither what to do nor why that is nothing.");

    [Test]
    public void Tests_wait_for_conditions_never_for_time_to_pass() =>
        AssertNone(Offenders(SourceTree.Code("tests"), @"\b(Thread\.Sleep|Task\.Delay)\b"));

    [TestCase("/" + @"work/")]
    [TestCase(@"\bissue" + @" [0-9]+\b")]
    [TestCase(@"\bthis" + " session")]
    public void No_file_speaks_of_the_place_it_was_written_at(string pattern)
    {
        var expression = new Regex(pattern, RegexOptions.IgnoreCase);
        AssertNone(
            from path in SourceTree.Files("")
            where !path.StartsWith("samples/data/", StringComparison.Ordinal) && !path.EndsWith("packages.lock.json", StringComparison.Ordinal)
            from line in SourceTree.Lines(path).Select(static (text, number) => (Text: text, Number: number + 1))
            where expression.IsMatch(line.Text)
            select $"{path}:{line.Number} {line.Text.Trim()}");
    }

    [Test]
    public void The_tidy_test_reads_the_whole_tree()
    {
        Assert.That(SourceTree.Code("src").Count(), Is.GreaterThan(100));
        Assert.That(SourceTree.Code("tests").Count(), Is.GreaterThan(50));
        Assert.That(SourceTree.CodeOf("a(\"Task.Run\"); // Task.Run"), Is.EqualTo("a(); "));
    }

    private static IEnumerable<string> Offenders(IEnumerable<string> paths, string pattern) =>
        from path in paths
        from line in SourceTree.Lines(path).Select(static (text, number) => (Text: text, Number: number + 1))
        where Regex.IsMatch(SourceTree.CodeOf(line.Text), pattern)
        select $"{path}:{line.Number} {line.Text.Trim()}";

    private static void AssertNone(IEnumerable<string> offenders) => Assert.That(offenders, Is.Empty);
}
