namespace RaftStream.Hosting.Streams;

/// <summary>Runs the jobs of this program from when the replica has started until the host stops.</summary>
internal sealed class JobHostedService(NodeHandle handle, LeaderCommands commands, JobConsole console, TimeProvider time, ILoggerFactory loggers) : IHostedLifecycleService, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private JobRunner? _runner;
    private Task _running = Task.CompletedTask;

    /// <summary>What is measured of a job at this node; null before the node has started.</summary>
    public JobFigures? FiguresOf(Job job) => _runner?.FiguresOf(job);

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var settings = handle.Settings;
        if (settings.Jobs.Count == 0 || settings.Host is null || handle.Running is not { } running)
            return Task.CompletedTask;
        _runner = new(running.Node, settings.Jobs, commands.ProposeAsync, settings.Host, console.Writer, time, loggers.CreateLogger("RaftStream.Streams"));
        _running = RunAsync(_runner);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_runner is not null)
            await _runner.DisposeAsync();
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task RunAsync(JobRunner runner)
    {
        try
        {
            await runner.RunAsync(_stop.Token);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A bug of ours: the node would go on without its jobs, and nobody would know why.
            handle.Fail($"The jobs of this node stopped: {fault.Message}");
        }
    }
}
