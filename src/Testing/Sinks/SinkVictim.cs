namespace RaftStream.Testing;

/// <summary>Which node dies.</summary>
internal enum SinkVictim
{
    /// <summary>The one that leads.</summary>
    Leader,

    /// <summary>The one that reads the source, and does not lead.</summary>
    Reader,

    /// <summary>The third one, which only keeps its replica and writes its files.</summary>
    Other,
}
