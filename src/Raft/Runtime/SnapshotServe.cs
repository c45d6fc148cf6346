using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>Hands pieces of this node's snapshots to peers that ask for them. Owned by the consensus agent.</summary>
/// <remarks>
/// A piece is up to a mebibyte, and whoever asks for one spends a few bytes: only so many reads are on their way at a time, so that no peer can
/// make this node fill its memory. What is asked beyond that is dropped, and asked again.
/// </remarks>
internal sealed class SnapshotServe(Outbox outbox, BoundedQueue<DiskWork> disk)
{
    /// <summary>Reads on their way at the most, in all and for one peer.</summary>
    public const int MaxReads = 8;

    /// <summary>Reads on their way for one peer at the most.</summary>
    public const int MaxReadsForPeer = 2;

    private readonly List<NodeId> _reading = [];

    /// <summary>A peer asks for a piece.</summary>
    public void OnAsked(NodeId peer, in ChunkId id)
    {
        if (_reading.Count == MaxReads || _reading.Count(asker => asker == peer) == MaxReadsForPeer)
            return;
        if (disk.TryEnqueue(new() { Kind = DiskWorkKind.ReadChunk, Chunk = id, Peer = peer }))
            _reading.Add(peer);
    }

    /// <summary>A piece was read; no bytes: this node does not hold that snapshot.</summary>
    public void OnRead(in DiskDone read)
    {
        _reading.Remove(read.Peer);
        outbox.SendChunk(read.Peer, read.Bytes.IsEmpty ? PeerFrameType.ChunkGone : PeerFrameType.Chunk, read.Chunk, read.Bytes.Span);
    }
}
