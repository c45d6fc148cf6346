namespace RaftStream.StreamStateMachine;

/// <summary>
/// Thrown by an operator's code for a record that cannot be processed, decided by the record alone: what it changed is undone and it is set aside as
/// a dead letter. Any other exception stops the reader, or in <c>Apply</c> the replica.
/// </summary>
public sealed class PoisonRecordException : Exception
{
    /// <summary>A record that cannot be processed.</summary>
    /// <param name="message">One sentence that says what is wrong with it: kept with the record, 200 characters of it.</param>
    public PoisonRecordException(string message)
        : base(message)
    {
    }

    /// <summary>A record that cannot be processed, and what said so.</summary>
    /// <param name="message">One sentence that says what is wrong with it: kept with the record, 200 characters of it.</param>
    /// <param name="inner">What said so.</param>
    public PoisonRecordException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>A record that cannot be processed.</summary>
    public PoisonRecordException()
    {
    }
}
