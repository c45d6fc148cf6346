using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace RaftStream.Testing;

/// <summary>
/// Starts processes that end with this one, however it ends: their standard input is a pipe that we hold, which a program may watch, and where there is
/// <c>setpriv</c> the kernel kills them for us, whatever program it is.
/// </summary>
/// <remarks>
/// The kernel sends that signal when the <i>thread</i> ends that started the child, and threads of a pool end whenever they are idle: so all children are
/// started by one thread that lives as long as the process.
/// </remarks>
internal static class ChildStarter
{
    private static readonly string[] OtherFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];
    private static readonly BlockingCollection<Action> Orders = [];
    private static readonly Lazy<string?> Setpriv = new(static () => OperatingSystem.IsLinux() ? Find("setpriv") : null);
    private static readonly Lazy<Thread> Starter = new(static () =>
    {
        var thread = new Thread(static () =>
        {
            foreach (var order in Orders.GetConsumingEnumerable())
                order();
        })
        { IsBackground = true, Name = "child-starter" };
        thread.Start();
        return thread;
    });

    /// <summary>The file of a program: itself where it names one that is there, else what is found on the path or where system programs are; null if nothing is.</summary>
    public static string? Find(string program)
    {
        if (Path.GetFileName(program) != program)
            return File.Exists(program) ? Path.GetFullPath(program) : null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var names = OperatingSystem.IsWindows() ? (string[])[program + ".exe", program] : [program];
        return (from folder in folders.Concat(OperatingSystem.IsWindows() ? [] : OtherFolders)
                from name in names
                let file = Path.Combine(folder, name)
                where File.Exists(file)
                select file).FirstOrDefault();
    }

    /// <summary>Starts a program with redirected input, output and error in a working folder.</summary>
    /// <param name="program">What to run.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="wrapper">Words before it: a program, found with <see cref="Find"/>, that becomes it. Empty for none.</param>
    /// <exception cref="InvalidOperationException">There is no such program, or it cannot be run.</exception>
    public static Process Start(NodeProgram program, string folder, IReadOnlyList<string> wrapper)
    {
        var file = Find(program.File) ?? throw new InvalidOperationException($"The program {program.File} is not there: install it, or give its full path.");
        List<string> words = [.. wrapper, file, .. program.Arguments];
        if (Setpriv.Value is { } setpriv)
            words.InsertRange(0, [setpriv, "--pdeathsig", "KILL", "--"]);
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in program.Environment)
            start.Environment[name] = value;
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Starter.Value;
        Orders.Add(() => Run(start, started));
        return started.Task.GetAwaiter().GetResult();
    }

    private static void Run(ProcessStartInfo start, TaskCompletionSource<Process> started)
    {
        try
        {
            started.SetResult(Process.Start(start)!);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or InvalidOperationException)
        {
            started.SetException(new InvalidOperationException($"The program {start.FileName} could not be started: {exception.Message}", exception));
        }
    }
}
