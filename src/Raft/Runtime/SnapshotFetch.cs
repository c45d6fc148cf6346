using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Fetches a snapshot from whoever holds it, piece by piece. Owned by the consensus agent.
/// </summary>
/// <remarks>
/// The receiver pulls: it asks for one piece at a time, again after a silence, so that loss, repetition and reordering cost time
/// only, a slow receiver is never flooded, and a transfer goes on where it stopped, after a restart of this process, too. Every replica's snapshot
/// at a position is the same bytes, so any member will do: the leader, which has most to do, is asked last. A pace keeps the disks and the
/// network free for what cannot wait.
/// </remarks>
internal sealed class SnapshotFetch(Outbox outbox, BoundedQueue<DiskWork> disk, Membership membership, TimeSpan askAgainAfter, long bytesPerSecond)
{
    private ChunkId _wanted;
    private NodeId _leader;
    private NodeId _holder;
    private int _failures;
    private bool _isWriting;
    private bool _isPausing;
    private Instant _askedAt;

    /// <summary>When to ask, or ask again; never while nothing is awaited.</summary>
    public Instant AskAgainAt { get; private set; } = Instant.Never;

    /// <summary>
    /// Begins to fetch, unless a transfer is under way that makes progress: where snapshots are taken faster than they travel, running
    /// after each new one would never end.
    /// </summary>
    public void Begin(LogPosition snapshot, NodeId leader, Instant now)
    {
        if (_wanted.Snapshot != LogPosition.Zero && _failures <= membership.Current.Count)
            return;
        (_leader, _failures) = (leader, 0);
        if (snapshot != _wanted.Snapshot)
            (_wanted, _isWriting) = (new(snapshot, 0), false);
        _holder = Holder();
        if (!_isWriting)
            Ask(now);
    }

    /// <summary>Asks if it is time to; somebody else, if the answer is overdue.</summary>
    public void Tick(Instant now)
    {
        if (now < AskAgainAt)
            return;
        if (!_isPausing)
            GiveHolderUp();
        Ask(now);
    }

    /// <summary>A piece came in.</summary>
    public void OnPiece(in ChunkId id, ReadOnlyMemory<byte> bytes, Instant now)
    {
        if (id != _wanted || _isWriting || _isPausing)
            return;
        _isWriting = disk.TryEnqueue(new() { Kind = DiskWorkKind.WriteChunk, Chunk = id, Bytes = bytes });
        AskAgainAt = _isWriting ? Instant.Never : now + askAgainAfter;
        _askedAt += TimeSpan.FromSeconds(bytes.Length / (double)bytesPerSecond);
    }

    /// <summary>The holder has it no more: the next one is asked; where nobody has it, the leader offers a newer one in time.</summary>
    public void OnGone(in ChunkId id, NodeId from, Instant now)
    {
        if (id.Snapshot != _wanted.Snapshot || from != _holder)
            return;
        GiveHolderUp();
        if (_failures > membership.Current.Count)
            Forget();
        else if (!_isWriting)
            Ask(now);
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
        if (written.IsDamaged)
            GiveHolderUp();
        else
            _failures = 0;
        if (now >= _askedAt)
            Ask(now);
        else
            (_isPausing, AskAgainAt) = (true, _askedAt);
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
        (_askedAt, AskAgainAt, _isPausing) = (now, now + askAgainAfter, false);
    }

    private void GiveHolderUp()
    {
        _failures++;
        _holder = Holder();
    }

    /// <summary>Whom to ask after so many failures: the other voters in turn, each node beginning behind itself, then the leader, and again.</summary>
    private NodeId Holder()
    {
        var configuration = membership.Current;
        var others = new List<NodeId>(Configuration.MaxMembers);
        for (var step = 1; step <= configuration.Count; step++)
        {
            var slot = (membership.Self + step) % configuration.Count;
            if (slot != membership.Self && configuration.IdAt(slot) != _leader && configuration.Votes(slot))
                others.Add(configuration.IdAt(slot));
        }

        var turn = _failures % (others.Count + 1);
        return turn < others.Count ? others[turn] : _leader;
    }

    private void Forget() => (_wanted, _isWriting, _isPausing, AskAgainAt) = (default, false, false, Instant.Never);
}
