using System.Globalization;
using System.Runtime.InteropServices;

namespace RaftStream.Lab.Bench;

/// <summary>What the figures were measured on.</summary>
/// <param name="Cpu">The processor's name, as the system tells it.</param>
/// <param name="Cores">Logical processors that this process may use.</param>
/// <param name="MemoryBytes">Memory that this process may use.</param>
/// <param name="FileSystem">The file system of the nodes' folders.</param>
/// <param name="Device">What that file system is on.</param>
/// <param name="Os">The operating system.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Fsync">How increments get to the disk.</param>
internal sealed record Hardware(string Cpu, int Cores, long MemoryBytes, string FileSystem, string Device, string Os, string Runtime, string Fsync)
{
    private const string Unknown = "unknown";

    /// <summary>Two lines for people.</summary>
    public string InWords() => string.Create(
        CultureInfo.InvariantCulture, $"{Cpu}, {Cores} cores, {MemoryBytes / (1024.0 * 1024 * 1024):0.#} GiB; {FileSystem} on {Device}; {Os}; {Runtime}{Environment.NewLine}fsync: {Fsync}");

    /// <summary>Looks at this machine and the file system of a folder.</summary>
    public static Hardware Read(string folder)
    {
        var (device, fileSystem) = Mount(Path.GetFullPath(folder));
        return new Hardware(
            CpuName(),
            Environment.ProcessorCount,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            fileSystem,
            device,
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
            fileSystem is "tmpfs" or "ramfs"
                ? "fdatasync before each acknowledgement, but the folder is in memory: there is no disk in these figures"
                : "fdatasync before each acknowledgement, a quorum's before each answer");
    }

    private static string CpuName()
    {
        const string File = "/proc/cpuinfo";
        var line = System.IO.File.Exists(File)
            ? System.IO.File.ReadLines(File).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    /// <summary>The mount with the longest path above the folder; of two at the same place the later one hides the earlier.</summary>
    private static (string Device, string FileSystem) Mount(string folder)
    {
        const string File = "/proc/self/mounts";
        var (best, device, fileSystem) = ("", Unknown, Unknown);
        if (!System.IO.File.Exists(File))
            return (device, fileSystem);
        foreach (var fields in System.IO.File.ReadLines(File).Select(line => line.Split(' ')).Where(fields => fields.Length >= 3))
        {
            var path = fields[1].Replace("\\040", " ", StringComparison.Ordinal);
            var isAbove = path == "/" || folder == path || folder.StartsWith(path + "/", StringComparison.Ordinal);
            if (isAbove && path.Length >= best.Length)
                (best, device, fileSystem) = (path, fields[0], fields[2]);
        }

        return (device, fileSystem);
    }
}
