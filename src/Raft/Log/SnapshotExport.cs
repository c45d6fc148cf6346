namespace RaftStream.Raft.Log;

/// <summary>
/// A snapshot as one file that needs no other, byte by byte as a replica writes it that has no older one: what a backup is. It is
/// put together while it is read, from the files that are open in it. Owned by its reader, used by one thread at a time.
/// </summary>
/// <remarks>The bytes are not verified here: who takes a backup verifies it whole.</remarks>
internal sealed class SnapshotExport : Stream
{
    private readonly SnapshotFile _file;
    private readonly List<(ChunkPlace Place, long Start)> _chunks = [];
    private readonly byte[] _end = [];
    private readonly long _records;
    private long _position;
    private int _next;

    /// <summary>Reads from a snapshot, which it closes in the end.</summary>
    public SnapshotExport(SnapshotFile file)
    {
        _file = file;
        if (file.IsOld)
        {
            // It stands in one file as it is.
            _chunks.Add((new(0, 0), 0));
            _records = file.FileSize;
            return;
        }

        var (layout, known) = (file.Layout, new Dictionary<ChunkKey, ChunkPlace>());
        var places = new ChunkPlace[layout.List.Count];
        for (var chunk = 0; chunk < places.Length; chunk++)
        {
            var key = layout.List[chunk];
            if (!known.TryGetValue(key, out var place))
            {
                _chunks.Add((layout.Places[chunk], _records));
                known.Add(key, place = new(0, _records));
                _records += key.RecordSize;
            }

            places[chunk] = place;
        }

        _end = new SnapshotLayout(layout.Manifest, layout.List, places, [], _records).ToBytes();
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _records + _end.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("A backup is read from start to end.");
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = _position < _records ? ReadChunk(buffer) : ReadEnd(buffer);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is ever written.
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A backup is read from start to end.");

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("A backup that is read has its length.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A backup that is read is not written.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private int ReadChunk(Span<byte> buffer)
    {
        while (_next + 1 < _chunks.Count && _chunks[_next + 1].Start <= _position)
            _next++;
        var (place, start) = _chunks[_next];
        var end = _next + 1 < _chunks.Count ? _chunks[_next + 1].Start : _records;
        var count = _file.ReadRaw(place.File, place.Offset + (_position - start), buffer[..(int)Math.Min(buffer.Length, end - _position)]);
        if (count == 0 && !buffer.IsEmpty)
            throw new EndOfStreamException("A file of the snapshot has become shorter: take the backup from another node.");
        return count;
    }

    private int ReadEnd(Span<byte> buffer)
    {
        var rest = _end.AsSpan((int)(_position - _records));
        rest = rest[..Math.Min(rest.Length, buffer.Length)];
        rest.CopyTo(buffer);
        return rest.Length;
    }
}
