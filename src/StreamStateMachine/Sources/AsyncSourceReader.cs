namespace RaftStream.StreamStateMachine;

/// <summary>
/// Reads one enumeration. A read that is cancelled leaves the step of the enumeration open, and the next read waits for the same step: so no
/// record is lost, and the enumerable is cancelled only with the reader's end. Owned by one caller, who makes one call at a time.
/// </summary>
internal sealed class AsyncSourceReader<T> : ISourceReader<T>
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<T> _records;
    private long _number;
    private Task<bool>? _step;
    private bool _isEnded;
    private bool _isDisposed;

    /// <summary>A reader in front of the record of that number.</summary>
    public AsyncSourceReader(long number, Func<CancellationToken, IAsyncEnumerable<T>> open)
    {
        _number = number;
        _records = open(_stop.Token).GetAsyncEnumerator(_stop.Token);
    }

    /// <inheritdoc/>
    public SourceRecord<T> Current { get; private set; }

    /// <inheritdoc/>
    public SourcePosition Position => NumberPosition.Of(_number);

    /// <inheritdoc/>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_isEnded)
            return false;
        _step ??= _records.MoveNextAsync().AsTask();
        var isThere = await _step.WaitAsync(cancellationToken).ConfigureAwait(false);
        _step = null;
        _isEnded = !isThere;
        if (!isThere)
            return false;
        Current = SourceRecord<T>.Of(_records.Current);
        _number++;
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);

        // An enumerator must not be disposed of in the middle of a step. How that ends interests nobody any more.
        if (_step is { } step)
            await ((Task)step).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _records.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
