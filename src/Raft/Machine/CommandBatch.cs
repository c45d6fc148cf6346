namespace RaftStream.Raft;

/// <summary>One committed command. Lives no longer than the call it was handed to.</summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="Time">
/// Log time in nanoseconds: the only clock a state machine may look at. Never goes back from one command to the next; not a wall clock.
/// </param>
/// <param name="Payload">The bytes that were proposed.</param>
public readonly record struct Command(LogPosition Position, long Time, ReadOnlyMemory<byte> Payload);

/// <summary>A run of committed commands in log order.</summary>
public readonly ref struct CommandBatch(ReadOnlySpan<Command> commands)
{
    private readonly ReadOnlySpan<Command> _commands = commands;

    /// <summary>How many commands: at least one.</summary>
    public int Count => _commands.Length;

    /// <summary>The log time of the last command.</summary>
    public long Time => _commands[^1].Time;

    /// <summary>The command at a place in the batch.</summary>
    public ref readonly Command this[int place] => ref _commands[place];

    /// <summary>Enumerates the commands in log order.</summary>
    public ReadOnlySpan<Command>.Enumerator GetEnumerator() => _commands.GetEnumerator();
}
