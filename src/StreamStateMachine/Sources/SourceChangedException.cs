namespace RaftStream.StreamStateMachine;

/// <summary>
/// What was read of a source is not there as it was (a file was rewritten, truncated or exchanged), so going on would lose records or
/// count them twice. Nothing was read behind that point.
/// </summary>
public sealed class SourceChangedException : IOException
{
    /// <summary>Says in one sentence which source it is, what differs and how to mend it.</summary>
    public SourceChangedException(string message)
        : base(message)
    {
    }
}
