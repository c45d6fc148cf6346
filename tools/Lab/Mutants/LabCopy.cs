namespace RaftStream.Lab.Mutants;

/// <summary>A copy of the laboratory's program in a folder of its own, in which some assemblies are mutants. Deleted when disposed.</summary>
internal sealed class LabCopy : IDisposable
{
    private const string Program = "raftstream-lab.dll";

    private LabCopy(string folder) => Folder = folder;

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Copies the running program's assemblies.</summary>
    public static LabCopy Create(string id)
    {
        var copy = new LabCopy(Directory.CreateTempSubdirectory($"raftstream-mutant-{id}-").FullName);
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            if (Path.GetExtension(file) is ".dll" or ".json")
                File.Copy(file, Path.Combine(copy.Folder, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Runs a command of the copy.</summary>
    public Task<HelperResult> RunAsync(IEnumerable<string> arguments, TimeSpan limit, CancellationToken cancellation) =>
        HelperProcess.RunAsync([Path.Combine(Folder, Program), .. arguments], Folder, limit, cancellation);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
