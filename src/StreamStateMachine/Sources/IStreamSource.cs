namespace RaftStream.StreamStateMachine;

/// <summary>
/// Where a stream job reads its records from. It can be read again from any position it gave out, with the same records: exactly-once
/// counting rests on that.
/// </summary>
/// <typeparam name="T">What a record is.</typeparam>
public interface IStreamSource<T>
{
    /// <summary>
    /// The partitions there are now: names of 1 to 200 characters, in ordinal order, 10,000 at the most. There may be more later. A name
    /// always means the same records.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">They cannot be told: one sentence.</exception>
    ValueTask<IReadOnlyList<string>> ListPartitionsAsync(CancellationToken cancellationToken);

    /// <summary>Opens a partition behind a position.</summary>
    /// <param name="partition">A name that <see cref="ListPartitionsAsync"/> gave.</param>
    /// <param name="from">A position that this source gave out for this partition, in this process or an earlier one; or the start.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceChangedException">What was read before the position is not there as it was.</exception>
    /// <exception cref="ArgumentException">There is no such partition, or the position is none of this source.</exception>
    /// <exception cref="IOException">The source cannot be read.</exception>
    ValueTask<ISourceReader<T>> OpenAsync(string partition, SourcePosition from, CancellationToken cancellationToken);
}
