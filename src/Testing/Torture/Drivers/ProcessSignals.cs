using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace RaftStream.Testing;

/// <summary>Signals to processes, and a mark by which a process is known again, since its number is given to another one after its end.</summary>
internal static class ProcessSignals
{
    private const int KillNumber = 9;
    private const int TerminateNumber = 15;

    /// <summary>The place of the start time in what Linux tells of a process, counted from what follows the name in parentheses.</summary>
    private const int StartField = 19;

    /// <summary>Ends a process as it stands. Nothing happens if there is none.</summary>
    public static void Kill(int pid)
    {
        if (OperatingSystem.IsWindows())
            KillOnWindows(pid);
        else
            Send(pid, KillNumber);
    }

    /// <summary>Asks a process to end; false where a system has no such signal.</summary>
    public static bool Terminate(int pid)
    {
        if (OperatingSystem.IsWindows())
            return false;
        Send(pid, TerminateNumber);
        return true;
    }

    /// <summary>Stops a process where it stands, or lets it go on. Nothing happens if there is none.</summary>
    /// <exception cref="PlatformNotSupportedException">This system has no such signal.</exception>
    public static void Pause(int pid, bool isPaused)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Processes cannot be paused on Windows: leave out the faults that pause nodes.");
        // These two have other numbers on macOS and its relatives.
        var isLinux = OperatingSystem.IsLinux();
        Send(pid, isPaused ? (isLinux ? 19 : 17) : (isLinux ? 18 : 19));
    }

    /// <summary>What tells a process from any other that has or had the same number; null if there is none, or only a dead one.</summary>
    public static string? MarkOf(int pid) => OperatingSystem.IsLinux() ? MarkOnLinux(pid) : MarkElsewhere(pid);

    /// <summary>Whether the process of this number is still the one with this mark.</summary>
    public static bool IsAlive(int pid, string mark) => string.Equals(MarkOf(pid), mark, StringComparison.Ordinal);

    private static string? MarkOnLinux(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name in parentheses may hold anything, parentheses as well.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[StartField];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? MarkElsewhere(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static void KillOnWindows(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private static void Send(int pid, int signal)
    {
        const int NoSuchProcess = 3;
        if (pid > 1 && SendNative(pid, signal) != 0 && Marshal.GetLastPInvokeError() is not NoSuchProcess and var error)
            throw new InvalidOperationException($"The signal {signal} did not reach process {pid}: error {error}.");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendNative(int pid, int signal);
}
