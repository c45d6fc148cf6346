namespace RaftStream.Raft.Wire;

/// <summary>What a transport has done since its start.</summary>
internal readonly record struct TransportCounts
{
    /// <summary>Frames handed to a socket.</summary>
    public required long FramesSent { get; init; }

    /// <summary>Bytes handed to a socket, framing included.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Batches of frames that carried them.</summary>
    public required long Writes { get; init; }

    /// <summary>Whole, undamaged frames that arrived.</summary>
    public required long FramesReceived { get; init; }

    /// <summary>Their bytes, framing included.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Frames not sent because the peer was not connected or its lane was full.</summary>
    public required long SendDrops { get; init; }

    /// <summary>Frames that arrived and for which there was no room.</summary>
    public required long ReceiveDrops { get; init; }

    /// <summary>Frames that were damaged, out of bounds or too slow; each ended its connection.</summary>
    public required long BrokenFrames { get; init; }

    /// <summary>Connections that replaced an earlier one to the same peer on the same lane.</summary>
    public required long Reconnects { get; init; }

    /// <summary>Handshakes that failed, on either side.</summary>
    public required long Refusals { get; init; }

    /// <summary>Certificates that replaced an earlier one.</summary>
    public required long Rotations { get; init; }
}

/// <summary>Counts for all parts of one transport. From any thread.</summary>
internal sealed class TransportCounters
{
    private readonly LaneCounts[] _lanes = [new(), new(), new()];
    private long _sendDrops;
    private long _receiveDrops;
    private long _brokenFrames;
    private long _reconnects;
    private long _refusals;
    private long _rotations;

    /// <summary>What went over each lane, in the order of the lanes.</summary>
    public IReadOnlyList<LaneCounts> Lanes => _lanes;

    /// <summary>The counts of this moment.</summary>
    public TransportCounts Read() => new()
    {
        FramesSent = _lanes.Sum(static lane => Interlocked.Read(ref lane.FramesSent)),
        BytesSent = _lanes.Sum(static lane => Interlocked.Read(ref lane.BytesSent)),
        Writes = _lanes.Sum(static lane => Interlocked.Read(ref lane.Writes)),
        FramesReceived = _lanes.Sum(static lane => Interlocked.Read(ref lane.FramesReceived)),
        BytesReceived = _lanes.Sum(static lane => Interlocked.Read(ref lane.BytesReceived)),
        SendDrops = Interlocked.Read(ref _sendDrops),
        ReceiveDrops = Interlocked.Read(ref _receiveDrops),
        BrokenFrames = Interlocked.Read(ref _brokenFrames),
        Reconnects = Interlocked.Read(ref _reconnects),
        Refusals = Interlocked.Read(ref _refusals),
        Rotations = Interlocked.Read(ref _rotations),
    };

    /// <summary>One batch for the socket held these frames.</summary>
    public void Sent(Lane lane, int frames, int bytes)
    {
        var counts = _lanes[(int)lane];
        Interlocked.Add(ref counts.FramesSent, frames);
        Interlocked.Add(ref counts.BytesSent, bytes);
        Interlocked.Increment(ref counts.Writes);
    }

    /// <summary>One frame arrived whole. Counted before the sink has it, so that the counts never lag behind what was delivered.</summary>
    public void Received(Lane lane, int bytes)
    {
        var counts = _lanes[(int)lane];
        Interlocked.Increment(ref counts.FramesReceived);
        Interlocked.Add(ref counts.BytesReceived, bytes);
    }

    /// <summary>There was no room for a frame that arrived.</summary>
    public void ReceiveDropped() => Interlocked.Increment(ref _receiveDrops);

    /// <summary>One frame was not sent.</summary>
    public void SendDropped() => Interlocked.Increment(ref _sendDrops);

    /// <summary>One frame was damaged, out of bounds or too slow.</summary>
    public void Broken() => Interlocked.Increment(ref _brokenFrames);

    /// <summary>One link has another connection.</summary>
    public void Reconnected() => Interlocked.Increment(ref _reconnects);

    /// <summary>One handshake failed.</summary>
    public void Refused() => Interlocked.Increment(ref _refusals);

    /// <summary>One certificate took the place of another.</summary>
    public void Rotated() => Interlocked.Increment(ref _rotations);
}

/// <summary>What went over one lane. Fields, since they are counted with interlocked operations.</summary>
internal sealed class LaneCounts
{
    /// <summary>Frames handed to a socket.</summary>
    public long FramesSent;

    /// <summary>Their bytes, framing included.</summary>
    public long BytesSent;

    /// <summary>Batches that carried them.</summary>
    public long Writes;

    /// <summary>Whole frames that arrived.</summary>
    public long FramesReceived;

    /// <summary>Their bytes, framing included.</summary>
    public long BytesReceived;
}
