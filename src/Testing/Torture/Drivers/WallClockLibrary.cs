using System.Globalization;
using System.Runtime.InteropServices;

namespace RaftStream.Testing;

/// <summary>
/// Lets the lab say what wall clock a program sees: <c>libfaketime</c>, preloaded, adds to CLOCK_REALTIME what a file in the node's folder says, and leaves the
/// monotonic clock, the boot clock and all waits alone. Linux only; programs that ask the kernel without the C library, as those in Go, see the true time.
/// </summary>
internal static class WallClockLibrary
{
    /// <summary>The file in a node's folder.</summary>
    public const string FileName = "wall-clock";

    private const string Library = "libfaketimeMT.so.1";
    private const string Shared = "/dev/shm";
    private const string Preload = "LD_PRELOAD";

    private static readonly Lazy<string?> Found = new(static () => OperatingSystem.IsLinux() ? Places().Select(static folder => Path.Combine(folder, "faketime", Library)).FirstOrDefault(File.Exists) : null);

    /// <summary>In one sentence why wall clocks cannot be set here; null if they can.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux())
            return "Wall clocks can be set for a single program on Linux only.";
        return Found.Value is null ? $"The library {Library}, with which a program's wall clock is set, is not there: install the package libfaketime." : null;
    }

    /// <summary>The program with the library in front of it. Its wall clock is true as long as nothing else is set, and as it was set last if it is started again.</summary>
    /// <exception cref="InvalidOperationException">There is no library: see <see cref="WhyNot"/>.</exception>
    public static NodeProgram Under(NodeProgram program, string folder)
    {
        var library = Found.Value ?? throw new InvalidOperationException(WhyNot());
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            Set(folder, TimeSpan.Zero);
        return program with
        {
            Environment = new Dictionary<string, string>(program.Environment, StringComparer.Ordinal)
            {
                [Preload] = program.Environment.TryGetValue(Preload, out var others) ? $"{library}:{others}" : library,
                ["FAKETIME_TIMESTAMP_FILE"] = file,
                ["FAKETIME_NO_CACHE"] = "1", // A clock that flips every few milliseconds is to be seen to.
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                ["NO_FAKE_STAT"] = "1",

                // Without it, waits of .NET end at once: the library takes their monotonic deadlines for wall time.
                ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
            },
        };
    }

    /// <summary>Sets how far ahead of the true time the wall clock of a node is, whether it runs or not.</summary>
    /// <exception cref="IOException">Its folder cannot be written to.</exception>
    public static void Set(string folder, TimeSpan ahead)
    {
        var file = Path.Combine(folder, FileName);
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{ahead.TotalSeconds:+0.000;-0.000;+0}\n"));

        // Whole or not at all: a program that finds half a line in it ends.
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Removes what the library makes for each process, and leaves when it is killed.</summary>
    public static void Forget(int pid)
    {
        if (Found.Value is null || !Directory.Exists(Shared))
            return;
        File.Delete(Path.Combine(Shared, string.Create(CultureInfo.InvariantCulture, $"faketime_shm_{pid}")));
        File.Delete(Path.Combine(Shared, string.Create(CultureInfo.InvariantCulture, $"sem.faketime_sem_{pid}")));
    }

    /// <summary>Where distributions put it; on Debian below a folder that is named after the architecture, of which there may be several.</summary>
    private static IEnumerable<string> Places()
    {
        var architecture = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => "x86_64-linux-gnu",
            Architecture.Arm64 => "aarch64-linux-gnu",
            var other => other.ToString(),
        };
        return ["/usr/lib/" + architecture, "/usr/lib64", "/usr/lib", "/usr/local/lib"];
    }
}
