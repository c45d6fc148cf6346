namespace RaftStream.StreamStateMachine;

/// <summary>The answer to a request about one counter.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why it was not done, where it was not.</param>
/// <param name="Position">Its place in the log; for a read, the index it saw.</param>
/// <param name="Value">The counter's value after the request; 0 where there is no such counter.</param>
/// <param name="Exists">Whether there is such a counter after the request.</param>
/// <param name="Matched">
/// For compare-and-set: whether the expected value was found, and so the new one set. True for other requests that were applied.
/// </param>
/// <param name="Problem">
/// Why the state machine declined an applied command or a read (a sum beyond 64 bits, say, or a key that holds bytes), in one sentence; null if it did not.
/// </param>
public readonly record struct CounterAnswer(
    Outcome Outcome, Refusal Refusal, LogPosition Position, long Value, bool Exists, bool Matched, string? Problem)
{
    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }

    /// <summary>Of an accepted write: its place in this node's outbox; else null.</summary>
    public OutboxPlace? Accepted { get; init; }

    /// <summary>Of a tentative read: whether something waits in this node's outbox, of this counter or of another one, that is not in the log that this replica has applied.</summary>
    public bool IsTentative { get; init; }
}

/// <summary>One row of a top list.</summary>
public readonly record struct CounterRow(string Key, long Value);

/// <summary>
/// The largest counters, largest first and equal ones by their keys' bytes, with the size of the whole store. A total beyond 64 bits is
/// told as the nearest value in their range.
/// </summary>
public sealed record TopAnswer(
    Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<CounterRow> Rows, long Total, long Distinct)
{
    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}

/// <summary>One counter of several that were asked for; the value is null where there is no such counter.</summary>
public readonly record struct CounterValue(string Key, long? Value);

/// <summary>The counters that were asked for, in that order, all as they were at one index.</summary>
public sealed record ValuesAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<CounterValue> Values)
{
    /// <summary>Why there are no values although the read was served, in one sentence: one of the keys holds bytes and not a counter. Null where they are here.</summary>
    public string? Problem { get; init; }

    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}

/// <summary>The sum over the counters whose keys are integers in a range, which never leaves 128 bits, and how many they are.</summary>
public sealed record RangeSumAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, Int128 Sum, long Count)
{
    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}

/// <summary>How far a job has counted one partition of its source.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Partition">The partition's name.</param>
/// <param name="Exists">Whether an ingest ever started, of an empty source too.</param>
/// <param name="Offset">Bytes of the source that are counted.</param>
/// <param name="PrefixSha256">SHA-256 of those bytes, 32 bytes; empty if the partition does not exist.</param>
/// <param name="Words">Words counted.</param>
/// <param name="DeadLetters">Words set aside because they are too long.</param>
public sealed record JobPosition(
    string Job, string Partition, bool Exists, long Offset, ReadOnlyMemory<byte> PrefixSha256, long Words, long DeadLetters);

/// <summary>The answer to a request for a job's position.</summary>
public sealed record JobAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, JobPosition? Job)
{
    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}

/// <summary>The answer to a request for dead letters: how many there ever were, and the newest ones, newest first.</summary>
public sealed record DeadLettersAnswer(
    Outcome Outcome, Refusal Refusal, LogPosition Position, long Count, IReadOnlyList<DeadLetter> Letters)
{
    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}

/// <summary>
/// The size of the store: the sum of all counters (the nearest value in the range of 64 bits), how many, the bytes of all keys,
/// partitions, and the state's hash.
/// </summary>
public sealed record StatsAnswer(
    Outcome Outcome, Refusal Refusal, LogPosition Position, long Total, long Distinct, long KeyBytes, long Partitions, ulong StateHash)
{
    /// <summary>All keys, those that hold bytes and the counters.</summary>
    public long Keys { get; init; }

    /// <summary>The bytes of all values that are bytes.</summary>
    public long ValueBytes { get; init; }

    /// <summary>For a read: what was acknowledged longer ago than this, before it was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}
