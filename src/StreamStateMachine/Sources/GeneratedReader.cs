namespace RaftStream.StreamStateMachine;

/// <summary>
/// Makes the records of one partition, the first at once and each of the others when it is due since the opening. Owned by one caller, who
/// makes one call at a time.
/// </summary>
internal sealed class GeneratedReader<T>(string partition, long number, GeneratedRecords<T> records) : ISourceReader<T>
{
    private readonly long _opened = records.Time.GetTimestamp();
    private readonly long _first = number;
    private long _number = number;

    /// <inheritdoc/>
    public SourceRecord<T> Current { get; private set; }

    /// <inheritdoc/>
    public SourcePosition Position => NumberPosition.Of(_number);

    /// <inheritdoc/>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_number >= records.Count)
            return false;
        if (!double.IsInfinity(records.PerSecond))
            await WaitUntilDueAsync(cancellationToken).ConfigureAwait(false);
        Current = SourceRecord<T>.Of(records.Make(partition, _number));
        _number++;
        return true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask WaitUntilDueAsync(CancellationToken cancellationToken)
    {
        // From the opening and not from the record before, so that a late wake-up is made up for and the rate is kept.
        var due = TimeSpan.FromSeconds((_number - _first) / records.PerSecond);
        while (due - records.Time.GetElapsedTime(_opened) is var left && left > TimeSpan.Zero)
        {
            var wait = left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : left;
            await Task.Delay(wait, records.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
