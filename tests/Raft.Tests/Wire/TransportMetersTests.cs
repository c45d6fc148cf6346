using System.Diagnostics.Metrics;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class TransportMetersTests
{
    [Test]
    public async Task Whoever_listens_to_the_meter_sees_frames_by_lane_connections_and_drops()
    {
        var members = Loopback.Members(2);
        members = new() { [new(4001)] = members[new(1)], [new(4002)] = members[new(2)] };
        await using var second = await Station.StartAsync(4002, members);
        var first = await Station.StartAsync(4001, members);
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == TransportMeters.Name && instrument.Meter.Tags?.Contains(new("node", 4001)) == true)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen[Key(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => seen[Key(instrument, tags)] = value);
        listener.Start();
        await first.ConnectedAsync(4002);
        await second.ConnectedAsync(4001);
        first.Send(4002, Lane.Bulk, Loopback.NumberedFrame(1, 1, 80));
        second.Send(4001, Lane.Control, Loopback.NumberedFrame(1, 1, 80));
        first.Send(9, Lane.Bulk, Loopback.NumberedFrame(1, 1));
        await Wait.UntilAsync(
            () =>
            {
                listener.RecordObservableInstruments();
                return seen["raftstream.wire.sent.frames bulk"] == 1 && seen["raftstream.wire.received.frames control"] == 1;
            },
            "both frames are counted");
        Assert.That(seen["raftstream.wire.sent.bytes bulk"], Is.EqualTo(96));
        Assert.That(seen["raftstream.wire.sent.bytes control"], Is.Zero);
        Assert.That(seen["raftstream.wire.received.bytes control"], Is.EqualTo(96));
        Assert.That(seen["raftstream.wire.sent.drops"], Is.EqualTo(1));
        Assert.That(seen["raftstream.wire.connections out"], Is.EqualTo(3));
        Assert.That(seen["raftstream.wire.connections in"], Is.EqualTo(3));
        Assert.That(
            seen.Keys,
            Is.SupersetOf(new[] { "raftstream.wire.received.drops", "raftstream.wire.received.broken", "raftstream.wire.reconnects", "raftstream.wire.refusals", "raftstream.wire.tls.rotations", "raftstream.wire.waiting.frames", "raftstream.wire.waiting.bytes", "raftstream.wire.guests" }));
        await first.DisposeAsync();
        seen.Clear();
        listener.RecordObservableInstruments();
        Assert.That(seen, Is.Empty, "a transport that is closed tells nothing");
    }

    private static string Key(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}";
}
