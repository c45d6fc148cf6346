namespace RaftStream.Raft.Wire;

/// <summary>
/// Cuts what arrives on one connection into frames and checks them. Owned by the connection's read loop; lives as long as it.
/// </summary>
/// <remarks>
/// Small frames are cut from one buffer, so that one read of the socket yields many of them. A frame that does not fit gets an array
/// of its own, which grows only as its bytes really arrive, doubling up to the announced length: a peer that announces 16 MiB and
/// sends ten bytes costs 128 KiB. A connection that has already delivered a whole frame of some size is believed at once up to twice
/// that size, so that steady traffic of large frames pays for one exact array each and nothing more.
/// </remarks>
internal sealed class FrameReader(Stream stream, Lane lane)
{
    private const int BufferSize = 64 * 1024;

    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private int _proven = BufferSize;

    /// <summary>The frame that the last successful <see cref="ReadAsync"/> found, as agents see it. The caller's to keep.</summary>
    public byte[] Current { get; private set; } = [];

    /// <summary>
    /// Reads the next frame into <see cref="Current"/>. Anything but <see cref="FrameFault.None"/> ends the connection: behind a
    /// damaged frame nobody knows where the next one starts.
    /// </summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<FrameFault> ReadAsync(CancellationToken cancellationToken)
    {
        while (_end - _start < Frame.OuterSize)
        {
            if (!await FillAsync(cancellationToken))
                return _end == _start ? FrameFault.Ended : FrameFault.CutShort;
        }

        var fault = Frame.ReadOuter(_buffer.AsSpan(_start, Frame.OuterSize), lane, out var length, out var checksum);
        if (fault != FrameFault.None)
            return fault;
        _start += Frame.OuterSize;
        var frame = length <= BufferSize
            ? await ReadSmallAsync(length, cancellationToken)
            : await ReadLargeAsync(length, cancellationToken);
        if (frame is null)
            return FrameFault.CutShort;
        if (Frame.Checksum(frame) != checksum)
            return FrameFault.BadChecksum;
        _proven = Math.Max(_proven, length);
        Current = frame;
        return FrameFault.None;
    }

    private async ValueTask<byte[]?> ReadSmallAsync(int length, CancellationToken cancellationToken)
    {
        while (_end - _start < length)
        {
            if (!await FillAsync(cancellationToken))
                return null;
        }

        var frame = GC.AllocateUninitializedArray<byte>(length);
        _buffer.AsSpan(_start, length).CopyTo(frame);
        _start += length;
        return frame;
    }

    private async ValueTask<byte[]?> ReadLargeAsync(int length, CancellationToken cancellationToken)
    {
        var frame = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, 2L * _proven));
        var have = Math.Min(_end - _start, length);
        _buffer.AsSpan(_start, have).CopyTo(frame);
        _start += have;
        while (have < length)
        {
            if (have == frame.Length)
            {
                var larger = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, 2L * frame.Length));
                frame.CopyTo(larger.AsSpan());
                frame = larger;
            }

            var count = await stream.ReadAsync(frame.AsMemory(have), cancellationToken);
            if (count == 0)
                return null;
            have += count;
        }

        return frame;
    }

    /// <summary>Reads what there is behind what is buffered; false at the end of the connection.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            // What is left is part of one frame, as a rule none or few bytes.
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += count;
        return count > 0;
    }
}
