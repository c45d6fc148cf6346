using System.Text.RegularExpressions;

namespace RaftStream.Testing;

/// <summary>Known-bad patterns in what nodes wrote: whatever no fault from outside can be the reason of.</summary>
internal static partial class NodeLogCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "node logs";

    /// <summary>So much of a file is read, in characters: its beginning, where the first trouble stands.</summary>
    public const long MostCharacters = 256L << 20;

    private const int MostShown = 300;

    /// <summary>What is bad: a name for people, and how a line is known.</summary>
    private static readonly (string Name, Regex Pattern)[] Patterns =
    [
        ("an unhandled exception", Unhandled()),
        ("a stack trace", StackTrace()),
        ("a broken invariant", Invariant()),
        ("an internal error", InternalError()),
        ("a crash of the runtime", Crash()),
        ("a panic", Panic()),
    ];

    /// <summary>Looks through files; one that is not there is no trouble, since its node perhaps never ran.</summary>
    public static RunCheck Check(IReadOnlyList<string> files) =>
        RunHistories.Timed(Judge.AllWorkloads, Checker, () => Find(files));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<string> files)
    {
        var lines = 0L;
        foreach (var file in files.Where(File.Exists))
        {
            var (number, characters) = (0L, 0L);
            foreach (var line in File.ReadLines(file))
            {
                number++;
                characters += line.Length;
                if (characters > MostCharacters)
                    break;
                if (Array.Find(Patterns, known => known.Pattern.IsMatch(line)) is { Name: { } what })
                    return (Verdict.Illegal, $"{Path.GetFileName(file)} tells of {what} in line {number}: {(line.Length > MostShown ? line[..MostShown] + "..." : line).Trim()}");
            }
            lines += number;
        }
        return (Verdict.Linearizable, $"{lines} lines of {files.Count} files tell of nothing that faults from outside could not explain.");
    }

    [GeneratedRegex(@"Unhandled exception|UnobservedTaskException", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Unhandled();

    [GeneratedRegex(@"^\s+at [A-Za-z_<][\w.<>`|]*[.][\w<>`|.]+\(.*\)|--- End of stack trace", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex StackTrace();

    [GeneratedRegex(@"This must be true and is not|InvariantException|Assertion failed|Debug[.]Assert", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Invariant();

    [GeneratedRegex(@"Internal error, please report it|BUG REPORT START|(NullReference|IndexOutOfRange|InvalidCast|KeyNotFound|ArgumentOutOfRange|ObjectDisposed)Exception", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex InternalError();

    [GeneratedRegex(@"Fatal error\.|Segmentation fault|core dumped|OutOfMemoryException|Stack overflow", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Crash();

    [GeneratedRegex(@"^panic:|""level"":""(panic|fatal)""|fatal error:", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Panic();
}
