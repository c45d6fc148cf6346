namespace RaftStream.Raft;

/// <summary>Which of a peer's connections a frame takes, so that a large one never delays a heartbeat.</summary>
public enum Lane : byte
{
    /// <summary>Votes, heartbeats and replies: small and urgent.</summary>
    Control = 0,

    /// <summary>Entries.</summary>
    Bulk = 1,

    /// <summary>Chunks of snapshots.</summary>
    Snapshot = 2,
}

/// <summary>
/// Sends whole frames to peers. May lose, repeat, delay and reorder them; never changes one. Called by one agent thread and never blocks.
/// </summary>
public interface INetwork
{
    /// <summary>
    /// Takes a copy of <paramref name="frame"/> to be sent to <paramref name="peer"/>. False: dropped, because the peer is not
    /// connected or its lane is full.
    /// </summary>
    bool TrySend(NodeId peer, Lane lane, ReadOnlySpan<byte> frame);
}

/// <summary>Takes whole frames that came in from peers. Called from any thread.</summary>
public interface IFrameSink
{
    /// <summary>
    /// Hands over one frame that <paramref name="peer"/> sent; the array is the sink's from here on. False: the sink's queue is
    /// full and the frame is dropped.
    /// </summary>
    bool TryDeliver(NodeId peer, byte[] frame);
}
