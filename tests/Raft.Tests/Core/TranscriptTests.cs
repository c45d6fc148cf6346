using System.Runtime.CompilerServices;
using System.Text;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Plays the scripts in Transcripts. A script is text: "#" comments, "&gt; command" lines, and under each command, indented, what it
/// must print. With RAFTSTREAM_REWRITE=1 the expectations in the source tree are replaced by what was printed: read the difference before
/// committing it.
/// </summary>
internal sealed class TranscriptTests
{
    private const string Indent = "    ";

    public static IEnumerable<string> Scripts() =>
        Directory.EnumerateFiles(Folder(), "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Scripts))]
    public void A_transcript_prints_what_it_says(string script)
    {
        var path = Path.Combine(Folder(), script + ".txt");
        var expected = File.ReadAllText(path);
        var actual = Play(expected);
        if (Environment.GetEnvironmentVariable("RAFTSTREAM_REWRITE") == "1")
            File.WriteAllText(path, actual);
        else
            Assert.That(actual, Is.EqualTo(expected), () => Difference(script, expected, actual));
    }

    [Test]
    public void There_are_transcripts_to_play() => Assert.That(Scripts().Count(), Is.GreaterThan(20));

    private static string Play(string script)
    {
        var environment = new TranscriptEnvironment();
        var text = new StringBuilder();
        var number = 0;
        foreach (var line in script.TrimEnd().Split('\n'))
        {
            number++;
            if (line.StartsWith(Indent, StringComparison.Ordinal))
                continue; // An expectation: what is printed now takes its place.
            text.Append(line).Append('\n');
            if (!line.StartsWith("> ", StringComparison.Ordinal))
                continue;
            try
            {
                foreach (var printed in environment.Run(line[2..]))
                    text.Append(Indent).Append(printed).Append('\n');
            }
            catch (Exception exception)
            {
                throw new AssertionException($"Line {number}, '{line}': {exception.Message}", exception);
            }
        }

        return text.ToString();
    }

    private static string Difference(string script, string expected, string actual)
    {
        var left = expected.Split('\n');
        var right = actual.Split('\n');
        var first = 0;
        while (first < left.Length && first < right.Length && left[first] == right[first])
            first++;
        var lastLeft = left.Length;
        var lastRight = right.Length;
        while (lastLeft > first && lastRight > first && left[lastLeft - 1] == right[lastRight - 1])
            (lastLeft, lastRight) = (lastLeft - 1, lastRight - 1);
        var text = new StringBuilder($"{script}.txt differs from line {first + 1} on (RAFTSTREAM_REWRITE=1 rewrites it):\n");
        foreach (var line in left[Math.Max(0, first - 5)..first])
            text.Append("  ").Append(line).Append('\n');
        foreach (var line in left[first..lastLeft])
            text.Append("- ").Append(line).Append('\n');
        foreach (var line in right[first..lastRight])
            text.Append("+ ").Append(line).Append('\n');
        return text.ToString();
    }

    private static string Folder([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "Transcripts");
}
