using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// One node of a driver that runs nodes as child processes: its folder, its log and whichever process it has now. Owned by a driver; thread-safe, and
/// nothing here throws because the process has ended by itself.
/// </summary>
internal sealed class NodeSlot : IAsyncDisposable
{
    /// <summary>How long a process that was asked to end may take.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly string _pidFile;
    private readonly NodeLog _log;
    private ChildProcess? _child;
    private int _starts;

    /// <summary>Makes the node's places in a folder for all nodes.</summary>
    public NodeSlot(int id, string nodesFolder)
    {
        Id = id;
        Folder = Path.Combine(nodesFolder, Name(id));
        Directory.CreateDirectory(Folder);
        _pidFile = Path.Combine(nodesFolder, Name(id) + ".pid");
        _log = new NodeLog(Path.Combine(nodesFolder, Name(id) + ".log"));
    }

    /// <summary>The node.</summary>
    public int Id { get; }

    /// <summary>Its own folder.</summary>
    public string Folder { get; }

    /// <summary>Whether it has a process that has not ended.</summary>
    public bool IsRunning => Child is { IsRunning: true };

    /// <summary>The number of its process; 0 if none runs.</summary>
    public int Pid => Child is { IsRunning: true } child ? child.Pid : 0;

    /// <summary>How many processes it had so far.</summary>
    public int Starts => Volatile.Read(ref _starts);

    /// <summary>Ends when its process has ended, at once if it has none.</summary>
    public Task Ended => Child?.Ended ?? Task.CompletedTask;

    private ChildProcess? Child
    {
        get
        {
            lock (_lock)
                return _child;
        }
    }

    /// <summary>Kills what a driver over the same folder left running when it was killed itself.</summary>
    public static void KillLeftovers(string nodesFolder)
    {
        foreach (var file in Directory.EnumerateFiles(nodesFolder, Name(0)[..^1] + "*.pid"))
        {
            var words = File.ReadAllText(file).Split(' ');
            if (words.Length == 2 && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ProcessSignals.IsAlive(pid, words[1]))
            {
                ProcessSignals.Kill(pid);
                SpinWait.SpinUntil(() => !ProcessSignals.IsAlive(pid, words[1]), StopPatience);
                WallClockLibrary.Forget(pid);
            }
            File.Delete(file);
        }
    }

    /// <summary>Starts a process if none runs.</summary>
    /// <param name="program">What to run.</param>
    /// <param name="wrapper">Words before it that become it; see <see cref="ChildStarter.Start"/>.</param>
    /// <returns>Whether it did.</returns>
    /// <exception cref="InvalidOperationException">The program cannot be started.</exception>
    public bool Start(NodeProgram program, params IReadOnlyList<string> wrapper)
    {
        lock (_lock)
        {
            if (_child is { IsRunning: true })
                return false;
            Interlocked.Increment(ref _starts);
            var process = ChildStarter.Start(program, Folder, wrapper);
            _log.Note(string.Create(CultureInfo.InvariantCulture, $"process {process.Id}: {program.File} {string.Join(' ', program.Arguments)}"));
            _child = new ChildProcess(process, _log, _child);
            // With its mark, since another process may have the number by the time somebody reads this.
            if (ProcessSignals.MarkOf(_child.Pid) is { } mark)
                File.WriteAllText(_pidFile, string.Create(CultureInfo.InvariantCulture, $"{_child.Pid} {mark}"));
            return true;
        }
    }

    /// <summary>Ends the process at once and waits until it is gone.</summary>
    public Task KillAsync() => Child?.KillAsync() ?? Task.CompletedTask;

    /// <summary>Asks the process to end; kills it if it does not.</summary>
    public Task StopAsync() => Child?.StopAsync(StopPatience) ?? Task.CompletedTask;

    /// <summary>Stops the process where it stands, or lets it go on.</summary>
    public void Pause(bool isPaused) => Child?.Pause(isPaused);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await (Child?.Told ?? Task.CompletedTask);
        _log.Dispose();
        File.Delete(_pidFile);
    }

    /// <summary>What a node's places are named after.</summary>
    private static string Name(int id) => string.Create(CultureInfo.InvariantCulture, $"node-{id}");
}
