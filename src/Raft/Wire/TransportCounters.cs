namespace RaftStream.Raft.Wire;

/// <summary>What a transport has done since its start.</summary>
internal readonly record struct TransportCounts
{
    /// <summary>Frames handed to a socket.</summary>
    public required long FramesSent { get; init; }

    /// <summary>Bytes handed to a socket, framing included.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Socket writes that carried them.</summary>
    public required long Writes { get; init; }

    /// <summary>Whole, undamaged frames that arrived.</summary>
    public required long FramesReceived { get; init; }

    /// <summary>Their bytes, framing included.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Frames not sent because the peer was not connected or its lane was full.</summary>
    public required long SendDrops { get; init; }

    /// <summary>Frames that arrived and that the sink had no room for.</summary>
    public required long ReceiveDrops { get; init; }

    /// <summary>Frames that were damaged or out of bounds; each ended its connection.</summary>
    public required long BrokenFrames { get; init; }

    /// <summary>Connections that replaced an earlier one to the same peer on the same lane.</summary>
    public required long Reconnects { get; init; }

    /// <summary>Handshakes that failed, on either side.</summary>
    public required long Refusals { get; init; }
}

/// <summary>Counts for all parts of one transport. From any thread.</summary>
internal sealed class TransportCounters
{
    private long _framesSent;
    private long _bytesSent;
    private long _writes;
    private long _framesReceived;
    private long _bytesReceived;
    private long _sendDrops;
    private long _receiveDrops;
    private long _brokenFrames;
    private long _reconnects;
    private long _refusals;

    /// <summary>The counts of this moment.</summary>
    public TransportCounts Read() => new()
    {
        FramesSent = Interlocked.Read(ref _framesSent),
        BytesSent = Interlocked.Read(ref _bytesSent),
        Writes = Interlocked.Read(ref _writes),
        FramesReceived = Interlocked.Read(ref _framesReceived),
        BytesReceived = Interlocked.Read(ref _bytesReceived),
        SendDrops = Interlocked.Read(ref _sendDrops),
        ReceiveDrops = Interlocked.Read(ref _receiveDrops),
        BrokenFrames = Interlocked.Read(ref _brokenFrames),
        Reconnects = Interlocked.Read(ref _reconnects),
        Refusals = Interlocked.Read(ref _refusals),
    };

    /// <summary>One socket write took these frames.</summary>
    public void Sent(int frames, int bytes)
    {
        Interlocked.Add(ref _framesSent, frames);
        Interlocked.Add(ref _bytesSent, bytes);
        Interlocked.Increment(ref _writes);
    }

    /// <summary>One frame arrived whole. Counted before the sink has it, so that the counts never lag behind what was delivered.</summary>
    public void Received(int bytes)
    {
        Interlocked.Increment(ref _framesReceived);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    /// <summary>The sink had no room for a frame that arrived.</summary>
    public void ReceiveDropped() => Interlocked.Increment(ref _receiveDrops);

    /// <summary>One frame was not sent.</summary>
    public void SendDropped() => Interlocked.Increment(ref _sendDrops);

    /// <summary>One frame was damaged or out of bounds.</summary>
    public void Broken() => Interlocked.Increment(ref _brokenFrames);

    /// <summary>One link has another connection.</summary>
    public void Reconnected() => Interlocked.Increment(ref _reconnects);

    /// <summary>One handshake failed.</summary>
    public void Refused() => Interlocked.Increment(ref _refusals);
}
