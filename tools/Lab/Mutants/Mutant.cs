namespace RaftStream.Lab.Mutants;

/// <summary>Old lines of a source file, and what stands in their place in a mutant.</summary>
/// <param name="Target">The file, as a path from the root of the repository.</param>
/// <param name="Old">Whole lines, each ended by a line feed; they stand in the file exactly once.</param>
/// <param name="New">What replaces them; may be empty.</param>
internal sealed record Edit(string Target, string Old, string New)
{
    /// <summary>The edited text, or a sentence that says why the edit does not fit.</summary>
    public bool TryApply(string text, out string edited, out string? problem)
    {
        (edited, problem) = (text, null);
        var first = Find(text, 0);
        if (first < 0)
        {
            problem = $"its old lines for {Target} do not stand there: the first is \"{FirstLine}\". Bring them up to date with the file.";
            return false;
        }

        if (Find(text, first + 1) >= 0)
        {
            problem = $"its old lines for {Target} stand there more than once: the first is \"{FirstLine}\". Give more lines around the place.";
            return false;
        }

        edited = text[..first] + New + text[(first + Old.Length)..];
        return true;
    }

    private string FirstLine => Old[..Old.IndexOf('\n', StringComparison.Ordinal)].Trim();

    private int Find(string text, int from)
    {
        var at = text.IndexOf(Old, from, StringComparison.Ordinal);
        while (at > 0 && text[at - 1] != '\n')
            at = text.IndexOf(Old, at + 1, StringComparison.Ordinal);
        return at;
    }
}

/// <summary>A command of the laboratory that looks for violations: <c>sim --nodes 5</c>, <c>crashes</c>, <c>explore --nodes 3</c>.</summary>
internal sealed record HuntMethod(string Line)
{
    /// <summary>The command's name.</summary>
    public string Name => Line.Split(' ')[0];

    /// <summary>Whether it takes seeds, so that a budget of them can be set.</summary>
    public bool TakesSeeds => Name == "sim";

    /// <summary>Whether it breaks real processes, with one seed at a time and five minutes in all.</summary>
    public bool IsTorture => Name == "torture";
}

/// <summary>A planted bug, one file of <c>tests/mutants</c>.</summary>
internal sealed record Mutant
{
    /// <summary>The identity that all others are compared with: the code as it is.</summary>
    public const string Unmutated = "none";

    /// <summary>The row in the list of planted bugs.</summary>
    public required string Id { get; init; }

    /// <summary>What the bug is, in one sentence.</summary>
    public required string Bug { get; init; }

    /// <summary>Where it was seen in the wild.</summary>
    public string Seen { get; init; } = "";

    /// <summary>The invariants by which it should be caught.</summary>
    public IReadOnlyList<string> Expected { get; init; } = [];

    /// <summary>How it is hunted, tried in this order.</summary>
    public IReadOnlyList<HuntMethod> Hunts { get; init; } = [];

    /// <summary>What is changed.</summary>
    public IReadOnlyList<Edit> Edits { get; init; } = [];

    /// <summary>Why the bug cannot exist in this design, or null.</summary>
    public string? Impossible { get; init; }

    /// <summary>Which feature the bug waits for, or null.</summary>
    public string? Pending { get; init; }

    /// <summary>Whether there is something to hunt.</summary>
    public bool CanExist => Impossible is null && Pending is null;

    /// <summary>The changed text of each changed file, by its path from the root; false where the old lines do not fit.</summary>
    public bool TryApply(string root, out Dictionary<string, string> files, out string? problem)
    {
        (files, problem) = (new(StringComparer.Ordinal), null);
        foreach (var edit in Edits)
        {
            var path = Path.Combine(root, edit.Target);
            if (!File.Exists(path))
            {
                problem = $"it changes {edit.Target}, which does not exist.";
                return false;
            }

            if (!edit.TryApply(files.GetValueOrDefault(edit.Target) ?? File.ReadAllText(path), out var edited, out problem))
                return false;
            files[edit.Target] = edited;
        }

        return true;
    }
}
