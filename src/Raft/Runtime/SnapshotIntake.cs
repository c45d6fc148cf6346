using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>Takes the pieces of a snapshot of another replica, and says which one is lacking next. Owned by the disk agent.</summary>
/// <remarks>
/// The answer to a piece waits until it is known which one is wanted next: chunks that older snapshots here hold are read first. One is read in
/// a slice, so that no write of the log waits behind a whole state.
/// </remarks>
internal sealed class SnapshotIntake(SnapshotStore snapshots)
{
    private SnapshotReceiver? _looking;

    /// <summary>Whether an answer waits for <see cref="Look"/>.</summary>
    public bool IsLooking => _looking is not null;

    /// <summary>A piece came in; null: the answer comes later.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public DiskDone? Take(ChunkId piece, ReadOnlySpan<byte> bytes)
    {
        _looking = null;
        try
        {
            var receiver = snapshots.BeginReceive(piece.Snapshot);
            var outcome = receiver.Accept(piece.Chunk, bytes);
            if (!receiver.IsLooking)
                return AnswerOf(receiver, outcome);
            _looking = receiver;
            return null;
        }
        catch (DiskFullException)
        {
            return Abandon(piece.Snapshot);
        }
    }

    /// <summary>Looks at the next chunk; null: there are more to be looked at.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public DiskDone? Look()
    {
        var receiver = _looking!;
        try
        {
            // One given up meanwhile, because an own snapshot is as new, begins anew if anybody asks for it.
            var outcome = receiver.IsUsable ? receiver.Look() : PieceOutcome.NotNext;
            if (receiver is { IsUsable: true, IsLooking: true })
                return null;
            _looking = null;
            return AnswerOf(receiver, outcome);
        }
        catch (DiskFullException)
        {
            _looking = null;
            return Abandon(receiver.Position);
        }
    }

    private static DiskDone AnswerOf(SnapshotReceiver receiver, PieceOutcome outcome) => new()
    {
        Kind = DiskDoneKind.ChunkWritten,
        Chunk = new(receiver.Position, receiver.IsUsable ? receiver.NextPiece : 0),
        IsDamaged = outcome == PieceOutcome.Damaged,
        IsComplete = outcome == PieceOutcome.Finished,
        Members = receiver.Manifest?.Description.Members ?? default,
    };

    private DiskDone Abandon(LogPosition snapshot)
    {
        snapshots.AbandonReceive();
        return new() { Kind = DiskDoneKind.FetchAbandoned, Chunk = new(snapshot, 0) };
    }
}
