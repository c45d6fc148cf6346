using System.Diagnostics.Metrics;

namespace RaftStream.Raft.Wire;

/// <summary>
/// What a transport tells those who watch the process: the meter <c>RaftStream.Wire</c>, tagged with the node's id, whose instruments read
/// the counters when they are asked and cost nothing else. Owned by the transport.
/// </summary>
internal sealed class TransportMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "RaftStream.Wire";

    private static readonly string[] LaneNames = ["control", "bulk", "snapshot"];

    private readonly Meter _meter;

    public TransportMeters(NodeId node, TransportCounters counters, ReceiveBudget budget, PeerBook book, LinkTable links, PeerAcceptor acceptor)
    {
        _meter = new(Name, version: null, tags: [new("node", node.Value)]);
        Lanes("raftstream.wire.sent.frames", "{frame}", "Frames handed to a socket.", counters, static lane => Interlocked.Read(ref lane.FramesSent));
        Lanes("raftstream.wire.sent.bytes", "By", "Bytes handed to a socket, framing included.", counters, static lane => Interlocked.Read(ref lane.BytesSent));
        Lanes("raftstream.wire.received.frames", "{frame}", "Whole frames that arrived.", counters, static lane => Interlocked.Read(ref lane.FramesReceived));
        Lanes("raftstream.wire.received.bytes", "By", "Their bytes, framing included.", counters, static lane => Interlocked.Read(ref lane.BytesReceived));
        Count("raftstream.wire.sent.drops", "{frame}", "Frames not sent: no connection, or a full lane.", () => counters.Read().SendDrops);
        Count("raftstream.wire.received.drops", "{frame}", "Frames that arrived and found no room.", () => counters.Read().ReceiveDrops);
        Count("raftstream.wire.received.broken", "{frame}", "Frames that were damaged, out of bounds or too slow.", () => counters.Read().BrokenFrames);
        Count("raftstream.wire.reconnects", "{connection}", "Connections that replaced an earlier one.", () => counters.Read().Reconnects);
        Count("raftstream.wire.refusals", "{connection}", "Handshakes that failed.", () => counters.Read().Refusals);
        Count("raftstream.wire.tls.rotations", "{certificate}", "Certificates that replaced an earlier one.", () => counters.Read().Rotations);
        Level("raftstream.wire.waiting.frames", "{frame}", "Frames received that the consensus agent has not taken yet.", () => budget.Frames);
        Level("raftstream.wire.waiting.bytes", "By", "Bytes received that the consensus agent has not taken yet.", () => budget.Bytes);
        Level("raftstream.wire.guests", "{node}", "Nodes connected that are no members.", () => book.Guests);
        _meter.CreateObservableUpDownCounter(
            "raftstream.wire.connections",
            () => new[]
            {
                new Measurement<int>(links.Connected, new KeyValuePair<string, object?>("direction", "out")),
                new Measurement<int>(acceptor.Open, new KeyValuePair<string, object?>("direction", "in")),
            },
            "{connection}",
            "Connections that are open.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Lanes(string name, string unit, string description, TransportCounters counters, Func<LaneCounts, long> read) => _meter.CreateObservableCounter(
        name,
        () => counters.Lanes.Select((lane, number) => new Measurement<long>(read(lane), new KeyValuePair<string, object?>("lane", LaneNames[number]))),
        unit,
        description);

    private void Count(string name, string unit, string description, Func<long> read) => _meter.CreateObservableCounter(name, read, unit, description);

    private void Level(string name, string unit, string description, Func<long> read) => _meter.CreateObservableUpDownCounter(name, read, unit, description);
}
