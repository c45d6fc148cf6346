namespace RaftStream.Raft.Wire;

/// <summary>
/// How much of what was received may wait in memory: the bytes and the number of all frames between their first byte and the moment the
/// consensus agent takes them, over all connections. One a replica; any thread.
/// </summary>
/// <remarks>
/// Two shares keep one sender from being everybody's trouble. Entries and snapshots may not take the last of it, so that a heartbeat finds
/// room however many entries wait; and one peer may take half of it at the most. What finds no room is dropped, as a network may: waiting
/// instead would let whoever holds the room decide when the others are heard.
/// </remarks>
internal sealed class ReceiveBudget
{
    /// <summary>The bytes that may wait.</summary>
    public const long MaxBytes = 64L * 1024 * 1024;

    /// <summary>The frames that may wait.</summary>
    public const int MaxFrames = 4096;

    /// <summary>The part of either that only the control lane may take: one in this many.</summary>
    private const int ControlPart = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, (long Bytes, int Frames)> _held = [];
    private long _bytes;
    private int _frames;

    /// <summary>The bytes that wait now.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <summary>The frames that wait now.</summary>
    public int Frames
    {
        get
        {
            lock (_gate)
                return _frames;
        }
    }

    /// <summary>Room for one more frame, of which so many bytes are to be held for the moment. False: there is none.</summary>
    public bool TryBegin(NodeId peer, Lane lane, int bytes) => TryTake(peer, lane, bytes, 1);

    /// <summary>Room for more bytes of a frame begun before. False: there is none.</summary>
    public bool TryGrow(NodeId peer, Lane lane, int bytes) => TryTake(peer, lane, bytes, 0);

    /// <summary>A frame for which so many bytes were taken waits no more.</summary>
    public void Return(NodeId peer, int bytes)
    {
        lock (_gate)
        {
            var held = _held[peer];
            held = (held.Bytes - bytes, held.Frames - 1);
            Invariant.Check(held.Bytes >= 0 && held.Frames >= 0, "what is returned to the receive budget was taken from it");
            if (held.Frames == 0)
                _held.Remove(peer);
            else
                _held[peer] = held;
            _bytes -= bytes;
            _frames--;
        }
    }

    private bool TryTake(NodeId peer, Lane lane, int bytes, int frames)
    {
        var part = lane == Lane.Control ? 0 : 1;
        lock (_gate)
        {
            _held.TryGetValue(peer, out var held);
            if (_bytes + bytes > MaxBytes - (part * MaxBytes / ControlPart)
                || _frames + frames > MaxFrames - (part * MaxFrames / ControlPart)
                || held.Bytes + bytes > MaxBytes / 2
                || held.Frames + frames > MaxFrames / 2)
            {
                return false;
            }

            _held[peer] = (held.Bytes + bytes, held.Frames + frames);
            _bytes += bytes;
            _frames += frames;
            return true;
        }
    }
}
