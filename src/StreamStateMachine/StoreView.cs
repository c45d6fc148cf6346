using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The state of a store at one moment, written out a piece at a time by another thread while applying goes on. Made by
/// <see cref="CountingStore.Capture"/>; holds pages of the store until it is disposed or all has been written.
/// </summary>
/// <remarks>
/// The work of a piece does not depend on the size of the state, so that whoever writes can do something else in between. It may be
/// disposed at any time from any thread; a piece that is being written then is finished first.
/// </remarks>
internal sealed class StoreView : ISnapshotView
{
    /// <summary>The largest piece in bytes.</summary>
    public const int PieceSize = PieceWriter.PieceSize;

    private readonly CaptureTicket _ticket;
    private readonly PieceWriter _piece = new();
    private IEnumerator<bool>? _steps;
    private bool _isComplete;

    /// <summary>The view of a ticket, over what was frozen when it was taken.</summary>
    public StoreView(CaptureTicket ticket, FrozenTable counters, IReadOnlyList<PartitionState> partitions, ulong stateHash)
    {
        _ticket = ticket;
        _steps = Steps(counters, partitions, stateHash).GetEnumerator();
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The view was disposed.</exception>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (_isComplete)
            return false;
        var steps = _steps;
        ObjectDisposedException.ThrowIf(steps is null || !_ticket.TryEnter(), this);
        var isWhole = false;
        try
        {
            _piece.Begin(destination);
            _isComplete = !steps.MoveNext();
            isWhole = true;
        }
        finally
        {
            _piece.End();
            _ticket.Leave();
            if (!isWhole)
                Dispose(); // A destination that failed has half a piece: going on would leave a gap in what looks complete.
        }

        if (_isComplete)
            Dispose();
        return _piece.Written > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Whoever keeps the object keeps no pages with it.
        _steps = null;
        _ticket.Release();
    }

    /// <summary>Writes the snapshot, pausing where a piece is full.</summary>
    private IEnumerable<bool> Steps(FrozenTable counters, IReadOnlyList<PartitionState> partitions, ulong stateHash)
    {
        StoreSnapshot.WriteHead(_piece, partitions.Count);
        foreach (var partition in partitions)
        {
            if (_piece.IsFull)
                yield return true;
            StoreSnapshot.WritePartition(_piece, partition);
            foreach (var letter in partition.Letters)
            {
                if (_piece.IsFull)
                    yield return true;
                StoreSnapshot.WriteLetter(_piece, letter);
            }
        }

        StoreSnapshot.WriteKeysHead(_piece, counters.Count);
        var order = new HashOrder(counters);
        while (order.TryNext(out var entry))
        {
            if (_piece.IsFull)
                yield return true;
            if (!entry.HoldsBytes)
            {
                StoreSnapshot.WriteCounter(_piece, counters.Keys.KeyOf(entry), entry.Value);
                continue;
            }

            var place = new ValuePlace(entry.Value);
            StoreSnapshot.WriteBytesHead(_piece, counters.Keys.KeyOf(entry), place.Length);
            for (var written = 0; written < place.Length;)
            {
                if (_piece.IsFull)
                    yield return true;
                var part = Math.Min(PieceWriter.LargestItem, place.Length - written);
                _piece.Write(counters.Values.At(place).Slice(written, part));
                written += part;
            }
        }

        StoreSnapshot.WriteEnd(_piece, stateHash);
    }
}
