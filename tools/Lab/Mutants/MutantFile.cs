using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace RaftStream.Lab.Mutants;

/// <summary>Reads the files of planted bugs. <c>tests/mutants/README.md</c> describes their format.</summary>
internal static class MutantFile
{
    private const string OldMark = "--- ";
    private const string NewMark = "+++";

    /// <summary>Reads every mutant of a folder in the order of their ids, or says in one sentence which file is wrong and how.</summary>
    public static bool TryReadAll(string folder, out List<Mutant> mutants, [NotNullWhen(false)] out string? problem)
    {
        (mutants, problem) = ([], null);
        foreach (var path in Directory.EnumerateFiles(folder, "*.txt"))
        {
            if (!TryParse(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path), out var mutant, out problem))
            {
                problem = $"{Path.GetFileName(path)}: {problem}";
                return false;
            }

            mutants.Add(mutant);
        }

        mutants.Sort(static (left, right) => Order(left.Id).CompareTo(Order(right.Id)));
        return true;
    }

    /// <summary>Reads one file.</summary>
    public static bool TryParse(string id, string text, [NotNullWhen(true)] out Mutant? mutant, [NotNullWhen(false)] out string? problem)
    {
        mutant = null;
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var place = 0;
        var headers = new List<(string Name, string Value)>();
        problem = ReadHeaders(lines, ref place, headers);
        var edits = new List<Edit>();
        while (problem is null && place < lines.Length)
            problem = ReadEdit(lines, ref place, edits);
        if (problem is not null)
            return false;
        mutant = new()
        {
            Id = id,
            Bug = One("bug") ?? "",
            Seen = One("seen") ?? "",
            Expected = (One("expect") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            Hunts = [.. headers.Where(static header => header.Name == "hunt").Select(static header => new HuntMethod(header.Value)).DefaultIfEmpty(new("sim --nodes 3"))],
            Impossible = One("impossible"),
            Pending = One("pending"),
            Edits = edits,
        };
        problem = Judge(mutant);
        return problem is null;

        string? One(string name) => headers.Find(header => header.Name == name).Value;
    }

    /// <summary>E2 comes before E10.</summary>
    private static (string Letters, int Number) Order(string id)
    {
        var letters = id.TrimEnd("0123456789".ToCharArray());
        return (letters, int.TryParse(id.AsSpan(letters.Length), out var number) ? number : 0);
    }

    private static string? ReadHeaders(string[] lines, ref int place, List<(string Name, string Value)> headers)
    {
        for (; place < lines.Length && !lines[place].StartsWith(OldMark, StringComparison.Ordinal); place++)
        {
            var line = lines[place];
            if (line.Length == 0)
                continue;
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            var name = colon < 0 ? line : line[..colon];
            if (colon < 0 || name is not ("bug" or "seen" or "expect" or "hunt" or "impossible" or "pending" or "note"))
                return $"line {place + 1} is no header: write bug, seen, expect, hunt, note, impossible or pending, a colon and a text, or \"--- \" and a path for the first edit.";
            if (name is not ("hunt" or "note") && headers.Exists(header => header.Name == name))
                return $"line {place + 1} gives {name} again: give it once.";
            headers.Add((name, line[(colon + 2)..].Trim()));
        }

        return null;
    }

    private static string? ReadEdit(string[] lines, ref int place, List<Edit> edits)
    {
        var head = place + 1;
        var target = lines[place++][OldMark.Length..].Trim();
        var old = new StringBuilder();
        while (place < lines.Length && lines[place] != NewMark)
            old.Append(lines[place++]).Append('\n');
        if (place == lines.Length)
            return $"the edit of line {head} has no line \"+++\" that begins its new lines.";
        place++;
        var replacement = new StringBuilder();
        while (place < lines.Length && !lines[place].StartsWith(OldMark, StringComparison.Ordinal))
            replacement.Append(lines[place++]).Append('\n');
        if (old.Length == 0)
            return $"the edit of line {head} has no old lines: give those that it replaces.";
        if (old.Equals(replacement))
            return $"the edit of line {head} changes nothing.";
        edits.Add(new(target, old.ToString(), replacement.ToString()));
        return null;
    }

    private static string? Judge(Mutant mutant)
    {
        if (mutant.Bug.Length == 0)
            return "it has no bug: say what the bug is in one sentence.";
        if (!mutant.CanExist)
            return mutant.Edits.Count > 0 ? "a bug that is impossible or pending has no edit." : null;
        if (mutant.Edits.Count == 0)
            return "it has no edit, and is neither impossible nor pending.";
        return mutant.Expected.Count == 0 ? "it has no expect: name the invariants that should catch it." : null;
    }
}
