using System.Buffers;

namespace RaftStream.Raft.Log;

/// <summary>
/// Writes a snapshot of this replica's own state: bytes in any portions, cut into chunks as they come. Owned by whoever began it, on
/// the store's thread.
/// </summary>
/// <remarks>
/// Synced every few chunks, so that no single sync has a whole state to write and delays the commits that share the disk.
/// </remarks>
internal sealed class SnapshotWriter : IBufferWriter<byte>, IDisposable
{
    private const int ChunksPerSync = 4;
    private const int SmallestBuffer = 64 * 1024;

    private readonly SnapshotStore _store;
    private readonly SnapshotDescription _description;
    private readonly IDiskFile _file;
    private byte[] _buffer = new byte[SmallestBuffer];
    private int _filled;
    private long _length;
    private int _chunks;

    internal SnapshotWriter(SnapshotStore store, SnapshotDescription description, IDiskFile file)
    {
        _store = store;
        _description = description;
        _file = file;
    }

    /// <summary>Bytes of state taken so far.</summary>
    public long Length => _length + _filled;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        Invariant.Check(count >= 0 && count <= Room, "a writer advances within the span it was given");
        _filled += count;
        while (_filled >= SnapshotChunk.MaxLength)
            WriteChunk(SnapshotChunk.MaxLength);
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
    /// Writes the last chunk and the manifest, makes the file durable, gives it its name and makes that durable: in this order, so
    /// that a file under a snapshot's name is whole. The store then knows it and drops the oldest.
    /// </summary>
    /// <exception cref="DiskFullException">There is no room: <see cref="Abandon"/> it.</exception>
    /// <exception cref="IOException">The medium failed: there is no snapshot.</exception>
    public SnapshotManifest Finish()
    {
        if (_filled > 0)
            WriteChunk(_filled);
        var manifest = new SnapshotManifest(_description, _length);
        _file.Write(manifest.Offset, manifest.ToBytes());
        _file.SyncData();
        _file.Dispose();
        _store.PublishTaken(manifest);
        return manifest;
    }

    /// <summary>Gives the snapshot up, and the room it takes.</summary>
    public void Abandon()
    {
        _file.Dispose();
        _store.RemoveTaking();
    }

    /// <summary>Closes the file. One not finished is removed when the next is begun, or at a start.</summary>
    public void Dispose() => _file.Dispose();

    private int Room => _buffer.Length - SnapshotChunk.HeaderSize - _filled;

    private void MakeRoom(int size)
    {
        if (Room < size)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, SnapshotChunk.HeaderSize + _filled + size));
    }

    private void WriteChunk(int length)
    {
        var chunk = _buffer.AsSpan(0, SnapshotChunk.HeaderSize + length);
        SnapshotChunk.Seal(chunk, _chunks);
        _file.Write(SnapshotChunk.OffsetOf(_chunks), chunk);
        _chunks++;
        _length += length;
        _filled -= length;
        _buffer.AsSpan(chunk.Length, _filled).CopyTo(_buffer.AsSpan(SnapshotChunk.HeaderSize));
        if (_chunks % ChunksPerSync == 0)
            _file.SyncData();
    }
}
