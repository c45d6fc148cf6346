namespace RaftStream.Raft.Runtime;

/// <summary>How much an outbox takes.</summary>
internal sealed record OutboxOptions
{
    /// <summary>Commands that wait at the most.</summary>
    public int MaxCommands { get; init; } = RaftNodeOptions.DefaultOutboxCommands;

    /// <summary>Bytes of commands that wait at the most.</summary>
    public long MaxBytes { get; init; } = RaftNodeOptions.DefaultOutboxBytes;

    /// <summary>Bytes of a file behind which another epoch begins, so that what has reached the log can be deleted.</summary>
    public long EpochBytes { get; init; } = 256 * 1024;

    /// <summary>A random number of this life of the process, which names the epochs that it begins.</summary>
    public UInt128 Epoch { get; init; }
}
