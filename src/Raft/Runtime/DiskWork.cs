using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>What the consensus agent asks of the disk agent.</summary>
internal enum DiskWorkKind : byte
{
    /// <summary>Hard state and entries: one part of a group commit.</summary>
    Write = 0,

    /// <summary>Throw the log away: it goes on behind a snapshot that is on disk.</summary>
    Install = 1,

    /// <summary>Read entries for an append to a peer.</summary>
    ReadForPeer = 2,

    /// <summary>Read entries to apply.</summary>
    ReadToApply = 3,

    /// <summary>Write a captured state as a snapshot, and then forget the entries that two snapshots hold.</summary>
    SaveSnapshot = 4,

    /// <summary>Read a chunk of a snapshot for a peer.</summary>
    ReadChunk = 5,

    /// <summary>Write a received chunk.</summary>
    WriteChunk = 6,
}

/// <summary>One piece of work for the disk; which fields count depends on the kind.</summary>
internal readonly record struct DiskWork
{
    public required DiskWorkKind Kind { get; init; }

    /// <summary>Write, Install: answered when durable.</summary>
    public long Sequence { get; init; }

    /// <summary>Write: the hard state, if it changed.</summary>
    public HardState? HardState { get; init; }

    /// <summary>Write: records. WriteChunk: the chunk's bytes.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Write, reads: the first entry.</summary>
    public LogIndex First { get; init; }

    /// <summary>Write, reads: how many entries.</summary>
    public int Count { get; init; }

    /// <summary>ReadForPeer: the append to send.</summary>
    public Message Message { get; init; }

    /// <summary>ReadChunk, WriteChunk: which chunk. Install: which snapshot.</summary>
    public ChunkId Chunk { get; init; }

    /// <summary>ReadChunk: who asks.</summary>
    public NodeId Peer { get; init; }

    /// <summary>SaveSnapshot: the captured state.</summary>
    public CapturedState? Captured { get; init; }

    /// <summary>SaveSnapshot: the configuration in force there, as the manifest keeps it.</summary>
    public ReadOnlyMemory<byte> Members { get; init; }
}

/// <summary>A state fixed at a place in the log, to be written as a snapshot.</summary>
internal sealed record CapturedState(LogPosition Position, long Time, ulong StateHash, ISnapshotView View);

/// <summary>What the disk agent answers.</summary>
internal enum DiskDoneKind : byte
{
    /// <summary>All writes up to a sequence are durable.</summary>
    Durable = 0,

    /// <summary>The disk refused: this replica must fall silent.</summary>
    Failed = 1,

    /// <summary>The entries of an append were read.</summary>
    ReadForPeer = 2,

    /// <summary>Entries to apply were read.</summary>
    ReadToApply = 3,

    /// <summary>A snapshot of the own state is durable, and the log begins behind <see cref="DiskDone.First"/>.</summary>
    SnapshotSaved = 4,

    /// <summary>A chunk for a peer was read; no bytes: this node does not hold that snapshot.</summary>
    ChunkRead = 5,

    /// <summary>
    /// A received piece was looked at; <see cref="DiskDone.Chunk"/> says which one is wanted next, <see cref="DiskDone.IsComplete"/>
    /// that none is: the whole snapshot is durable.
    /// </summary>
    ChunkWritten = 6,

    /// <summary>A snapshot was installed under the log and can be restored.</summary>
    Installed = 7,

    /// <summary>There is no room for the log's next segment. What was acknowledged stands, and the segment in use goes on while it lasts.</summary>
    StorageFull = 8,

    /// <summary>After <see cref="StorageFull"/>: the next segment is there.</summary>
    StorageFreed = 9,

    /// <summary>The snapshot being received, <see cref="DiskDone.Chunk"/>, was given up, because there is no room for it.</summary>
    FetchAbandoned = 10,
}

/// <summary>One answer of the disk; which fields count depends on the kind.</summary>
internal readonly record struct DiskDone
{
    public required DiskDoneKind Kind { get; init; }

    public long Sequence { get; init; }

    /// <summary>Reads: records or the chunk.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    public LogIndex First { get; init; }

    public int Count { get; init; }

    public Message Message { get; init; }

    public ChunkId Chunk { get; init; }

    public NodeId Peer { get; init; }

    public bool IsComplete { get; init; }

    /// <summary>ChunkWritten: the piece was not what it should be, and the one wanted next is best asked of somebody else.</summary>
    public bool IsDamaged { get; init; }

    /// <summary>ChunkWritten, complete: the configuration in the snapshot's manifest.</summary>
    public ReadOnlyMemory<byte> Members { get; init; }

    /// <summary>Installed: reads the snapshot's state.</summary>
    public SnapshotReader? Snapshot { get; init; }

    /// <summary>Failed: one sentence.</summary>
    public string? Problem { get; init; }
}
