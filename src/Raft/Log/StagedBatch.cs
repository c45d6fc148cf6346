namespace RaftStream.Raft.Log;

/// <summary>
/// The batch being collected: records in the order they were staged, with room for the header in front. One buffer, used again and
/// again; one that a huge batch made huge is given back.
/// </summary>
internal sealed class StagedBatch(int maxSize)
{
    private const int UsualCapacity = 64 * 1024;
    private const int KeptCapacity = 4 * 1024 * 1024;

    private byte[] _buffer = new byte[UsualCapacity];
    private int _end = BatchHeader.Size;

    /// <summary>Whether nothing is staged.</summary>
    public bool IsEmpty => _end == BatchHeader.Size;

    /// <summary>The records staged.</summary>
    public ReadOnlySpan<byte> Body => _buffer.AsSpan(BatchHeader.Size, _end - BatchHeader.Size);

    /// <summary>The batch in bytes, header included.</summary>
    public int Size => _end;

    /// <summary>Room for a record of that many bytes behind those staged.</summary>
    public Span<byte> Extend(int size)
    {
        Invariant.Check(size <= maxSize - _end, "what is staged fits the largest batch");
        if (_buffer.Length - _end < size)
            Array.Resize(ref _buffer, Math.Max(_end + size, (int)Math.Min(maxSize, _buffer.Length * 2L)));
        var room = _buffer.AsSpan(_end, size);
        _end += size;
        return room;
    }

    /// <summary>Writes the header in front and returns the whole batch.</summary>
    public ReadOnlySpan<byte> Seal(Segment segment, int offset, long number, long durable)
    {
        BatchHeader.Of(Body, offset, segment.Number, number, durable).Write(_buffer, segment.Salt);
        return _buffer.AsSpan(0, _end);
    }

    /// <summary>Empties the batch.</summary>
    public void Clear()
    {
        _end = BatchHeader.Size;
        if (_buffer.Length > KeptCapacity)
            _buffer = new byte[UsualCapacity];
    }
}
