using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class TcpTransportTests
{
    [Test]
    public async Task Three_nodes_exchange_frames_on_every_lane_in_order()
    {
        const int PerLane = 500;
        var members = Loopback.Members(3);
        await using var first = await Station.StartAsync(1, members);
        await using var second = await Station.StartAsync(2, members);
        await using var third = await Station.StartAsync(3, members);
        Station[] stations = [first, second, third];
        foreach (var station in stations)
        {
            foreach (var other in stations.Where(other => other != station))
                await station.ConnectedAsync(other.Options.Node.Value);
        }

        foreach (var station in stations)
        {
            foreach (var other in stations.Where(other => other != station))
            {
                foreach (var lane in Enum.GetValues<Lane>())
                {
                    for (var number = 0; number < PerLane; number++)
                        Assert.That(station.Send(other.Options.Node.Value, lane, Loopback.NumberedFrame((byte)lane, number, 100)), Is.True);
                }
            }
        }

        foreach (var station in stations)
        {
            await Wait.UntilAsync(() => station.Sink.Count == 2 * 3 * PerLane, $"node {station.Options.Node} has every frame");
            foreach (var lane in station.Sink.Frames.GroupBy(item => (item.Peer, item.Frame[0])))
            {
                var frames = lane.Select(item => item.Frame).ToArray();
                Assert.That(frames.Select(Loopback.NumberOf), Is.EqualTo(Enumerable.Range(0, PerLane)), $"peer and lane {lane.Key}");
                Assert.That(frames[7], Is.EqualTo(Loopback.NumberedFrame(lane.Key.Item2, 7, 100)));
            }

            Assert.That(station.Logger.Warnings.Where(line => !line.Contains("cannot reach", StringComparison.Ordinal)), Is.Empty);
        }
    }

    [Test]
    public async Task A_row_of_small_frames_arrives_whole_and_is_counted_to_the_byte()
    {
        const int Frames = 10_000;
        var (first, second) = await PairAsync();
        await using (first)
        await using (second)
        {
            for (var number = 0; number < Frames; number++)
                Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, number, 80)), Is.True);
            await Wait.UntilAsync(() => second.Sink.Count == Frames, "every frame arrived");
            await Wait.UntilAsync(() => first.Transport.Counts.FramesSent == Frames, "every frame is counted");
            var counts = first.Transport.Counts;
            Assert.That(counts.BytesSent, Is.EqualTo(Frames * (80L + 16)));
            Assert.That(second.Transport.Counts.BytesReceived, Is.EqualTo(counts.BytesSent));
        }
    }

    [Test]
    public async Task Client_addresses_are_known_after_a_handshake_in_either_direction()
    {
        var members = Loopback.Members(2);
        var unreachable = new Dictionary<NodeId, DnsEndPoint>(members) { [new(1)] = Loopback.FreeAddress() };
        await using var first = await Station.StartAsync(1, members);
        await using var second = await Station.StartAsync(Station.OptionsOf(2, unreachable) with { Listen = members[new(2)] });
        await Wait.UntilAsync(() => first.Transport.ClientAddressOf(new(2)) == "client-2:80", "node 1 learned it as the dialler");
        await Wait.UntilAsync(() => second.Transport.ClientAddressOf(new(1)) == "client-1:80", "node 2, which reaches nobody, learned it as the dialled");
        Assert.That(second.Transport.Connected(new(1), Lane.Control), Is.False);
        Assert.That(first.Transport.ClientAddressOf(new(1)), Is.EqualTo("client-1:80"));
        Assert.That(first.Transport.ClientAddressOf(new(9)), Is.Null);
    }

    [Test]
    public async Task A_peer_that_restarts_on_its_port_is_connected_again()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        for (var life = 1; life <= 3; life++)
        {
            await using var second = await Station.StartAsync(2, members);
            await first.ConnectedAsync(2);
            await second.ConnectedAsync(1);
            Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, life)), Is.True);
            Assert.That(second.Send(1, Lane.Bulk, Loopback.NumberedFrame(2, life)), Is.True);
            await Wait.UntilAsync(() => second.Sink.Count == 1 && first.Sink.Count == life, $"frames went both ways in life {life}");
            await second.DisposeAsync();
            await Wait.UntilAsync(() => !Enum.GetValues<Lane>().Any(lane => first.Transport.Connected(new(2), lane)), "the loss was noticed on every lane");
            Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 0)), Is.False);
        }

        Assert.That(first.Transport.Counts.Reconnects, Is.EqualTo(2 * 3), "two more lives on three lanes");
        Assert.That(first.Transport.Counts.SendDrops, Is.EqualTo(3));
        Assert.That(first.Logger.HasWarning("Node 1 lost its connection to node 2"), Is.True);
    }

    [Test]
    public async Task A_frame_for_which_the_sink_has_no_room_is_counted_and_dropped()
    {
        var (first, second) = await PairAsync();
        await using (first)
        await using (second)
        {
            second.Sink.IsFull = true;
            first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 1));
            await Wait.UntilAsync(() => second.Transport.Counts.ReceiveDrops == 1, "it was dropped");
            second.Sink.IsFull = false;
            first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 2));
            await Wait.UntilAsync(() => second.Sink.Count == 1, "the next one arrived");
            Assert.That(Loopback.NumberOf(second.Sink.Frames[0].Frame), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task A_large_frame_on_its_way_does_not_delay_control_frames()
    {
        var members = Loopback.Members(2);
        await using var second = await Station.StartAsync(2, members);
        await using var proxy = new TamperingProxy(second.Address);
        await using var first = await Station.StartAsync(1, new Dictionary<NodeId, DnsEndPoint>(members) { [new(2)] = proxy.Address });
        await first.ConnectedAsync(2);
        proxy.Hold(Lane.Bulk);
        var large = Loopback.NumberedFrame(9, 9, 8 * 1024 * 1024);
        Assert.That(first.Send(2, Lane.Bulk, large), Is.True);
        for (var number = 0; number < 100; number++)
        {
            Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, number)), Is.True);
            await Wait.UntilAsync(() => second.Sink.Count == number + 1, $"control frame {number} arrived while the large one is on its way");
        }

        proxy.Release(Lane.Bulk);
        await Wait.UntilAsync(() => second.Sink.Count == 101, "the large frame arrived");
        Assert.That(second.Sink.Frames[100].Frame.AsSpan().SequenceEqual(large), Is.True);
    }

    [Test]
    public async Task A_full_lane_refuses_frames_and_loses_none_that_it_took()
    {
        var members = Loopback.Members(2);
        await using var second = await Station.StartAsync(2, members);
        await using var proxy = new TamperingProxy(second.Address);
        await using var first = await Station.StartAsync(1, new Dictionary<NodeId, DnsEndPoint>(members) { [new(2)] = proxy.Address });
        await first.ConnectedAsync(2);
        proxy.Hold(Lane.Snapshot);
        var taken = 0;
        var refusals = 0;
        var frame = Loopback.NumberedFrame(3, 0, 512 * 1024);
        await Wait.UntilAsync(
            () =>
            {
                BitConverter.TryWriteBytes(frame.AsSpan(Frame.HeadSize), taken);
                if (first.Send(2, Lane.Snapshot, frame))
                    (taken, refusals) = (taken + 1, 0);
                else
                    refusals++;
                Assert.That(first.Transport.Pending(new(2), Lane.Snapshot), Is.LessThanOrEqualTo(Frame.Backlog(Lane.Snapshot)));
                return refusals == 20;
            },
            "the lane stays full");
        Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 0)), Is.True, "the other lanes have room");
        proxy.Release(Lane.Snapshot);
        await Wait.UntilAsync(() => second.Sink.Count == taken + 1, "all that was taken arrived");
        var numbers = second.Sink.Frames.Where(item => item.Frame[0] == 3).Select(item => Loopback.NumberOf(item.Frame));
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(0, taken)));
        Assert.That(first.Send(2, Lane.Snapshot, frame), Is.True, "there is room again");
    }

    [Test]
    public async Task A_taken_port_and_a_foreign_address_are_told_in_one_sentence()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        var sameAddress = new Dictionary<NodeId, DnsEndPoint>(members) { [new(2)] = members[new(1)] };
        var taken = await Assert.ThrowsAsync<ReplicaException>(() => Station.StartAsync(2, sameAddress));
        Assert.That(taken!.Message, Does.StartWith($"Node 2 cannot listen for its peers at 127.0.0.1:{first.Address.Port} because the port is taken: "));
        var foreign = new Dictionary<NodeId, DnsEndPoint>(members) { [new(2)] = new("192.0.2.1", 7000) };
        var invalid = await Assert.ThrowsAsync<ReplicaException>(() => Station.StartAsync(2, foreign));
        Assert.That(invalid!.Message, Does.Contain("192.0.2.1:7000 because that is no address of this machine"));
        var nameless = new Dictionary<NodeId, DnsEndPoint>(members) { [new(1)] = new("not a name", 7000) };
        var refused = await Assert.ThrowsAsync<ReplicaException>(() => Station.StartAsync(2, nameless));
        Assert.That(refused!.Message, Does.StartWith("The address not a name:7000 of node 1 has no host name: "));
        var unlisted = await Assert.ThrowsAsync<ReplicaException>(() => Station.StartAsync(3, members));
        Assert.That(unlisted!.Message, Does.StartWith("Node 3 is not in its own list of members"));
        var longAddress = Station.OptionsOf(2, members) with { ClientAddress = new('x', 256) };
        Assert.That((await Assert.ThrowsAsync<ReplicaException>(() => Station.StartAsync(longAddress)))!.Message, Does.Contain("more than 255 bytes"));
    }

    [TestCase("0.0.0.0")]
    [TestCase("*")]
    [TestCase("localhost")]
    public async Task A_node_can_listen_at_every_address_or_at_loopback(string host)
    {
        var members = Loopback.Members(2);
        await using var second = await Station.StartAsync(Station.OptionsOf(2, members) with { Listen = new(host, members[new(2)].Port) });
        await using var first = await Station.StartAsync(1, members);
        await first.ConnectedAsync(2);
        Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 1)), Is.True);
        await Wait.UntilAsync(() => second.Sink.Count == 1, "the frame arrived");
    }

    [Test]
    [Platform("Linux")]
    public void Sent_bytes_must_be_acknowledged_within_seconds()
    {
        const int ProtocolTcp = 6;
        const int UserTimeout = 18;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Sockets.Tune(socket);
        var milliseconds = new byte[sizeof(int)];
        Assert.That(socket.GetRawSocketOption(ProtocolTcp, UserTimeout, milliseconds), Is.EqualTo(sizeof(int)));
        Assert.That(BitConverter.ToInt32(milliseconds), Is.EqualTo(5000));
        Assert.That(socket.NoDelay, Is.True);
        Assert.That(socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime), Is.EqualTo(2));
    }

    private static async Task<(Station First, Station Second)> PairAsync()
    {
        var members = Loopback.Members(2);
        var first = await Station.StartAsync(1, members);
        var second = await Station.StartAsync(2, members);
        await first.ConnectedAsync(2);
        await second.ConnectedAsync(1);
        return (first, second);
    }
}
