using System.Buffers;

namespace RaftStream.Raft.Log;

/// <summary>
/// Writes a snapshot of this replica's own state: bytes in any portions, cut into chunks as they come, of which only those go to the disk that
/// no snapshot held has. Owned by whoever began it, on the store's thread.
/// </summary>
internal sealed class SnapshotWriter : IBufferWriter<byte>, IDisposable
{
    private const int SmallestBuffer = 64 * 1024;

    private readonly SnapshotStore _store;
    private readonly SnapshotDescription _description;
    private readonly SnapshotPart _part;
    private readonly ChunkCutter _cutter;
    private readonly ChunkList _list = new();
    private byte[] _buffer = new byte[SmallestBuffer];
    private int _filled;

    internal SnapshotWriter(SnapshotStore store, SnapshotDescription description, SnapshotPart part, ChunkSizes sizes)
    {
        _store = store;
        _description = description;
        _part = part;
        _cutter = new(sizes);
    }

    /// <summary>Bytes of state taken so far.</summary>
    public long Length => _list.Length + _filled;

    /// <summary>Chunks cut so far: each may have waited for the disk.</summary>
    public int Chunks => _list.Count;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        Invariant.Check(count >= 0 && count <= Room, "a writer advances within the span it was given");
        _filled += count;
        for (var length = Cut(); length > 0; length = Cut())
            TakeChunk(length);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(SnapshotChunk.HeaderSize + _filled);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>
    /// Writes the last chunk, the list and the manifest, makes the file durable, gives it its name and makes that durable: in this order, so
    /// that a file under a snapshot's name is whole. The store then knows it and drops what no snapshot held needs.
    /// </summary>
    /// <exception cref="DiskFullException">There is no room: <see cref="Abandon"/> it.</exception>
    /// <exception cref="IOException">The medium failed: there is no snapshot.</exception>
    public SnapshotManifest Finish()
    {
        if (_filled > 0)
            TakeChunk(_filled);
        var manifest = new SnapshotManifest(_description, _list.Length, _list.Count, _list.Hash());
        _part.Finish(manifest, _list);
        _store.PublishTaken(manifest, _part.Bases);
        return manifest;
    }

    /// <summary>Gives the snapshot up, and the room it takes.</summary>
    public void Abandon()
    {
        Dispose();
        _store.RemoveTaking();
    }

    /// <summary>Closes the files. One not finished is removed when the next is begun, or at a start.</summary>
    public void Dispose()
    {
        _part.Dispose();
        _store.EndTaking(_part);
    }

    private int Room => _buffer.Length - SnapshotChunk.HeaderSize - _filled;

    private int Cut() => _cutter.Find(_buffer.AsSpan(SnapshotChunk.HeaderSize, _filled));

    private void MakeRoom(int size)
    {
        if (Room < size)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, SnapshotChunk.HeaderSize + _filled + size));
    }

    private void TakeChunk(int length)
    {
        var chunk = _buffer.AsSpan(0, SnapshotChunk.HeaderSize + length);
        SnapshotChunk.Seal(chunk);
        var key = ChunkKey.Of(SnapshotChunk.DataOf(chunk));
        _part.Put(key, chunk);
        _list.Add(key);
        _filled -= length;
        _buffer.AsSpan(chunk.Length, _filled).CopyTo(_buffer.AsSpan(SnapshotChunk.HeaderSize));
    }
}
