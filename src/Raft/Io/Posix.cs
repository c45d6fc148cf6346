using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RaftStream.Raft;

/// <summary>
/// What the base class library cannot do: sync a folder, sync only a file's data, read the clock that runs on through suspension.
/// Everything that calls the C library is in this file; elsewhere than on Linux the nearest portable call stands in.
/// </summary>
/// <remarks>
/// <c>open</c> takes its third argument through "..."; it is left out here, because a variadic call has another calling convention
/// on some machines and the mode only matters for O_CREAT. O_DIRECTORY differs between processors and is not needed to open a folder.
/// </remarks>
internal static partial class Posix
{
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int InterruptedError = 4;
    private const int NoSpaceError = 28;
    private const int LinuxQuotaError = 122;
    private const int MacQuotaError = 69;
    private const int WindowsHandleDiskFull = unchecked((int)0x8007_0027);
    private const int WindowsDiskFull = unchecked((int)0x8007_0070);
    private const int BootTimeClock = 7;
    private const int EmptyPath = 0x1000;
    private const uint InodeMask = 0x100;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Makes a file's bytes, and its length where that changed, survive a power cut.</summary>
    /// <exception cref="IOException">The medium refused. What was written before must be taken for lost: a later success proves nothing.</exception>
    public static void SyncData(SafeFileHandle file, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        // A signal interrupts the wait, not the promise: the same call again is the same request.
        while (FDataSync(file) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != InterruptedError)
                throw Failure("fdatasync", path, error);
        }
    }

    /// <summary>Makes the names in a folder survive a power cut. Where folders cannot be synced (Windows) the file system journals them itself.</summary>
    /// <exception cref="IOException">The folder cannot be opened or the medium refused.</exception>
    public static void SyncFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var folder = Open(path, ReadOnlyCloseOnExec);
        if (folder < 0)
            throw Failure("open", path, Marshal.GetLastPInvokeError());
        try
        {
            while (FSync(folder) != 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error != InterruptedError)
                    throw Failure("fsync", path, error);
            }
        }
        finally
        {
            // Closing a folder that was only synced loses nothing, whatever it returns.
            _ = Close(folder);
        }
    }

    /// <summary>Nanoseconds since start-up, suspension included; the process's own stopwatch where there is no such clock.</summary>
    public static long BootTimeNanoseconds()
    {
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess && ClockGetTime(BootTimeClock, out var time) == 0)
            return (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds;
        var ticks = Stopwatch.GetTimestamp();
        var (seconds, rest) = Math.DivRem(ticks, Stopwatch.Frequency);
        return (seconds * NanosecondsPerSecond) + (rest * NanosecondsPerSecond / Stopwatch.Frequency);
    }

    /// <summary>Whether a failure that the base class library reports means that there is no room: it passes the system's own number on.</summary>
    public static bool IsOutOfSpace(IOException failure) => failure.HResult is NoSpaceError or WindowsDiskFull or WindowsHandleDiskFull
        || failure.HResult == (OperatingSystem.IsLinux() ? LinuxQuotaError : MacQuotaError);

    /// <summary>
    /// Which file an open handle is on, whatever its name is by now: the same pair as long as one of two handles is open. Null elsewhere
    /// than on Linux and on file systems that do not tell.
    /// </summary>
    public static (ulong Device, ulong Number)? FileIdentity(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var told = StatX(file, "", EmptyPath, InodeMask, out var stat) == 0 && (stat.Mask & InodeMask) != 0;
        return told ? (((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode) : null;
    }

    private static IOException Failure(string call, string path, int error) =>
        new($"{call} of '{path}' failed with errno {error} ({Marshal.GetPInvokeErrorMessage(error)}).", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle folder, string path, int flags, uint mask, out FileStat stat);

    /// <summary>struct statx, the same on every processor; of its 256 bytes only those looked at here have a name.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct FileStat
    {
        [FieldOffset(0)]
        public readonly uint Mask;

        [FieldOffset(32)]
        public readonly ulong Inode;

        [FieldOffset(136)]
        public readonly uint DeviceMajor;

        [FieldOffset(140)]
        public readonly uint DeviceMinor;
    }

    /// <summary>struct timespec of a 64-bit process.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
