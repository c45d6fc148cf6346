using System.Diagnostics;
using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// A process that a <see cref="NodeSlot"/> started, from its start until all that it said is in the log; then it gives its handles back by itself.
/// </summary>
internal sealed class ChildProcess
{
    /// <summary>How long its streams may stay open after its end: a process that it started itself may hold them.</summary>
    private static readonly TimeSpan LogPatience = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly StreamWriter _input;
    private readonly NodeLog _log;

    /// <summary>Takes over a process that was just started.</summary>
    /// <param name="process">The process.</param>
    /// <param name="log">Where to put what it says.</param>
    /// <param name="before">The one before it in the same log: its last words come first.</param>
    public ChildProcess(Process process, NodeLog log, ChildProcess? before)
    {
        _process = process;
        _input = process.StandardInput;
        _log = log;
        Pid = process.Id;
        Ended = EndAsync();
        Told = TellAsync(before);
    }

    /// <summary>Its number.</summary>
    public int Pid { get; }

    /// <summary>Ends when it has ended.</summary>
    public Task Ended { get; }

    /// <summary>Ends when all that it said is in the log; shortly after its end at the latest.</summary>
    public Task Told { get; }

    /// <summary>Whether it has not ended.</summary>
    public bool IsRunning => !Ended.IsCompleted;

    /// <summary>Ends it at once, and waits until it is gone.</summary>
    public Task KillAsync()
    {
        if (IsRunning)
            ProcessSignals.Kill(Pid);
        return Ended;
    }

    /// <summary>Asks it to end by a signal and by closing its standard input; kills it if it does not.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        AskToEnd();
        await Ended.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!IsRunning)
            return;
        _log.Note("it did not end when it was asked to, and is killed");
        await KillAsync();
    }

    /// <summary>Stops it where it stands, or lets it go on.</summary>
    public void Pause(bool isPaused)
    {
        if (IsRunning)
            ProcessSignals.Pause(Pid, isPaused);
    }

    private void AskToEnd()
    {
        if (!IsRunning)
            return;
        if (!OperatingSystem.IsWindows())
            ProcessSignals.Pause(Pid, isPaused: false);
        ProcessSignals.Terminate(Pid);
        try
        {
            _input.Close();
        }
        catch (IOException)
        {
            // It has closed its end, or it is gone.
        }
    }

    /// <summary>With what it left behind: the next process may get its number.</summary>
    private async Task EndAsync()
    {
        await _process.WaitForExitAsync();
        WallClockLibrary.Forget(Pid);
    }

    private async Task TellAsync(ChildProcess? before)
    {
        if (before is not null)
            await before.Told;
        var copying = Task.WhenAll(_log.CopyAsync(_process.StandardOutput.BaseStream), _log.CopyAsync(_process.StandardError.BaseStream));
        await Ended;
        await copying.WaitAsync(LogPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _log.Note(string.Create(CultureInfo.InvariantCulture, $"process {Pid} ended with {_process.ExitCode}"));
        _process.Dispose();
    }
}
