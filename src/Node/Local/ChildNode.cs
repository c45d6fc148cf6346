using System.Diagnostics;
using System.Globalization;
using RaftStream.Node.Hosting;

namespace RaftStream.Node.Local;

/// <summary>
/// A node as a process of its own: this same program. We hold its standard input, so that it ends when we do, however we do
/// (see <see cref="ParentWatch"/>). Owned by <see cref="LocalCluster"/>.
/// </summary>
internal sealed class ChildNode : IDisposable
{
    private const int KeptLines = 20;

    private readonly Process _process;
    private readonly Queue<string> _errors = new();
    private readonly Action<string>? _onError;

    private ChildNode(LocalMember member, Process process, Action<string>? onError)
    {
        Member = member;
        _process = process;
        _onError = onError;
    }

    /// <summary>Which node it is.</summary>
    public LocalMember Member { get; }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The last line that it wrote to standard error, without the program's name; empty if none.</summary>
    public string LastWords
    {
        get
        {
            lock (_errors)
            {
                var line = _errors.LastOrDefault() ?? "";
                return line.StartsWith("raftstream: ", StringComparison.Ordinal) ? line["raftstream: ".Length..] : line;
            }
        }
    }

    /// <summary>Starts the process.</summary>
    /// <param name="member">Which node.</param>
    /// <param name="arguments">What follows <c>raftstream node</c>.</param>
    /// <param name="onError">Is given each line of its standard error; may be null.</param>
    public static ChildNode Start(LocalMember member, IEnumerable<string> arguments, Action<string>? onError)
    {
        var start = SameProgram();
        start.ArgumentList.Add("node");
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(ParentWatch.ExitOption);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("RAFTSTREAM_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(variable);

        var child = new ChildNode(member, new Process { StartInfo = start }, onError);
        child._process.OutputDataReceived += (_, _) => { };
        child._process.ErrorDataReceived += child.Keep;
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Asks it to stop cleanly.</summary>
    public void RequestStop()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already: nothing to ask.
        }
    }

    /// <summary>Kills it at once: SIGKILL.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill();
    }

    /// <summary>Waits until it has ended.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>The most memory it ever had resident, in bytes, from /proc; null where that is not to be had.</summary>
    public long? PeakMemoryBytes()
    {
        var path = $"/proc/{Pid.ToString(CultureInfo.InvariantCulture)}/status";
        try
        {
            var line = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
            var digits = line is null ? "" : new string([.. line.Where(char.IsAsciiDigit)]);
            return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes * 1024 : null;
        }
        catch (IOException)
        {
            // The process went while we looked.
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    private static ProcessStartInfo SameProgram()
    {
        // Beside our assembly, not the running process: that may be "dotnet raftstream.dll", or another program that embeds us.
        var program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "raftstream.exe" : "raftstream");
        return File.Exists(program)
            ? new ProcessStartInfo(program) { UseShellExecute = false }
            : new ProcessStartInfo("dotnet") { UseShellExecute = false, ArgumentList = { Path.Combine(AppContext.BaseDirectory, "raftstream.dll") } };
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (string.IsNullOrWhiteSpace(line.Data))
            return;
        lock (_errors)
        {
            _errors.Enqueue(line.Data.Length > 500 ? line.Data[..500] : line.Data);
            if (_errors.Count > KeptLines)
                _errors.Dequeue();
        }
        _onError?.Invoke(line.Data);
    }
}
