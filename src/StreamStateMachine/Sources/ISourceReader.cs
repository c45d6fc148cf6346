namespace RaftStream.StreamStateMachine;

/// <summary>Reads one partition of a source in order. One call at a time; a reader that threw anything but a cancellation is only disposed of.</summary>
/// <typeparam name="T">What a record is.</typeparam>
public interface ISourceReader<T> : IAsyncDisposable
{
    /// <summary>
    /// The record that the last read found; asked for only after a read that gave true.
    /// </summary>
    SourceRecord<T> Current { get; }

    /// <summary>
    /// The position behind <see cref="Current"/>; before the first read, the position the reader was opened at. It may cost a hash: ask at
    /// the end of a batch.
    /// </summary>
    SourcePosition Position { get; }

    /// <summary>
    /// Waits for the next record. A cancelled read has lost nothing: the next one goes on where it stopped.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there is one: false at the end of a bounded source, and ever after.</returns>
    /// <exception cref="SourceChangedException">What was read is not there as it was; or what follows can no longer be told.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="IOException">The source cannot be read.</exception>
    ValueTask<bool> ReadAsync(CancellationToken cancellationToken);
}
