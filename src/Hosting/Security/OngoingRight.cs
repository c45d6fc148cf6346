namespace RaftStream.Hosting.Security;

/// <summary>
/// The right to what a client was let in to and what goes on, as a watch does: looked at again and again, so that it ends when a token is revoked, its role is taken, or a certificate runs out, and not only at the next
/// request. Owned by whoever serves the watch.
/// </summary>
/// <typeparam name="T">How it is told why.</typeparam>
internal sealed class OngoingRight<T> : IAsyncDisposable
    where T : class
{
    private readonly Func<T?> _look;
    private readonly CancellationTokenSource _end;
    private readonly PeriodicTimer _timer;
    private readonly Task _looking;
    private volatile T? _lapse;

    /// <summary>Begins to look.</summary>
    /// <param name="look">Null while the right is there, else why it is not any more. Called on any thread.</param>
    /// <param name="time">The clock of the looks.</param>
    /// <param name="end">Is cancelled when the right is gone. It must live longer than this object.</param>
    public OngoingRight(Func<T?> look, TimeProvider time, CancellationTokenSource end)
    {
        (_look, _end, _timer) = (look, end, new(OngoingRight.CheckEvery, time));
        _looking = LookAsync();
    }

    /// <summary>Why the right is gone; null while it is there.</summary>
    public T? Lapse => _lapse;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _looking;
    }

    private async Task LookAsync()
    {
        while (await _timer.WaitForNextTickAsync(CancellationToken.None))
        {
            _lapse = _look();
            if (_lapse is null)
                continue;
            await _end.CancelAsync();
            return;
        }
    }
}

/// <summary>What is the same for every such right.</summary>
internal static class OngoingRight
{
    /// <summary>Between two looks. That a file of tokens has changed is itself seen within two seconds more (<see cref="AccessControl"/>).</summary>
    public static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(1);
}
