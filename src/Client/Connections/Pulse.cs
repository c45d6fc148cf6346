namespace RaftStream.Client.Connections;

/// <summary>Wakes whoever waits that something has changed: take <see cref="Next"/>, look, and wait for it if what you saw is not enough. Any thread.</summary>
internal sealed class Pulse
{
    private TaskCompletionSource _next = New();

    /// <summary>Completed at the next change.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Something has changed.</summary>
    public void Fire() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    /// <summary>Waits for a task, but no longer than that, and not beyond a cancellation. It tells nothing: look again.</summary>
    public static async Task WaitAsync(Task next, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!next.IsCompleted && atMost > TimeSpan.Zero)
            await next.WaitAsync(atMost, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Waits so long, but not beyond a cancellation.</summary>
    public static async Task PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken cancellationToken)
    {
        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
