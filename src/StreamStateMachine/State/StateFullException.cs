namespace RaftStream.StreamStateMachine;

/// <summary>A change that the state of a job has no room for; nothing was changed. Judged from state that is equal on every replica, so all of them refuse it.</summary>
internal sealed class StateFullException : Exception
{
    private StateFullException(string message)
        : base(message)
    {
    }

    /// <summary>The state would grow above its limit.</summary>
    public static StateFullException OfState(long limitBytes) =>
        new($"The state of the job would take more than its limit of {limitBytes} bytes: raise the limit, or keep less or for a shorter time.");

    /// <summary>One command gives a file sink more than can be held back until it stays.</summary>
    public static StateFullException OfLines(long limitBytes) =>
        new($"One command gives a file sink more than {limitBytes} bytes: send fewer records with one command, or write shorter lines.");

    /// <summary>One command replaces more than can be taken back.</summary>
    public static StateFullException OfCommand(long limitBytes) =>
        new($"One command replaces or removes more than {limitBytes} bytes of the state of the job: send fewer records with one command.");
}
