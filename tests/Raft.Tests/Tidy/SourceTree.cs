using System.Runtime.CompilerServices;

namespace RaftStream.Raft.Tests.Tidy;

/// <summary>The files of the repository that this test was built from, found by walking up to the solution.</summary>
internal static class SourceTree
{
    private static readonly HashSet<string> NotOurs = new(StringComparer.Ordinal) { ".git", ".vs", ".idea", "artifacts", "bin", "obj", "TestResults", "node_modules" };

    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>C# files under these folders, as paths from the root with slashes.</summary>
    public static IEnumerable<string> Code(params string[] folders) =>
        folders.SelectMany(Files).Where(static path => path.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>All files under a folder, "" for the root, as paths from the root with slashes.</summary>
    public static IEnumerable<string> Files(string folder)
    {
        var full = Path.Combine(Root, folder);
        foreach (var file in Directory.EnumerateFiles(full).Where(static file => Path.GetFileName(file) != ".git").Order(StringComparer.Ordinal))
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        foreach (var below in Directory.EnumerateDirectories(full).Order(StringComparer.Ordinal))
        {
            if (NotOurs.Contains(Path.GetFileName(below)))
                continue;
            foreach (var file in Files(Path.GetRelativePath(Root, below)))
                yield return file;
        }
    }

    /// <summary>The lines of a file.</summary>
    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    /// <summary>The text of a file.</summary>
    public static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>A line without its comment and without what stands in plain string literals.</summary>
    public static string CodeOf(string line)
    {
        var kept = new System.Text.StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && (i == 0 || line[i - 1] != '\\'))
                isQuoted = !isQuoted;
            else if (!isQuoted && line[i] == '/' && i + 1 < line.Length && line[i + 1] == '/')
                break;
            else if (!isQuoted)
                kept.Append(line[i]);
        }

        return kept.ToString();
    }

    private static string FindRoot([CallerFilePath] string source = "")
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(source)!);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RaftStream.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("The tidy test reads the source tree: run it where it was built.");
    }
}
