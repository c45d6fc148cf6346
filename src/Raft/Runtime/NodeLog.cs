using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Runtime;

/// <summary>What a node says in its log.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Critical, Message = "Node {Node} stopped. {Sentence}")]
    public static partial void Stopped(ILogger logger, int node, string sentence, Exception failure);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Node {Node} recovered {Entries} entries behind snapshot {Snapshot}; {Torn} bytes of a torn write were cut.")]
    public static partial void Recovered(ILogger logger, int node, long entries, LogIndex snapshot, long torn);
}
