using System.Text.RegularExpressions;

namespace RaftStream.Raft.Tests.Tidy;

/// <summary>
/// Measures functions by braces and indentation, which the formatting rules of the build make reliable: a block that opens on a line of
/// its own directly inside a type is a member.
/// </summary>
internal static partial class FunctionLengths
{
    /// <summary>Members with a body in braces: where each begins (from 1), what its first line says and how many lines it has.</summary>
    public static IEnumerable<(int Line, string Head, int Length)> Measure(string[] lines)
    {
        var open = new Stack<(int Indent, bool IsType)>();
        var memberIndent = -1;
        var memberStart = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var indent = IndentOf(lines[i]);
            switch (lines[i].Trim())
            {
                case "{" when memberIndent < 0:
                    var head = HeadOf(lines, i, indent);
                    var isType = TypeHead().IsMatch(SourceTree.CodeOf(lines[head]));
                    open.Push((indent, isType));
                    if (!isType)
                        (memberIndent, memberStart) = (indent, head);
                    break;
                case "}" or "};" when memberIndent == indent:
                    yield return (memberStart + 1, lines[memberStart].Trim(), i - memberStart + 1);
                    memberIndent = -1;
                    open.Pop();
                    break;
                case "}" when memberIndent < 0 && open.Count > 0 && open.Peek().Indent == indent:
                    open.Pop();
                    break;
                default:
                    break;
            }
        }
    }

    private static int IndentOf(string line) => line.Length - line.TrimStart().Length;

    /// <summary>The declaration's first line: above the brace, skipping the lines that go on from it.</summary>
    private static int HeadOf(string[] lines, int brace, int indent)
    {
        var line = brace - 1;
        while (line > 0 && (IndentOf(lines[line]) > indent || lines[line].Trim().StartsWith("where ", StringComparison.Ordinal)))
            line--;
        return line;
    }

    [GeneratedRegex(@"^\s*(?:(?:public|internal|private|protected|sealed|static|abstract|readonly|ref|partial|file|unsafe)\s+)*(?:class|struct|record|interface|enum|namespace)\b")]
    private static partial Regex TypeHead();
}
