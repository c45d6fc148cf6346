namespace RaftStream.Raft.Wire;

/// <summary>
/// Cuts what arrives on one connection into frames and checks them. Owned by the connection's read loop; lives as long as it.
/// </summary>
/// <remarks>
/// Small frames are cut from one buffer, so that one read of the socket yields many of them, and are checked before anything is
/// allocated for them. A frame that does not fit the buffer gets an array of its own, which grows only as its bytes really arrive,
/// doubling up to the announced length: a peer that announces 16 MiB and sends ten bytes costs 128 KiB. A connection that has already
/// delivered a whole frame of some size is believed at once up to twice that size (and up to 2 MiB), so that steady traffic of large
/// frames pays for one exact array each and nothing more.
/// Whatever it allocates for a frame it takes from the <see cref="ReceiveBudget"/> first; a frame for which there is no room is read and
/// forgotten. A frame that was begun must be complete in time: else a peer that dribbles would hold its part of the budget for good.
/// </remarks>
internal sealed class FrameReader : IDisposable
{
    private const int LargestSmall = 64 * 1024;
    private const int LargestBelieved = 2 * 1024 * 1024;

    private readonly Stream _stream;
    private readonly NodeId _peer;
    private readonly Lane _lane;
    private readonly ReceiveBudget _budget;
    private readonly TimeSpan _frameTimeout;
    private readonly CancellationToken _stop;
    private readonly CancellationTokenSource _limit;
    private readonly byte[] _buffer = new byte[Frame.OuterSize + LargestSmall];
    private int _start;
    private int _end;
    private int _proven = LargestSmall;

    /// <summary>A reader of what <paramref name="peer"/> sends on a lane, until <paramref name="stop"/>.</summary>
    public FrameReader(Stream stream, NodeId peer, Lane lane, ReceiveBudget budget, TimeSpan frameTimeout, CancellationToken stop)
    {
        (_stream, _peer, _lane, _budget, _frameTimeout, _stop) = (stream, peer, lane, budget, frameTimeout, stop);
        _limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
    }

    /// <summary>
    /// The frame that the last successful <see cref="ReadAsync"/> found, as agents see it. The caller's to keep, and with it its length
    /// in the budget to return.
    /// </summary>
    public byte[] Current { get; private set; } = [];

    /// <summary>
    /// Reads the next frame into <see cref="Current"/>. <see cref="FrameFault.NoRoom"/>: it was passed over, go on. Anything else but
    /// <see cref="FrameFault.None"/> ends the connection: behind a damaged frame nobody knows where the next one starts.
    /// </summary>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">The reader was stopped.</exception>
    public ValueTask<FrameFault> ReadAsync() => TryCut(out var fault) ? new(fault) : ReadMoreAsync();

    /// <inheritdoc/>
    public void Dispose() => _limit.Dispose();

    /// <summary>Takes the next frame out of the buffer. False: it is not whole there.</summary>
    private bool TryCut(out FrameFault fault)
    {
        fault = FrameFault.None;
        if (_end - _start < Frame.OuterSize)
            return false;
        fault = Frame.ReadOuter(_buffer.AsSpan(_start, Frame.OuterSize), _lane, out var length, out var checksum);
        if (fault != FrameFault.None)
            return true;
        if (_end - _start - Frame.OuterSize < length)
            return false;
        var bytes = _buffer.AsSpan(_start + Frame.OuterSize, length);
        if (Frame.Checksum(bytes) != checksum)
        {
            fault = FrameFault.BadChecksum;
            return true;
        }

        _start += Frame.OuterSize + length;
        if (!_budget.TryBegin(_peer, _lane, length))
        {
            fault = FrameFault.NoRoom;
            return true;
        }

        Current = GC.AllocateUninitializedArray<byte>(length);
        bytes.CopyTo(Current);
        return true;
    }

    private async ValueTask<FrameFault> ReadMoreAsync()
    {
        var isTimed = false;
        try
        {
            FrameFault fault;
            do
            {
                if (_end > _start && !isTimed)
                {
                    _limit.CancelAfter(_frameTimeout);
                    isTimed = true;
                }

                if (IsLarge(out var length, out var checksum))
                {
                    fault = await ReadLargeAsync(length, checksum);
                    break;
                }

                if (!await FillAsync())
                    return _end == _start ? FrameFault.Ended : FrameFault.CutShort;
            }
            while (!TryCut(out fault));
            if (isTimed)
                _limit.CancelAfter(Timeout.InfiniteTimeSpan);
            return fault;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return FrameFault.TooSlow;
        }
    }

    /// <summary>Whether the frame that begins here has a sound header and is too large for the buffer.</summary>
    private bool IsLarge(out int length, out uint checksum)
    {
        (length, checksum) = (0, 0);
        return _end - _start >= Frame.OuterSize
            && Frame.ReadOuter(_buffer.AsSpan(_start, Frame.OuterSize), _lane, out length, out checksum) == FrameFault.None
            && length > LargestSmall;
    }

    private async ValueTask<FrameFault> ReadLargeAsync(int length, uint checksum)
    {
        _start += Frame.OuterSize;
        var taken = Math.Min(length, 2 * Math.Min(_proven, LargestBelieved / 2));
        if (!_budget.TryBegin(_peer, _lane, taken))
            return await PassOverAsync(length);
        var isKept = false;
        try
        {
            var frame = GC.AllocateUninitializedArray<byte>(taken);
            var have = TakeBuffered(frame);
            while (have < length)
            {
                if (have == frame.Length)
                {
                    var size = (int)Math.Min(length, 2L * have);
                    if (!_budget.TryGrow(_peer, _lane, size - taken))
                        return await PassOverAsync(length - have);
                    taken = size;
                    Array.Resize(ref frame, size);
                }

                var count = await _stream.ReadAsync(frame.AsMemory(have), _limit.Token);
                if (count == 0)
                    return FrameFault.CutShort;
                have += count;
            }

            if (Frame.Checksum(frame) != checksum)
                return FrameFault.BadChecksum;
            _proven = Math.Max(_proven, length);
            Current = frame;
            isKept = true;
            return FrameFault.None;
        }
        finally
        {
            if (!isKept)
                _budget.Return(_peer, taken);
        }
    }

    /// <summary>Moves what is buffered into a frame that is larger than the buffer; returns how much that was.</summary>
    private int TakeBuffered(byte[] frame)
    {
        var count = _end - _start;
        _buffer.AsSpan(_start, count).CopyTo(frame);
        (_start, _end) = (0, 0);
        return count;
    }

    /// <summary>Reads the rest of a frame, all of which is still to come or in the buffer, and forgets it.</summary>
    private async ValueTask<FrameFault> PassOverAsync(int rest)
    {
        while (true)
        {
            var count = Math.Min(rest, _end - _start);
            _start += count;
            rest -= count;
            if (rest == 0)
                return FrameFault.NoRoom;
            if (!await FillAsync())
                return FrameFault.CutShort;
        }
    }

    /// <summary>Reads what there is behind what is buffered; false at the end of the connection.</summary>
    private async ValueTask<bool> FillAsync()
    {
        if (_start > 0)
        {
            // What is left is part of one frame, as a rule none or few bytes.
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var count = await _stream.ReadAsync(_buffer.AsMemory(_end), _limit.Token);
        _end += count;
        return count > 0;
    }
}
