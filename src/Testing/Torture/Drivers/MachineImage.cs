using System.Formats.Tar;
using System.Runtime.InteropServices;

namespace RaftStream.Testing;

/// <summary>
/// A container image without files of its own: the machine's programs and libraries, its .NET and the lab's own folder are mounted into each container where they
/// are, read-only. So whatever runs on this machine runs in a container, and nothing is pulled or built.
/// </summary>
internal static class MachineImage
{
    /// <summary>Folders at the root that hold programs, libraries and their settings, and never a user's data.</summary>
    private static readonly string[] Folders = ["usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

    /// <summary>Folders that a container has of its own.</summary>
    private static readonly string[] Own = ["tmp", "root", "var", "run", "proc", "sys", "dev"];

    private const UnixFileMode ForAll = (UnixFileMode)0b111_111_101;

    /// <summary>Makes the image.</summary>
    /// <exception cref="InvalidOperationException">The engine refused it.</exception>
    public static void Import(string name)
    {
        var file = Path.GetTempFileName();
        try
        {
            using (var writer = new TarWriter(File.Create(file), TarEntryFormat.Pax, leaveOpen: false))
            {
                foreach (var folder in Own)
                    writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, folder + "/") { Mode = folder == "tmp" ? ForAll | UnixFileMode.OtherWrite : ForAll });
                foreach (var folder in Folders)
                    Write(writer, folder);
            }
            SystemCommand.Do("docker", "import", file, name);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The words of <c>docker run</c> that mount this machine's programs, and those folders beside.</summary>
    /// <param name="programs">Files of programs, or folders, that must be there, too.</param>
    public static IEnumerable<string> Mounts(IEnumerable<string> programs)
    {
        var runtime = RuntimeRoot();
        var roots = Folders.Select(static folder => "/" + folder).Where(static folder => Directory.Exists(folder) && new DirectoryInfo(folder).LinkTarget is null).ToList();
        foreach (var path in programs.Append(runtime).Append(AppContext.BaseDirectory))
        {
            var folder = Path.TrimEndingDirectorySeparator(Directory.Exists(path) ? path : Path.GetDirectoryName(path)!);
            if (!roots.Exists(root => folder == root || folder.StartsWith(root + "/", StringComparison.Ordinal)))
                roots.Add(folder);
        }
        return [.. roots.SelectMany(static root => new[] { "-v", $"{root}:{root}:ro" }), "-e", "DOTNET_ROOT=" + runtime];
    }

    /// <summary>The machine's links, such as /bin to usr/bin, are the same in the image; its folders are places to mount them.</summary>
    private static void Write(TarWriter writer, string folder)
    {
        var there = new DirectoryInfo("/" + folder);
        if (there.LinkTarget is { } target)
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, folder) { LinkName = target });
        else if (there.Exists)
            writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, folder + "/") { Mode = ForAll });
    }

    /// <summary>The folder above <c>shared/Microsoft.NETCore.App/version</c>.</summary>
    private static string RuntimeRoot() => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
}
