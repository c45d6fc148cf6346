using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RaftStream.Node.Tests.Support;

/// <summary>How a run of the program ended.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of standard error.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>The built program as a process, the way a user runs it.</summary>
internal sealed class RaftStreamProgram : IAsyncDisposable
{
    /// <summary>How long a run may take that is not told otherwise.</summary>
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _error;
    private volatile string _errorSoFar = "";

    private RaftStreamProgram(Process process)
    {
        _process = process;
        _error = ReadErrorAsync();
    }

    /// <summary>The node program's name.</summary>
    private const string Main = "raftstream";

    /// <summary>Its process.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Runs the program to its end.</summary>
    public static async Task<ProgramResult> RunAsync(
        string[] arguments, (string Name, string Value)[]? environment = null, TimeSpan? limit = null, string name = Main)
    {
        await using var program = Start(arguments, environment, name);
        var output = program._process.StandardOutput.ReadToEndAsync();
        var exitCode = await program.WaitAsync(limit ?? DefaultLimit);
        return new ProgramResult(exitCode, await output, await program._error);
    }

    /// <summary>Starts the program, or another one of ours that stands beside it.</summary>
    public static RaftStreamProgram Start(string[] arguments, (string Name, string Value)[]? environment = null, string name = Main)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, name), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var inherited in start.Environment.Keys.Where(key => key.StartsWith("RAFTSTREAM_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(inherited);
        foreach (var (variable, value) in environment ?? [])
            start.Environment[variable] = value;
        return new RaftStreamProgram(Process.Start(start)!);
    }

    /// <summary>The next line of its standard output.</summary>
    public async Task<string> ReadLineAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        var line = await _process.StandardOutput.ReadLineAsync(patience.Token);
        if (line is null)
            Assert.Fail($"The program ended without the line that was waited for; it said: {await _error}");
        return line!;
    }

    /// <summary>Waits for its end and gives the exit code.</summary>
    public async Task<int> WaitAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>All of its standard error, once it has ended.</summary>
    public Task<string> ErrorAsync() => _error;

    /// <summary>Waits until its standard error has a text.</summary>
    public Task SaysAsync(string text, TimeSpan limit) =>
        Eventually.HoldsAsync(() => _errorSoFar.Contains(text, StringComparison.Ordinal), $"the program says '{text}'", limit);

    /// <summary>Sends it a signal.</summary>
    public void Signal(int signal) => Signals.Send(_process.Id, signal);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private async Task<string> ReadErrorAsync()
    {
        var text = "";
        while (await _process.StandardError.ReadLineAsync() is { } line)
            _errorSoFar = text += line + "\n";
        return text;
    }
}

/// <summary>Signals to processes that a test started.</summary>
internal static class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    public static void Send(int pid, int signal)
    {
        if (SendNative(pid, signal) != 0)
            throw new InvalidOperationException($"The signal {signal} did not reach process {pid}: error {Marshal.GetLastPInvokeError()}.");
    }

    /// <summary>Whether there is such a process; one that is dead and waits for its parent is none.</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The processes that a process has started and that still run.</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid) =>
        [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendNative(int pid, int signal);
}
