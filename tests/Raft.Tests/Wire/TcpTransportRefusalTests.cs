using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class TcpTransportRefusalTests
{
    [Test]
    public async Task Nodes_of_different_clusters_refuse_each_other_and_both_say_why()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        await using var second = await Station.StartAsync(Station.OptionsOf(2, members) with { ClusterId = Guid.NewGuid() });
        foreach (var (station, peer) in new[] { (first, 2), (second, 1) })
        {
            await Wait.UntilAsync(() => station.Logger.HasWarning($"Node {peer} at 127.0.0.1:{members[new(peer)].Port} refused node {station.Options.Node} on the Control lane: the two nodes belong to different clusters"), "the dialler's log says it was refused");
            await Wait.UntilAsync(() => station.Logger.HasWarning($"Node {station.Options.Node} refused a connection from 127.0.0.1"), "the refusing side's log says so");
            Assert.That(station.Transport.Connected(new(peer), Lane.Control), Is.False);
            Assert.That(station.Transport.ClientAddressOf(new(peer)), Is.Null, "nothing is learned from a stranger");
        }
    }

    [Test]
    public async Task An_address_that_points_to_another_node_is_refused()
    {
        var members = Loopback.Members(3);
        var mistaken = new Dictionary<NodeId, DnsEndPoint>(members) { [new(3)] = members[new(2)] };
        await using var second = await Station.StartAsync(2, members);
        await using var first = await Station.StartAsync(1, mistaken);
        await first.ConnectedAsync(2);
        await Wait.UntilAsync(() => first.Logger.HasWarning("refused node 1 on the Control lane: the address belongs to a node with another id"), "the dialler knows");
        await Wait.UntilAsync(() => second.Logger.HasWarning("which says that it is node 1: the address belongs to a node with another id"), "the dialled knows");
        Assert.That(first.Transport.Connected(new(3), Lane.Control), Is.False);
    }

    [Test]
    public async Task An_answer_from_another_node_than_the_dialled_one_is_refused()
    {
        var members = Loopback.Members(3);
        using var impostor = new TcpListener(IPAddress.Loopback, members[new(2)].Port);
        impostor.Start();
        await using var first = await Station.StartAsync(1, members);
        using var client = await impostor.AcceptTcpClientAsync();
        var third = Station.OptionsOf(3, members).Identity;
        await Loopback.GreetAsync(client, Handshake.Greeting(third, new(1), Lane.Control));
        await Wait.UntilAsync(() => first.Transport.Counts.Refusals > 0, "node 1 refused it");
        Assert.That(first.Transport.Connected(new(2), Lane.Control), Is.False);
        Assert.That(await Loopback.ReadToEndAsync(client), Is.Empty, "and closed the connection");
    }

    [Test]
    public async Task An_address_that_points_back_to_its_own_node_is_refused()
    {
        var members = Loopback.Members(2);
        members[new(2)] = members[new(1)];
        await using var first = await Station.StartAsync(1, members);
        await Wait.UntilAsync(() => first.Logger.HasWarning("both ends say that they are the same node"), "the log says so");
        Assert.That(first.Transport.Connected(new(2), Lane.Control), Is.False);
    }

    [Test]
    public async Task Another_version_is_told_so_in_the_part_that_never_changes()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        using var client = await Loopback.DialAsync(first.Address);
        var foreign = new byte[500];
        "RAFTSTRM"u8.CopyTo(foreign);
        BinaryPrimitives.WriteUInt16LittleEndian(foreign.AsSpan(8), Handshake.CurrentVersion + 1);
        BinaryPrimitives.WriteUInt16LittleEndian(foreign.AsSpan(10), (ushort)foreign.Length);
        await client.GetStream().WriteAsync(foreign);
        var answer = await Loopback.ReadToEndAsync(client);
        Assert.That(Handshake.TryRead(answer, out var refusal), Is.True);
        Assert.That(refusal.Refusal, Is.EqualTo(HandshakeRefusal.UnsupportedVersion));
        Assert.That(refusal.Version, Is.EqualTo(Handshake.CurrentVersion));
        Assert.That(refusal.ClusterId, Is.EqualTo(Guid.Empty), "a stranger is not told the cluster");
        Assert.That(first.Logger.HasWarning("different versions of the protocol"), Is.True);
    }

    [Test]
    public async Task A_program_that_speaks_something_else_is_cut_off_without_an_answer()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        using var client = await Loopback.DialAsync(first.Address);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        Assert.That(await Loopback.ReadToEndAsync(client), Is.Empty);
        Assert.That(first.Logger.HasWarning("no greeting of a RaftStream node"), Is.True);
        await using var second = await Station.StartAsync(2, members);
        await second.ConnectedAsync(1);
    }

    [Test]
    public async Task A_connection_that_never_finishes_its_greeting_is_closed_in_time()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { HandshakeTimeout = TimeSpan.FromMilliseconds(200) });
        using var client = await Loopback.DialAsync(first.Address);
        await client.GetStream().WriteAsync("RAFT"u8.ToArray());
        Assert.That(await Loopback.ReadToEndAsync(client).WaitAsync(TimeSpan.FromSeconds(30)), Is.Empty);
        Assert.That(first.Logger.HasWarning("the handshake was not complete in time"), Is.True);
        await Wait.UntilAsync(() => first.Transport.OpenIncoming == 0, "nothing of it is left");
    }

    [Test]
    public async Task A_peer_that_accepts_and_never_answers_is_given_up()
    {
        var members = Loopback.Members(2);
        using var silent = new TcpListener(IPAddress.Loopback, members[new(2)].Port);
        silent.Start();
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { HandshakeTimeout = TimeSpan.FromMilliseconds(200) });
        await Wait.UntilAsync(() => first.Logger.HasWarning("it did not answer in time"), "the log says so");
        silent.Stop();
        await using var second = await Station.StartAsync(2, members);
        await first.ConnectedAsync(2);
    }

    [Test]
    public async Task Idle_strangers_are_bounded_and_do_not_keep_a_peer_out()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { HandshakeTimeout = TimeSpan.FromMinutes(5) });
        var strangers = new List<TcpClient>();
        try
        {
            for (var count = 0; count < 3 * Strangers.Max; count++)
                strangers.Add(await Loopback.DialAsync(first.Address));
            Assert.That(await Loopback.ReadToEndAsync(strangers[0]), Is.Empty, "the first was pushed out");
            await Wait.UntilAsync(() => first.Transport.OpenIncoming == Strangers.Max, "only as many as allowed are left");
            await using var second = await Station.StartAsync(2, members);
            await second.ConnectedAsync(1);
        }
        finally
        {
            strangers.ForEach(stranger => stranger.Dispose());
        }
    }

    [Test]
    public async Task A_newer_connection_of_a_peer_and_lane_replaces_the_older()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        var greeting = Handshake.Greeting(Station.OptionsOf(2, members).Identity, new(1), Lane.Bulk);
        using var older = await Loopback.DialAsync(first.Address);
        Assert.That((await Loopback.GreetAsync(older, greeting)).Refusal, Is.EqualTo(HandshakeRefusal.None));
        using var newer = await Loopback.DialAsync(first.Address);
        Assert.That((await Loopback.GreetAsync(newer, greeting)).Refusal, Is.EqualTo(HandshakeRefusal.None));
        Assert.That(await Loopback.ReadToEndAsync(older), Is.Empty, "the older one is closed");
        await Wait.UntilAsync(() => first.Transport.OpenIncoming == 1, "the newer one stays");
    }

    [Test]
    public async Task A_flipped_bit_costs_the_connection_and_nothing_else()
    {
        var members = Loopback.Members(2);
        await using var second = await Station.StartAsync(2, members);
        await using var proxy = new TamperingProxy(second.Address);
        await using var first = await Station.StartAsync(1, new Dictionary<NodeId, DnsEndPoint>(members) { [new(2)] = proxy.Address });
        await first.ConnectedAsync(2);
        proxy.FlipOnce();
        Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 1, 100)), Is.True);
        await Wait.UntilAsync(() => first.Transport.Counts.Reconnects == 1, "the lane is dialled again");
        Assert.That(second.Transport.Counts.BrokenFrames, Is.EqualTo(1));
        Assert.That(second.Logger.Warnings.Count(line => line.EndsWith("on the Control lane: a frame's checksum does not match.", StringComparison.Ordinal)), Is.EqualTo(1));
        await first.ConnectedAsync(2);
        Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 2, 100)), Is.True);
        await Wait.UntilAsync(() => second.Sink.Count == 1, "the next frame arrived");
        Assert.That(second.Sink.Frames[0].Frame, Is.EqualTo(Loopback.NumberedFrame(1, 2, 100)), "the damaged one did not");
    }

    [Test]
    public async Task A_member_that_announces_a_frame_beyond_its_lane_is_cut_off()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        using var client = await Loopback.DialAsync(first.Address);
        await Loopback.GreetAsync(client, Handshake.Greeting(Station.OptionsOf(2, members).Identity, new(1), Lane.Control));
        var header = new byte[Frame.OuterSize];
        Frame.WriteOuter(header, Frame.Largest(Lane.Control) + 1);
        await client.GetStream().WriteAsync(header);
        Assert.That(await Loopback.ReadToEndAsync(client), Is.Empty);
        Assert.That(first.Logger.HasWarning("a frame announces more than the 65536 bytes its lane allows"), Is.True);
        Assert.That(first.Transport.Counts.BrokenFrames, Is.EqualTo(1));
    }
}
