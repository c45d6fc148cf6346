using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>Passes the bytes of a snapshot on, and says when those of the piece under way are enough. Owned by one view.</summary>
internal sealed class PieceWriter : IBufferWriter<byte>
{
    /// <summary>The largest piece in bytes.</summary>
    public const int PieceSize = 64 * 1024;

    /// <summary>
    /// Nothing that is written in one go takes more, in bytes: a key, a dead letter, a partition's names and hash, a part of a value.
    /// </summary>
    public const int LargestItem = 8 * 1024;

    private IBufferWriter<byte>? _destination;

    /// <summary>The bytes of this piece so far.</summary>
    public int Written { get; private set; }

    /// <summary>Whether another item may not fit into this piece.</summary>
    public bool IsFull => Written > PieceSize - LargestItem;

    /// <summary>Begins a piece.</summary>
    public void Begin(IBufferWriter<byte> destination) => (_destination, Written) = (destination, 0);

    /// <summary>Ends it.</summary>
    public void End() => _destination = null;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        _destination!.Advance(count);
        Written += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _destination!.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _destination!.GetSpan(sizeHint);
}
