namespace RaftStream.StreamStateMachine;

/// <summary>What the keys that were asked for hold, in that order, all as they were at one index.</summary>
/// <param name="Outcome">What is certain about the read.</param>
/// <param name="Refusal">Why it was not served, where it was not.</param>
/// <param name="Position">The index it saw.</param>
/// <param name="Values">One for each key; none where there is a <see cref="Problem"/>.</param>
public sealed record StoreValuesAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<StoreValue> Values)
{
    /// <summary>Why there are no values although the read was served, in one sentence: they would take more than 16 MiB. Null where they are here.</summary>
    public string? Problem { get; init; }

    /// <summary>What was acknowledged longer ago than this, before the read was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}

/// <summary>A key that a scan came upon, and what it holds.</summary>
/// <param name="Key">Its bytes, UTF-8.</param>
/// <param name="Kind">What it held then.</param>
public readonly record struct ScannedKey(ReadOnlyMemory<byte> Key, ValueKind Kind);

/// <summary>One page of a scan.</summary>
/// <param name="Outcome">What is certain about the read.</param>
/// <param name="Refusal">Why it was not served, where it was not.</param>
/// <param name="Position">The index it saw.</param>
/// <param name="Next">The cursor of the next page; 0 where this is the last one.</param>
/// <param name="Keys">
/// The keys of this page: perhaps a few more than were asked for, since keys of one hash stay together, and perhaps none though more follow.
/// </param>
public sealed record ScanAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, ulong Next, IReadOnlyList<ScannedKey> Keys)
{
    /// <summary>Why there are no keys although the read was served, in one sentence; null where there is no problem.</summary>
    public string? Problem { get; init; }

    /// <summary>What was acknowledged longer ago than this, before the read was taken up, is in it; null where the replica cannot tell (<see cref="Answer.Age"/>).</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }
}
