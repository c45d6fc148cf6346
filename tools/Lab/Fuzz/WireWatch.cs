using System.Diagnostics.Metrics;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Reads the node's meter as any monitor would: what arrived, what was dropped, what waits. The meter starts at zero with each start of the
/// node, so what it counted before is added. Any thread.
/// </summary>
internal sealed class WireWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly MeterListener _listener;
    private long _received;
    private long _dropped;
    private long _waiting;
    private long _receivedBefore;
    private long _droppedBefore;

    public WireWatch()
    {
        _listener = new()
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "RaftStream.Wire", Name: "raftstream.wire.received.frames" or "raftstream.wire.received.drops" or "raftstream.wire.waiting.frames" })
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument.Name, value));
        _listener.Start();
    }

    /// <summary>Frames that arrived whole, over all starts, and those of them that found no room.</summary>
    public (long Received, long Dropped) Totals
    {
        get
        {
            lock (_gate)
            {
                Read();
                return (_receivedBefore + _received, _droppedBefore + _dropped);
            }
        }
    }

    /// <summary>Frames that the consensus agent has not taken yet, at this moment.</summary>
    public long Waiting
    {
        get
        {
            lock (_gate)
            {
                Read();
                return _waiting;
            }
        }
    }

    /// <summary>The node is about to be started anew.</summary>
    public void Restarting()
    {
        lock (_gate)
        {
            Read();
            (_receivedBefore, _droppedBefore) = (_receivedBefore + _received, _droppedBefore + _dropped);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Read()
    {
        (_received, _dropped, _waiting) = (0, 0, 0);
        _listener.RecordObservableInstruments();
    }

    private void Add(string instrument, long value)
    {
        switch (instrument)
        {
            case "raftstream.wire.received.frames":
                _received += value; // Once for each lane.
                break;
            case "raftstream.wire.received.drops":
                _dropped = value;
                break;
            default:
                _waiting = value;
                break;
        }
    }
}
