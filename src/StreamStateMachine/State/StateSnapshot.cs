using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The snapshot of a job's state, one MessagePack value that any language reads: [count, hash, key, value, key, value ...], keys and values as binary and in the order of the
/// keys' bytes: the entries alone decide the bytes. Reading checks order, ranges and hash, so damage shows.
/// </summary>
/// <remarks>One is the writing of one capture, in pieces, by one thread at a time.</remarks>
internal sealed class StateSnapshot : IDisposable
{
    private const int HeadItems = 2;
    private const int ItemsOfEntry = 2;

    private readonly PieceWriter _piece = new();
    private IEnumerator<bool>? _steps;
    private bool _isComplete;

    /// <summary>The snapshot of a capture; its ticket must live and be entered while a piece is written.</summary>
    public StateSnapshot(FrozenTree tree) => _steps = Steps(tree, _piece).GetEnumerator();

    /// <summary>Writes the next piece, of <see cref="PieceWriter.PieceSize"/> bytes at most. False: there is no more.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed, or a destination failed.</exception>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (_isComplete)
            return false;
        var steps = _steps;
        ObjectDisposedException.ThrowIf(steps is null, this);
        _steps = null; // A destination that fails has half a piece: going on would leave a gap in what looks complete.
        _piece.Begin(destination);
        _isComplete = !steps.MoveNext();
        _piece.End();
        _steps = steps;
        return _piece.Written > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _steps?.Dispose();
        _steps = null;
    }

    /// <summary>Writes the entries of a capture, to be part of something larger; pauses wherever the piece is full.</summary>
    public static IEnumerable<bool> Steps(FrozenTree tree, PieceWriter piece)
    {
        WriteHead(piece, tree.Count, tree.Hash);
        var cursor = new TreeCursor();
        for (var isThere = tree.TryCeiling(default, cursor); isThere; isThere = cursor.MoveNext())
        {
            if (piece.IsFull)
                yield return true;
            WriteEntryHead(piece, cursor.Key, cursor.Value.Length);
            for (var written = 0; written < cursor.Value.Length;)
            {
                if (piece.IsFull)
                    yield return true;
                var part = Math.Min(PieceWriter.LargestItem, cursor.Value.Length - written);
                piece.Write(cursor.Value.Slice(written, part));
                written += part;
            }
        }
    }

    /// <summary>Begins a snapshot; that many entries follow.</summary>
    public static void WriteHead(IBufferWriter<byte> output, int count, ulong hash)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(HeadItems + (ItemsOfEntry * count));
        writer.Write(count);
        writer.Write(hash);
    }

    /// <summary>Writes a key and begins its value; that many bytes must follow.</summary>
    public static void WriteEntryHead(IBufferWriter<byte> output, ReadOnlySpan<byte> key, int valueLength)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteBinary(key);
        writer.WriteBinaryHeader(valueLength);
    }

    /// <summary>Reads entries into an empty tree, and stands behind them then.</summary>
    /// <exception cref="InvalidDataException">The bytes are no state of a job, or are damaged.</exception>
    public static void Read(SnapshotWindow window, StateTree tree)
    {
        Invariant.Check(tree.Count == 0, "a state is read into an empty tree");
        var reader = window.Reader();
        if (!reader.TryReadArrayHeader(out var items) || !reader.TryReadInt64(out var count) || count is < 0 or > StateTree.MaxEntries || items != HeadItems + (ItemsOfEntry * count))
            throw window.Damaged("the count of a job's entries");
        if (!reader.TryReadUInt64(out var hash))
            throw window.Damaged("the hash of a job's entries");
        window.Advance(reader.Position);
        var last = new byte[StateTree.MaxKeyBytes];
        var value = new byte[SnapshotWindow.LargestItem];
        var lastLength = 0;
        for (var i = 0; i < count; i++)
        {
            reader = window.Reader();
            if (!reader.TryReadBinary(out var key) || key.Length is < 1 or > StateTree.MaxKeyBytes)
                throw window.Damaged("a key of a job");
            if (key.SequenceCompareTo(last.AsSpan(0, lastLength)) <= 0)
                throw window.Damaged("a key of a job out of order");
            if (!reader.TryReadBinaryHeader(out var length) || length > StateTree.MaxValueBytes)
                throw window.Damaged("a value of a job");
            key.CopyTo(last);
            lastLength = key.Length;
            window.Advance(reader.Position);
            if (value.Length < length)
                value = new byte[StateTree.MaxValueBytes];
            if (!window.TryCopy(value.AsSpan(0, length)))
                throw window.Damaged("a value of a job that is cut short");
            tree.Append(last.AsSpan(0, lastLength), value.AsSpan(0, length));
        }

        if (tree.Hash != hash)
            throw window.Damaged("a hash that is not that of a job's entries");
    }
}
