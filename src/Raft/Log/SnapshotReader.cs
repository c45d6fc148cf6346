namespace RaftStream.Raft.Log;

/// <summary>Reads a snapshot's state from start to end, verifying each chunk before a byte of it is handed out. Owned by its opener.</summary>
internal sealed class SnapshotReader(SnapshotFile file) : ISnapshotReader, IDisposable
{
    private byte[] _chunk = [];
    private int _next;
    private int _position;
    private int _end;

    /// <summary>What the snapshot stands for.</summary>
    public SnapshotManifest Manifest => file.Manifest;

    /// <inheritdoc/>
    public LogPosition Position => file.Manifest.Position;

    /// <summary>Reads the next bytes; 0 only at the end.</summary>
    /// <exception cref="IOException">The medium failed or a chunk is damaged.</exception>
    public int Read(Span<byte> destination)
    {
        if (destination.IsEmpty)
            return 0;
        if (_position == _end)
        {
            if (_next == file.Manifest.Chunks)
                return 0;
            var size = file.Layout.List[_next].RecordSize;
            if (_chunk.Length < size)
                _chunk = new byte[size];
            file.ReadChunk(_next, _chunk.AsSpan(0, size));
            _next++;
            _position = SnapshotChunk.HeaderSize;
            _end = size;
        }

        var count = Math.Min(destination.Length, _end - _position);
        _chunk.AsSpan(_position, count).CopyTo(destination);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
