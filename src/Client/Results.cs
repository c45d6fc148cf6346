namespace RaftStream.Client;

/// <summary>What an answer tells beside its value: who gave it, at which level, and what of the log is in it.</summary>
public readonly record struct AnswerStamp
{
    /// <summary>The level that was asked for.</summary>
    public ConsistencyLevel Asked { get; init; }

    /// <summary>The level at which the node served it: the one asked for, always. Null where no node served it.</summary>
    public ConsistencyLevel? Effective { get; init; }

    /// <summary>The last log entry that is in the answer; for a write its own; 0 where it has no place in the log.</summary>
    public long Index { get; init; }

    /// <summary>The term of that entry.</summary>
    public long Term { get; init; }

    /// <summary>What was acknowledged longer ago than this before the node took the read up is in the answer; null where nothing is proven.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>The node that answered last; 0 where none did.</summary>
    public int Node { get; init; }

    /// <summary>Who led, as far as that node knew; 0 where it knew nobody.</summary>
    public int Leader { get; init; }

    /// <summary>With which a later session read comes after this answer; null where there is nothing to come after.</summary>
    public ReadToken? Token { get; init; }

    /// <summary>How often the request was sent to a node.</summary>
    public int Attempts { get; init; }
}

/// <summary>The answer to a request about one counter.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why it was not done, where it was not.</param>
/// <param name="Problem">
/// In one sentence: what the refusal means, or, of an applied write, why the store declined it (a sum beyond 64 bits, say). Null where all is well.
/// </param>
/// <param name="Value">The counter's value after the request, and a deleted one's last; 0 where there is no such counter.</param>
/// <param name="Exists">Whether there is such a counter after the request.</param>
/// <param name="Matched">For compare-and-set: whether the expected value was found, and so the new one set. True for other requests that were applied.</param>
/// <param name="Stamp">Who answered, and how.</param>
public readonly record struct CounterResult(
    ClientOutcome Outcome, ClientRefusal Refusal, string? Problem, long Value, bool Exists, bool Matched, AnswerStamp Stamp)
{
    /// <summary>For <see cref="ClientOutcome.Provisional"/>: what <see cref="RaftStreamClient.ConfirmAsync"/> asks about. Else null.</summary>
    public WritePosition? Position { get; init; }

    /// <summary>For <see cref="ClientOutcome.Accepted"/>: where it waits. Else null.</summary>
    public OutboxPosition? Accepted { get; init; }

    /// <summary>For a read at <see cref="ReadLevel.Tentative"/>: whether something, of this counter or of another one, waits in the node's outbox that is not in the log as far as the node has applied it.</summary>
    public bool IsTentative { get; init; }
}

/// <summary>One counter of several that were read; the value is null where there is no such counter.</summary>
public readonly record struct CounterReading(string Key, long? Value);

/// <summary>Several counters, all as they were at one index of the log.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why there is no answer, where there is none.</param>
/// <param name="Problem">The refusal in one sentence; null where all is well.</param>
/// <param name="Values">The counters in the order in which they were asked for; empty where there is no answer.</param>
/// <param name="Stamp">Who answered, and how.</param>
public sealed record ValuesResult(ClientOutcome Outcome, ClientRefusal Refusal, string? Problem, IReadOnlyList<CounterReading> Values, AnswerStamp Stamp);

/// <summary>The sum over the counters whose keys are whole numbers in a range.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why there is no answer, where there is none.</param>
/// <param name="Problem">The refusal in one sentence; null where all is well.</param>
/// <param name="Sum">The sum, which never leaves 128 bits.</param>
/// <param name="Count">How many counters it is of.</param>
/// <param name="Stamp">Who answered, and how.</param>
public sealed record RangeSumResult(ClientOutcome Outcome, ClientRefusal Refusal, string? Problem, Int128 Sum, long Count, AnswerStamp Stamp);

/// <summary>One row of a top list.</summary>
public readonly record struct TopRow(string Key, long Value);

/// <summary>The largest counters, largest first, with the size of the whole store.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why there is no answer, where there is none.</param>
/// <param name="Problem">The refusal in one sentence; null where all is well.</param>
/// <param name="Rows">The rows; empty where there is no answer.</param>
/// <param name="Total">The sum of all counters; one beyond 64 bits is told as the nearest value in their range.</param>
/// <param name="Distinct">How many counters there are.</param>
/// <param name="Stamp">Who answered, and how.</param>
public sealed record TopResult(
    ClientOutcome Outcome, ClientRefusal Refusal, string? Problem, IReadOnlyList<TopRow> Rows, long Total, long Distinct, AnswerStamp Stamp);

/// <summary>
/// What became of a provisional write: <see cref="ClientOutcome.Applied"/>, for good, or <see cref="ClientOutcome.Lost"/>. Any other outcome says nothing about it.
/// </summary>
/// <param name="Outcome">What is certain about the write.</param>
/// <param name="Refusal">Why nothing is certain, where it is not.</param>
/// <param name="Problem">The refusal in one sentence; null where all is well.</param>
/// <param name="Stamp">Who answered, and how.</param>
public readonly record struct ConfirmResult(ClientOutcome Outcome, ClientRefusal Refusal, string? Problem, AnswerStamp Stamp);

/// <summary>A node as the client sees it.</summary>
/// <param name="Address">Where it is dialled.</param>
/// <param name="Id">Its id; 0 until it was reached for the first time.</param>
/// <param name="IsConnected">Whether there is a connection.</param>
/// <param name="IsLeader">Whether requests for the leader go there.</param>
/// <param name="RoundTrip">The smoothed round trip; null until it was measured.</param>
public sealed record ClientNode(string Address, int Id, bool IsConnected, bool IsLeader, TimeSpan? RoundTrip);

/// <summary>The client cannot be used: no node can be reached, or all refuse it. The message is one sentence.</summary>
public sealed class RaftStreamClientException : Exception
{
    /// <summary>Without a reason.</summary>
    public RaftStreamClientException()
    {
    }

    /// <summary>With one sentence.</summary>
    public RaftStreamClientException(string message)
        : base(message)
    {
    }

    /// <summary>With one sentence and its cause.</summary>
    public RaftStreamClientException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>With one sentence and the refusal that it explains.</summary>
    public RaftStreamClientException(ClientRefusal refusal, string message)
        : base(message) => Refusal = refusal;

    /// <summary>Why.</summary>
    public ClientRefusal Refusal { get; }
}
