namespace RaftStream.Raft;

/// <summary>What a command was answered when it was run, for whoever sends it again. Read once the state machine has replied.</summary>
internal interface IEarlierReply
{
    /// <summary>Where the command was applied.</summary>
    LogPosition Position { get; }

    /// <summary>The reply; empty if it is not kept.</summary>
    byte[] Bytes { get; }

    /// <summary>Whether the reply is kept. If not, it is only known that the command was applied.</summary>
    bool IsKept { get; }
}
