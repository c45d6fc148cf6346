using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// A snapshot that has been written out already, in pieces of up to 64 KiB. Made by <see cref="StoreSnapshot"/> within one call on the
/// applying thread; from then on it shares nothing with the store and belongs to whoever carries it to disk.
/// </summary>
internal sealed class SnapshotPieces : IBufferWriter<byte>, ISnapshotView
{
    /// <summary>The largest piece in bytes.</summary>
    public const int PieceSize = 64 * 1024;

    private readonly Queue<ReadOnlyMemory<byte>> _full = new();
    private byte[] _piece = new byte[PieceSize];
    private int _used;

    /// <inheritdoc/>
    public void Advance(int count) => _used += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _piece.AsMemory(_used);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _piece.AsSpan(_used);
    }

    /// <inheritdoc/>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (_full.TryDequeue(out var piece))
        {
            destination.Write(piece.Span);
            return true;
        }

        if (_used == 0)
            return false;
        destination.Write(_piece.AsSpan(0, _used));
        _used = 0;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _full.Clear();
        _piece = [];
        _used = 0;
    }

    private void Reserve(int sizeHint)
    {
        Invariant.Check(sizeHint <= PieceSize, "no value of a snapshot is larger than a piece");
        if (_piece.Length - _used >= Math.Max(sizeHint, 1))
            return;
        _full.Enqueue(_piece.AsMemory(0, _used));
        _piece = new byte[PieceSize];
        _used = 0;
    }
}

/// <summary>A window that moves over a snapshot's bytes as they are read, so that restoring takes the state's memory and 64 KiB.</summary>
internal sealed class SnapshotWindow(ISnapshotReader source)
{
    /// <summary>No single value, or group of values that is read in one go, takes more bytes: a key of 4,096, two names of 600 each.</summary>
    public const int LargestItem = 8 * 1024;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _ended;
    private long _passed;

    /// <summary>Reads on from here; at least <see cref="LargestItem"/> bytes, unless the snapshot ends sooner.</summary>
    public MessagePackReader Reader()
    {
        if (_end - _start < LargestItem && !_ended)
            Fill();
        return new(_buffer.AsSpan(_start, _end - _start), _ended ? 0 : long.MaxValue);
    }

    /// <summary>Moves past what was read.</summary>
    public void Advance(int count)
    {
        _start += count;
        _passed += count;
    }

    /// <summary>The sentence for a snapshot that is wrong here.</summary>
    public InvalidDataException Damaged(string what) =>
        new($"The snapshot is damaged near byte {_passed}, at {what}: restore another copy of it.");

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < _buffer.Length && !_ended)
        {
            var read = source.Read(_buffer.AsSpan(_end));
            _end += read;
            _ended = read == 0;
        }
    }
}
