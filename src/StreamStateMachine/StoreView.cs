using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>The state of a store at one moment. Made by <see cref="CountingStore.Capture"/>; how it is written and given up: <see cref="TicketedSteps"/>.</summary>
internal sealed class StoreView : ISnapshotView
{
    private readonly TicketedSteps _steps;

    /// <summary>The view of a ticket, over what was frozen when it was taken.</summary>
    public StoreView(CaptureTicket ticket, FrozenTable counters, IReadOnlyList<PartitionState> partitions, ulong stateHash) =>
        _steps = new(ticket, piece => Steps(piece, counters, partitions, stateHash));

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The view was disposed.</exception>
    public bool WriteNext(IBufferWriter<byte> destination) => _steps.WriteNext(destination);

    /// <inheritdoc/>
    public void Dispose() => _steps.Dispose();

    /// <summary>Writes the snapshot, pausing where a piece is full.</summary>
    private static IEnumerable<bool> Steps(PieceWriter piece, FrozenTable counters, IReadOnlyList<PartitionState> partitions, ulong stateHash)
    {
        StoreSnapshot.WriteHead(piece, partitions.Count);
        foreach (var partition in partitions)
        {
            if (piece.IsFull)
                yield return true;
            StoreSnapshot.WritePartition(piece, partition);
            foreach (var letter in partition.Letters)
            {
                if (piece.IsFull)
                    yield return true;
                StoreSnapshot.WriteLetter(piece, letter);
            }
        }

        StoreSnapshot.WriteKeysHead(piece, counters.Count);
        var order = new HashOrder(counters);
        while (order.TryNext(out var entry))
        {
            if (piece.IsFull)
                yield return true;
            if (!entry.HoldsBytes)
            {
                StoreSnapshot.WriteCounter(piece, counters.Keys.KeyOf(entry), entry.Value);
                continue;
            }

            var place = new ValuePlace(entry.Value);
            StoreSnapshot.WriteBytesHead(piece, counters.Keys.KeyOf(entry), place.Length);
            for (var written = 0; written < place.Length;)
            {
                if (piece.IsFull)
                    yield return true;
                var part = Math.Min(PieceWriter.LargestItem, place.Length - written);
                piece.Write(counters.Values.At(place).Slice(written, part));
                written += part;
            }
        }

        StoreSnapshot.WriteEnd(piece, stateHash);
    }
}
