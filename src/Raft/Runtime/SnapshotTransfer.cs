using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Fetches a snapshot from a peer, piece by piece, and hands pieces to peers that fetch ours. Owned by the consensus agent.
/// </summary>
/// <remarks>
/// The receiver pulls: it asks for one piece at a time, again after a silence, so that loss, repetition and reordering cost time
/// only, a slow receiver is never flooded, and a transfer goes on where it stopped.
/// </remarks>
internal sealed class SnapshotTransfer(Outbox outbox, BoundedQueue<DiskWork> disk, TimeSpan askAgainAfter)
{
    /// <summary>Questions without an answer after which another offer is taken.</summary>
    private const int Patience = 3;

    private ChunkId _wanted;
    private int _unanswered;
    private NodeId _holder;
    private bool _isWriting;

    /// <summary>When to ask again; never while nothing is awaited.</summary>
    public Instant AskAgainAt { get; private set; } = Instant.Never;

    /// <summary>
    /// Begins to fetch, unless a transfer is under way that makes progress: where snapshots are taken faster than they travel, running
    /// after each new one would never end.
    /// </summary>
    public void Fetch(LogPosition snapshot, NodeId holder, Instant now)
    {
        if (_wanted.Snapshot != LogPosition.Zero && _unanswered < Patience)
            return;
        (_holder, _unanswered) = (holder, 0);
        if (snapshot != _wanted.Snapshot)
            (_wanted, _isWriting) = (new(snapshot, 0), false);
        if (!_isWriting)
            Ask(now);
    }

    /// <summary>Asks again if the answer is overdue.</summary>
    public void Tick(Instant now)
    {
        if (now < AskAgainAt)
            return;
        _unanswered++;
        Ask(now);
    }

    /// <summary>A frame about chunks came in.</summary>
    public void OnFrame(NodeId from, byte[] frame, Instant now)
    {
        if (!PeerFrame.TryReadChunk(frame, out var id))
            return;
        switch ((PeerFrameType)frame[0])
        {
            case PeerFrameType.ChunkRequest:
                disk.TryEnqueue(new() { Kind = DiskWorkKind.ReadChunk, Chunk = id, Peer = from });
                break;
            case PeerFrameType.Chunk when id == _wanted && !_isWriting:
                _isWriting = disk.TryEnqueue(new() { Kind = DiskWorkKind.WriteChunk, Chunk = id, Bytes = frame.AsMemory(PeerFrame.ChunkHeaderSize) });
                _unanswered = 0;
                AskAgainAt = _isWriting ? Instant.Never : now + askAgainAfter;
                break;
            case PeerFrameType.ChunkGone when id.Snapshot == _wanted.Snapshot && from == _holder:
                Forget(); // The leader offers a newer one in time.
                break;
            default:
                break;
        }
    }

    /// <summary>A piece was read for a peer.</summary>
    public void OnRead(in DiskDone read)
    {
        var type = read.Bytes.IsEmpty ? PeerFrameType.ChunkGone : PeerFrameType.Chunk;
        outbox.SendChunk(read.Peer, type, read.Chunk, read.Bytes.Span);
    }

    /// <summary>A piece was looked at by the disk. The position, once the whole snapshot is durable here.</summary>
    public LogPosition? OnWritten(in DiskDone written, Instant now)
    {
        if (written.Chunk.Snapshot != _wanted.Snapshot)
            return null;
        _isWriting = false;
        if (written.IsComplete)
        {
            Forget();
            return written.Chunk.Snapshot;
        }

        _wanted = written.Chunk;
        Ask(now);
        return null;
    }

    /// <summary>The disk has no room for what is fetched: it is forgotten, and the leader offers one again in time.</summary>
    public void OnAbandoned(LogPosition snapshot)
    {
        if (snapshot == _wanted.Snapshot)
            Forget();
    }

    private void Ask(Instant now)
    {
        outbox.SendChunk(_holder, PeerFrameType.ChunkRequest, _wanted, default);
        AskAgainAt = now + askAgainAfter;
    }

    private void Forget() => (_wanted, _isWriting, AskAgainAt) = (default, false, Instant.Never);
}
