using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>What slow or hostile peers can hold.</summary>
public sealed class TransportBoundsTests
{
    [Test]
    public async Task What_the_agent_has_not_taken_is_bounded_and_heartbeats_of_others_still_arrive()
    {
        const int Body = 4 * 1024 * 1024;
        var members = Loopback.Members(3);
        await using var first = await Station.StartAsync(1, members);
        await using var second = await Station.StartAsync(2, members);
        await using var third = await Station.StartAsync(3, members);
        await second.ConnectedAsync(1);
        await third.ConnectedAsync(1);
        first.Sink.IsHolding = true;
        var frame = Loopback.NumberedFrame(1, 1, Body);
        await Wait.UntilAsync(
            () =>
            {
                second.Send(1, Lane.Bulk, frame);
                return first.Transport.Counts.ReceiveDrops > 0;
            },
            "there is no more room for node 2");
        Assert.That(first.Sink.Budget.Bytes, Is.LessThanOrEqualTo(ReceiveBudget.MaxBytes / 2));
        var heard = first.Sink.Count;
        Assert.That(third.Send(1, Lane.Control, Loopback.NumberedFrame(2, 2)), Is.True);
        Assert.That(third.Send(1, Lane.Bulk, frame), Is.True);
        await Wait.UntilAsync(() => first.Sink.Frames.Skip(heard).Count(static item => item.Peer == new NodeId(3)) == 2, "node 3 is heard on both lanes");
    }

    [Test]
    public async Task A_peer_that_reads_nothing_is_given_up_and_holds_no_memory()
    {
        var members = Loopback.Members(2);
        using var deaf = new TcpListener(IPAddress.Loopback, members[new(2)].Port);
        deaf.Start();
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { WriteTimeout = TimeSpan.FromMilliseconds(300) });
        var deafEnds = new List<TcpClient>();
        try
        {
            for (var lane = 0; lane < Frame.Lanes; lane++)
            {
                deafEnds.Add(await deaf.AcceptTcpClientAsync());
                await AnswerAsync(deafEnds[^1], Station.OptionsOf(2, members).Identity);
            }

            await first.ConnectedAsync(2);
            while (first.Send(2, Lane.Bulk, Loopback.NumberedFrame(1, 1, 8 * 1024 * 1024)))
                Assert.That(first.Transport.Pending(new(2), Lane.Bulk), Is.LessThanOrEqualTo(Frame.Backlog(Lane.Bulk)));
            await Wait.UntilAsync(() => !first.Transport.Connected(new(2), Lane.Bulk), "the connection is given up");
            await Wait.UntilAsync(() => first.Transport.Pending(new(2), Lane.Bulk) == 0, "what waited is gone");
            Assert.That(first.Transport.Connected(new(2), Lane.Control), Is.True, "the other lanes are left alone");
        }
        finally
        {
            deafEnds.ForEach(static end => end.Dispose());
        }
    }

    [Test]
    public async Task A_peer_that_dribbles_a_frame_is_cut_off_and_one_that_rests_between_frames_is_not()
    {
        var members = Loopback.Members(2);
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { FrameTimeout = TimeSpan.FromMilliseconds(200) });
        using var resting = await Loopback.DialAsync(first.Address);
        await Loopback.GreetAsync(resting, Handshake.Greeting(Station.OptionsOf(2, members).Identity, new(1), Lane.Control));
        using var dribbling = await Loopback.DialAsync(first.Address);
        await Loopback.GreetAsync(dribbling, Handshake.Greeting(Station.OptionsOf(2, members).Identity, new(1), Lane.Bulk));
        var header = new byte[Frame.OuterSize];
        Frame.WriteOuter(header, 1_000_000);
        await dribbling.GetStream().WriteAsync(header);
        Assert.That(await Loopback.ReadToEndAsync(dribbling), Is.Empty);
        Assert.That(first.Logger.HasWarning("a frame was begun and not completed in time"), Is.True);
        Assert.That(first.Sink.Budget.Bytes, Is.Zero);
        var frame = new byte[Frame.OuterSize + Frame.HeadSize];
        Frame.WriteOuter(frame, Frame.HeadSize);
        Frame.Seal(frame);
        await resting.GetStream().WriteAsync(frame);
        await Wait.UntilAsync(() => first.Sink.Count == 1, "the one that rested for as long is still heard");
    }

    [Test]
    public async Task Whoever_dials_often_from_one_address_pushes_out_only_itself()
    {
        var strangers = new Strangers();
        var honest = await ConnectedAsync("127.0.0.2");
        var crowd = new List<(Socket Accepted, Socket Dialled)>();
        try
        {
            strangers.Enter(honest.Accepted);
            for (var count = 0; count < 3 * Strangers.Max; count++)
            {
                crowd.Add(await ConnectedAsync("127.0.0.1"));
                strangers.Enter(crowd[^1].Accepted);
            }

            Assert.That(await IsClosedAsync(crowd[0].Dialled), Is.True, "the crowd's oldest was pushed out");
            Assert.That(honest.Accepted.Connected, Is.True, "the honest one, older than all of them, was not");
            strangers.Leave(honest.Accepted);
            Assert.That(honest.Accepted.Connected, Is.True);
        }
        finally
        {
            crowd.Add(honest);
            foreach (var (accepted, dialled) in crowd)
            {
                accepted.Dispose();
                dialled.Dispose();
            }
        }
    }

    private static async Task AnswerAsync(TcpClient client, HandshakeIdentity identity)
    {
        var bytes = new byte[Handshake.LargestSize];
        await client.GetStream().ReadExactlyAsync(bytes.AsMemory(0, Handshake.PrefixSize));
        Assert.That(Handshake.TryReadPrefix(bytes, out _, out var size), Is.True);
        await client.GetStream().ReadExactlyAsync(bytes.AsMemory(Handshake.PrefixSize, size - Handshake.PrefixSize));
        Assert.That(Handshake.TryRead(bytes.AsSpan(0, size), out var greeting), Is.True);
        size = Handshake.Greeting(identity, greeting.From, greeting.Lane).Write(bytes);
        await client.GetStream().WriteAsync(bytes.AsMemory(0, size));
    }

    private static async Task<(Socket Accepted, Socket Dialled)> ConnectedAsync(string from)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var dialled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dialled.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await dialled.ConnectAsync(listener.LocalEndpoint);
        return (await listener.AcceptSocketAsync(), dialled);
    }

    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]) == 0;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }
}
