namespace RaftStream.Testing;

/// <summary>
/// What the clients of one counter were told, held against what the first replica to apply each entry did. Every client adds an amount that nobody
/// else adds, of up to 40 bits: so an amount names its command, and no sum of some can pass for a sum of others.
/// </summary>
/// <remarks>
/// The committed log says what became of an operation whose client never heard: it took effect by the time its entry was first applied, since whoever
/// reads linearizably from then on must see it; or, if the log that everybody agrees on at the end is without it, never.
/// </remarks>
internal sealed class CounterEffects(string key, HistoryRecorder history)
{
    private readonly Dictionary<long, SentAdd> _adds = [];
    private long _sum;

    /// <summary>The key of the counter.</summary>
    public string Key => key;

    /// <summary>A client sends an add.</summary>
    public void Invoke(long process, long delta) => _adds.Add(delta, new(history.Invoke(process, key, OperationFunction.Add, delta)));

    /// <summary>A client was answered.</summary>
    public void Answered(long delta, in Answer answer)
    {
        var add = _adds[delta];
        switch (answer.Outcome)
        {
            case Outcome.Applied:
                ViolationException.Require(add.IsApplied, "AppliedIsCommitted", $"The add of {delta} to {key} is answered as applied at {answer.Position}, and no replica applied it.");
                ViolationException.Require(add.Position == answer.Position, "OwnReply", $"The add of {delta} to {key} was applied at {add.Position} and is answered with {answer.Position}.");
                var isReply = CounterReply.TryRead(answer.Reply.Span, out var reply);
                ViolationException.Require(isReply && reply.Value == add.Value, "OwnReply", $"The add of {delta} to {key} made {add.Value} and is answered with {reply.Value}.");
                End(add);
                break;
            case Outcome.Rejected:
                ViolationException.Require(!add.IsApplied, "RejectedIsNever", $"The add of {delta} to {key} is answered as surely not done, and was applied at {add.Position}.");
                add.IsNever = true;
                End(add);
                break;
            default:
                GiveUp(delta);
                break;
        }
    }

    /// <summary>A client does not wait for its answer any more.</summary>
    public void GiveUp(long delta)
    {
        var add = _adds[delta];
        add.IsGivenUp = true;
        if (add.IsApplied)
            End(add);
    }

    /// <summary>A replica is the first to apply an add; <paramref name="position"/> is its entry's.</summary>
    public void Applied(LogPosition position, long delta)
    {
        var isKnown = _adds.TryGetValue(delta, out var add);
        ViolationException.Require(isKnown, "AppliedOnce", $"An add of {delta} to {key} is applied at {position}, and nobody sent it.");
        ViolationException.Require(!add!.IsApplied, "AppliedOnce", $"The add of {delta} to {key} is applied at {position} after it was applied at {add.Position}.");
        ViolationException.Require(!add.IsNever, "RejectedIsNever", $"The add of {delta} to {key} is applied at {position} after it was answered as surely not done.");
        _sum = unchecked(_sum + delta);
        (add.Position, add.Value) = (position, _sum);
        if (add.IsGivenUp)
            End(add);
    }

    /// <summary>Nothing comes any more: whatever is still open was done if the log holds it, and else was not.</summary>
    public void EndAll(long value)
    {
        ViolationException.Require(value == _sum, "AppliedOnce", $"{key} holds {value} at the end; what was applied adds up to {_sum}.");
        foreach (var add in _adds.Values)
            End(add);
    }

    private void End(SentAdd add)
    {
        if (add.IsEnded)
            return;
        add.IsEnded = true;
        if (add.IsApplied)
            history.Ok(add.Operation, add.Value);
        else
            history.Fail(add.Operation);
    }

    /// <summary>An add, and what became of it.</summary>
    private sealed class SentAdd(int operation)
    {
        public int Operation => operation;

        public LogPosition Position { get; set; }

        /// <summary>What it made of the counter.</summary>
        public long Value { get; set; }

        public bool IsApplied => Position != LogPosition.Zero;

        public bool IsNever { get; set; }

        public bool IsGivenUp { get; set; }

        /// <summary>Whether the history knows its end.</summary>
        public bool IsEnded { get; set; }
    }
}
