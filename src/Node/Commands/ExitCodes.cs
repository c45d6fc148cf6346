namespace RaftStream.Node.Commands;

/// <summary>What the program's exit code says, the same for every command.</summary>
internal static class ExitCodes
{
    /// <summary>It did what it was asked.</summary>
    public const int Fine = 0;

    /// <summary>A check that it ran found something wrong, or the cluster as it stands does not allow what was asked: nothing was done.</summary>
    public const int Violation = 1;

    /// <summary>It ended before it could tell: no leader in time, an answer that was lost, or interrupted.</summary>
    public const int Undecided = 2;

    /// <summary>The command line or an input is wrong, or the node cannot start with it.</summary>
    public const int Usage = 64;

    /// <summary>Something failed that should not: a replica stopped, or a bug of ours.</summary>
    public const int Internal = 70;
}

/// <summary>The question could not be decided in time: the message is one sentence.</summary>
internal sealed class UndecidedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The cluster as it stands does not allow it, and nothing was done: the message is one sentence.</summary>
internal sealed class RefusedException(string code, string message) : Exception(message)
{
    /// <summary>The code of the problem, as programs know it.</summary>
    public string Code { get; } = code;
}

/// <summary>A replica of this process stopped while it ran: the message is one sentence.</summary>
internal sealed class FaultException(string message, Exception? inner = null) : Exception(message, inner);
