namespace RaftStream.StreamStateMachine;

/// <summary>Why an operation of a batch changed nothing.</summary>
public enum BatchProblem : byte
{
    /// <summary>It was done.</summary>
    None = 0,

    /// <summary>The sum would leave the range of 64 bits.</summary>
    Overflow = 1,

    /// <summary>The key to add to holds bytes.</summary>
    WrongType = 2,

    /// <summary>The store holds as many keys, or bytes of keys or of values, as it takes.</summary>
    Full = 3,
}

/// <summary>What became of one operation of a batch.</summary>
/// <param name="Problem">Why it changed nothing, where it did not.</param>
/// <param name="Value">After an increment the integer, of a get what the key held; else none.</param>
/// <param name="Existed">Whether the key was there before; false for several keys.</param>
public readonly record struct BatchResult(BatchProblem Problem, StoreValue Value, bool Existed);

/// <summary>The answer to a batch.</summary>
/// <param name="Outcome">What is certain about it.</param>
/// <param name="Refusal">Why it was not done, where it was not.</param>
/// <param name="Position">Its place in the log.</param>
/// <param name="Results">One for each operation, in their order; none where nothing was applied, or the reply was not kept.</param>
public sealed record BatchAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<BatchResult> Results)
{
    /// <summary>Why the state machine declined the batch as a whole, in one sentence: its bytes are no batch of this release. Null if it did not.</summary>
    public string? Problem { get; init; }

    /// <summary>Who gave it, and at which level.</summary>
    public AnswerSource Source { get; init; }

    /// <summary>
    /// Makes the typed answer of one whose reply is bytes, wherever those were carried in between. No bytes throw.
    /// </summary>
    /// <param name="answer">The answer to a batch.</param>
    /// <param name="typed">The same, with its results.</param>
    /// <returns>False where the reply is none of a batch.</returns>
    public static bool TryRead(in Answer answer, out BatchAnswer typed)
    {
        typed = new(answer.Outcome, answer.Refusal, answer.Position, []);
        if (answer.Outcome != Outcome.Applied || answer.Refusal == Refusal.ReplyNotKept)
            return true;
        if (!TryReadResults(answer.Reply.Span, out var results, out var problem))
            return false;
        typed = typed with { Results = results, Problem = problem };
        return true;
    }

    /// <summary>Reads the results out of the bytes of a reply. No bytes throw.</summary>
    /// <param name="reply">The bytes.</param>
    /// <param name="results">One for each operation; none where the batch was declined as a whole.</param>
    /// <param name="problem">Why it was, in one sentence; null if it was not.</param>
    /// <returns>False where the bytes are no reply to a batch.</returns>
    public static bool TryReadResults(ReadOnlySpan<byte> reply, out IReadOnlyList<BatchResult> results, out string? problem)
    {
        var isReply = BatchReply.TryRead(reply, out var code, out var read);
        results = isReply ? read : [];
        problem = isReply ? StoreProblems.Sentence(code) : null;
        return isReply;
    }
}
