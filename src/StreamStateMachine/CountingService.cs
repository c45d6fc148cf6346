namespace RaftStream.StreamStateMachine;

/// <summary>The answer to a request about one counter.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why it was not done, where it was not.</param>
/// <param name="Position">Its place in the log; for a read, the index it saw.</param>
/// <param name="Value">The counter's value after the request; 0 where there is no such counter.</param>
/// <param name="Exists">Whether there is such a counter after the request.</param>
/// <param name="Matched">For compare-and-set: whether the expected value was found, and so the new one set. True otherwise.</param>
/// <param name="Problem">Why the state machine declined an applied command (a sum beyond 64 bits, say), in one sentence; null if it did not.</param>
public readonly record struct CounterAnswer(
    Outcome Outcome, Refusal Refusal, LogPosition Position, long Value, bool Exists, bool Matched, string? Problem);

/// <summary>One row of a top list.</summary>
public readonly record struct CounterRow(string Key, long Value);

/// <summary>The largest counters, largest first and equal ones by their keys' bytes, with the size of the whole store.</summary>
public sealed record TopAnswer(
    Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<CounterRow> Rows, long Total, long Distinct);

/// <summary>How far a job has counted one partition of its source.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Partition">The partition's name.</param>
/// <param name="Exists">Whether anything has been counted.</param>
/// <param name="Offset">Bytes of the source that are counted.</param>
/// <param name="PrefixSha256">SHA-256 of those bytes, 32 bytes; empty if none.</param>
/// <param name="Words">Words counted.</param>
/// <param name="DeadLetters">Words set aside because they are too long.</param>
public sealed record JobPosition(
    string Job, string Partition, bool Exists, long Offset, ReadOnlyMemory<byte> PrefixSha256, long Words, long DeadLetters);

/// <summary>The answer to a request for a job's position.</summary>
public sealed record JobAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, JobPosition? Job);

/// <summary>The counting store as a .NET program sees it: typed requests to the replica in this process. Safe to call from any thread.</summary>
public sealed class CountingService(RaftNode node)
{
    /// <summary>Adds to a counter, which starts at 0.</summary>
    public ValueTask<CounterAnswer> AddAsync(string key, long delta, CancellationToken cancellationToken = default) => throw new NotSupportedException(node.Stopped.Status.ToString());

    /// <summary>Sets a counter to <paramref name="value"/> if it is <paramref name="expected"/> (null: if it does not exist).</summary>
    public ValueTask<CounterAnswer> CompareAndSetAsync(string key, long? expected, long value, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Deletes a counter; <see cref="CounterAnswer.Value"/> is what it last was.</summary>
    public ValueTask<CounterAnswer> DeleteAsync(string key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Reads a counter linearizably.</summary>
    public ValueTask<CounterAnswer> GetAsync(string key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Reads the <paramref name="limit"/> largest counters linearizably; 1 to 10,000.</summary>
    public ValueTask<TopAnswer> TopAsync(int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Reads a job's position linearizably.</summary>
    public ValueTask<JobAnswer> JobAsync(string job, string partition, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
