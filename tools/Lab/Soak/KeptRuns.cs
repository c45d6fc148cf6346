namespace RaftStream.Lab.Soak;

/// <summary>The folders of runs that are kept, within bounds. Owned by a soak; used by one caller at a time.</summary>
internal sealed class KeptRuns(SoakPlan plan)
{
    private readonly List<Kept> _kept = [];

    /// <summary>The names of the folders of runs that were not clean, the worst first.</summary>
    public IReadOnlyList<string> Failed => [.. _kept.Where(static run => run.Severity > 0).OrderByDescending(static run => run.Severity).ThenBy(static run => run.Number).Select(static run => run.Name)];

    /// <summary>Folders that should have been removed and could not be, and why.</summary>
    public List<string> Stuck { get; } = [];

    /// <summary>Takes a run that has ended, and removes what is too much then: it may be this one.</summary>
    public void Add(string name, int severity)
    {
        _kept.Add(new(_kept.Count == 0 ? 0 : _kept[^1].Number + 1, name, severity, SizeOf(Path.Combine(plan.Each.Out, name))));
        while (Excess() is { } least)
        {
            _kept.Remove(least);
            Remove(least.Name);
        }
    }

    /// <summary>Removes the folder of a run, if there is one.</summary>
    public void Remove(string name)
    {
        var folder = Path.Combine(plan.Each.Out, name);
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The soak goes on and tells of it: a full disk is seen soon enough.
            if (Stuck.Count < plan.KeepFailed)
                Stuck.Add($"{folder} could not be removed: {failure.Message}");
        }
    }

    private Kept? Excess()
    {
        var clean = _kept.Where(static run => run.Severity == 0).ToList();
        var failed = _kept.Where(static run => run.Severity > 0).OrderBy(static run => run.Severity).ThenByDescending(static run => run.Number).ToList();
        if (clean.Count > plan.KeepClean)
            return clean[0];
        if (failed.Count > plan.KeepFailed)
            return failed[0];
        if (_kept.Sum(static run => run.Bytes) <= plan.KeepBytes)
            return null;
        return clean.Count > 0 ? clean[0] : failed.Count > 1 ? failed[0] : null;
    }

    private static long SizeOf(string folder) => !Directory.Exists(folder) ? 0 : new DirectoryInfo(folder)
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(static file => file.Length);

    private sealed record Kept(long Number, string Name, int Severity, long Bytes);
}
