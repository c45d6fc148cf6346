using System.Net;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>Members that come, go and move, and nodes that are none.</summary>
public sealed class PeerChangeTests
{
    private static readonly Lane[] Lanes = Enum.GetValues<Lane>();

    [Test]
    public async Task A_new_member_is_dialled_and_one_that_is_gone_is_left()
    {
        var members = Loopback.Members(3);
        await using var second = await Station.StartAsync(2, members);
        await using var third = await Station.StartAsync(3, Only(members, 3));
        await using var first = await Station.StartAsync(1, Only(members, 1, 2));
        await first.ConnectedAsync(2);
        await second.ConnectedAsync(1);
        Assert.That(first.Send(3, Lane.Control, Loopback.NumberedFrame(1, 1)), Is.False);
        first.Transport.SetPeers(members);
        await first.ConnectedAsync(3);
        Assert.That(first.Transport.Connected(new(2), Lane.Control), Is.True, "the old member's connection is left alone");
        Assert.That(first.Transport.Counts.Reconnects, Is.Zero);
        first.Transport.SetPeers(Only(members, 1, 3));
        Assert.That(first.Send(2, Lane.Bulk, Loopback.NumberedFrame(1, 2)), Is.False, "from the moment of the call");
        await Wait.UntilAsync(() => second.Transport.Counts.Reconnects >= 3, "node 2, whose connections were closed, dials again");
        Assert.That(first.Transport.Connected(new(3), Lane.Bulk), Is.True);
    }

    [Test]
    public async Task The_same_members_again_change_nothing_and_cost_nothing()
    {
        var members = Loopback.Members(2);
        await using var second = await Station.StartAsync(2, members);
        await using var first = await Station.StartAsync(1, members);
        await first.ConnectedAsync(2);
        var copy = new Dictionary<NodeId, DnsEndPoint>(members);
        first.Transport.SetPeers(copy);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var time = 0; time < 100; time++)
            first.Transport.SetPeers(copy);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(20_000), "a hundred times an enumerator at the most");
        Assert.That(first.Transport.Connected(new(2), Lane.Control), Is.True);
        Assert.That(first.Transport.Counts.Reconnects, Is.Zero);
    }

    [Test]
    public async Task A_member_that_moves_is_dialled_at_its_new_address()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(1, members);
        await using (var second = await Station.StartAsync(2, members))
            await first.ConnectedAsync(2);
        var moved = new Dictionary<NodeId, DnsEndPoint>(members) { [new(2)] = Loopback.FreeAddress() };
        await using var again = await Station.StartAsync(2, moved);
        first.Transport.SetPeers(moved);
        await first.ConnectedAsync(2);
        Assert.That(first.Send(2, Lane.Control, Loopback.NumberedFrame(1, 5)), Is.True);
        await Wait.UntilAsync(() => again.Sink.Count == 1, "the frame arrived there");
    }

    [Test]
    public async Task A_node_that_joins_and_knows_nobody_can_answer_whoever_greets_it()
    {
        var members = Loopback.Members(2);
        await using var joining = await Station.StartAsync(2, Only(members, 2));
        await using var leader = await Station.StartAsync(1, members);
        await leader.ConnectedAsync(2);
        Assert.That(leader.Send(2, Lane.Control, Loopback.NumberedFrame(1, 7)), Is.True);
        await Wait.UntilAsync(() => joining.Sink.Count == 1, "the question arrived");
        await joining.ConnectedAsync(1);
        Assert.That(joining.Sink.Frames[0].Peer, Is.EqualTo(new NodeId(1)));
        Assert.That(joining.Send(1, Lane.Control, Loopback.NumberedFrame(1, 8)), Is.True);
        await Wait.UntilAsync(() => leader.Sink.Count == 1, "the answer arrived");
        Assert.That(joining.Transport.ClientAddressOf(new(1)), Is.EqualTo("client-1:80"));
        joining.Transport.SetPeers(members);
        Assert.That(Lanes.All(lane => joining.Transport.Connected(new(1), lane)), Is.True, "the guest becomes a member and keeps its connections");
        Assert.That(joining.Transport.Counts.Reconnects, Is.Zero);
    }

    [Test]
    public async Task What_a_member_says_of_its_own_address_is_not_believed()
    {
        var members = Loopback.Members(2);
        await using var second = await Station.StartAsync(2, members);
        await using var first = await Station.StartAsync(1, members);
        await first.ConnectedAsync(2);
        using var client = await Loopback.DialAsync(first.Address);
        var elsewhere = Station.OptionsOf(2, members).Identity with { PeerAddress = "192.0.2.1:9" };
        Assert.That((await Loopback.GreetAsync(client, Handshake.Greeting(elsewhere, new(1), Lane.Snapshot))).Refusal, Is.EqualTo(HandshakeRefusal.None));
        Assert.That(Lanes.All(lane => first.Transport.Connected(new(2), lane)), Is.True);
        Assert.That(first.Transport.Counts.Reconnects, Is.Zero);
    }

    [Test]
    public async Task The_seventeenth_guest_is_refused_while_the_others_are_heard_and_takes_the_place_of_the_most_silent_one_later()
    {
        var members = Loopback.Members(1);
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { GuestPatience = TimeSpan.FromSeconds(2) });
        List<System.Net.Sockets.TcpClient> guests = [];
        try
        {
            for (var guest = 100; guest < 100 + PeerBook.MaxGuests; guest++)
            {
                guests.Add(await Loopback.DialAsync(first.Address));
                Assert.That((await Loopback.GreetAsync(guests[^1], Guest(guest))).Refusal, Is.EqualTo(HandshakeRefusal.None), $"guest {guest}");
            }

            using (var early = await Loopback.DialAsync(first.Address))
                Assert.That((await Loopback.GreetAsync(early, Guest(200))).Refusal, Is.EqualTo(HandshakeRefusal.TooManyGuests));
            await Wait.UntilAsync(() => first.Logger.HasWarning("too many nodes that are in none dial it already"), "the log says so");
            var ended = Loopback.ReadToEndAsync(guests[0]);
            HandshakeRefusal refusal;
            do
            {
                using var late = await Loopback.DialAsync(first.Address);
                refusal = (await Loopback.GreetAsync(late, Guest(200))).Refusal;
            }
            while (refusal == HandshakeRefusal.TooManyGuests);
            Assert.That(refusal, Is.EqualTo(HandshakeRefusal.None));
            Assert.That(await ended.WaitAsync(TimeSpan.FromSeconds(30)), Is.Empty, "the first guest, silent for longest, was shown out");
        }
        finally
        {
            guests.ForEach(static guest => guest.Dispose());
        }
    }

    [Test]
    public async Task A_guest_that_is_gone_is_forgotten()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(Station.OptionsOf(1, Only(members, 1)) with { GuestPatience = TimeSpan.FromMilliseconds(200) });
        await using (var second = await Station.StartAsync(2, members))
            await first.ConnectedAsync(2);
        await Wait.UntilAsync(() => first.Transport.ClientAddressOf(new(2)) is null, "nothing is kept of it");
    }

    [Test]
    public async Task Peers_may_be_set_before_the_start_from_many_threads_and_after_the_end()
    {
        var members = Loopback.Members(4);
        await using var second = await Station.StartAsync(2, members);
        var sink = new RecordingSink();
        var transport = new TcpTransport(Station.OptionsOf(1, Only(members, 1)), sink, sink.Budget, new RecordingLogger());
        transport.SetPeers(Only(members, 1, 3));
        await transport.StartAsync(CancellationToken.None);
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var time = 0; time < 50; time++)
                transport.SetPeers(Only(members, time % 2 == 0 ? [2, 3] : [1, 4]));
        })).ToArray();
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        transport.SetPeers(Only(members, 1, 2));
        await Wait.UntilAsync(() => Lanes.All(lane => transport.Connected(new(2), lane)), "the last call counts");
        await transport.DisposeAsync();
        transport.SetPeers(members);
        Assert.That(transport.TrySend(new(2), Lane.Control, [1, 0, 0, 0]), Is.False);
    }

    private static Dictionary<NodeId, DnsEndPoint> Only(Dictionary<NodeId, DnsEndPoint> members, params int[] nodes) =>
        nodes.ToDictionary(static node => new NodeId(node), node => members[new(node)]);

    /// <summary>The greeting of a node that is no member and says nothing of where it listens.</summary>
    private static Handshake Guest(int node) =>
        Handshake.Greeting(new(Station.Cluster, 0, new(node), 1, "", ""), new(1), Lane.Control);
}
