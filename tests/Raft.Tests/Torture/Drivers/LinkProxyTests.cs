using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

internal sealed class LinkProxyTests
{
    [Test]
    public async Task Bytes_pass_unchanged_both_ways_and_so_do_the_ends_of_both_streams()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        var bytes = ProxyRig.Counted(1_000_000);

        var sending = Task.WhenAll(ProxyRig.SendAsync(near, bytes), ProxyRig.SendAsync(far, bytes));
        Assert.That(await ProxyRig.ReceiveAsync(far, bytes.Length), Is.EqualTo(bytes));
        Assert.That(await ProxyRig.ReceiveAsync(near, bytes.Length), Is.EqualTo(bytes));
        await sending;

        near.Shutdown(SocketShutdown.Send);
        Assert.That((await ProxyRig.DrainAsync(far)).IsReset, Is.False);
        await ProxyRig.SendAsync(far, "late"u8.ToArray());
        far.Shutdown(SocketShutdown.Send);
        Assert.That((await ProxyRig.DrainAsync(near)).Bytes, Is.EqualTo("late"u8.ToArray()));
        await ProxyRig.UntilAsync(() => rig.Proxy.Connections == 0, "the proxy has let the connection go");
        Assert.That(rig.There.Touched + rig.Back.Touched, Is.Zero);
    }

    [Test]
    public async Task A_way_that_drops_passes_nothing_and_the_other_one_goes_on()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Drops = true });

        await ProxyRig.SendAsync(near, "lost?"u8.ToArray());
        await ProxyRig.UntilAsync(() => rig.There.Touched == 5, "five bytes are held up");
        await ProxyRig.SendAsync(far, "back"u8.ToArray());

        Assert.That(await ProxyRig.ReceiveAsync(near, 4), Is.EqualTo("back"u8.ToArray()));
        Assert.That(far.Available, Is.Zero);
        Assert.That(rig.Back.Touched, Is.Zero);
    }

    [Test]
    public async Task The_other_way_can_drop_as_well_on_a_connection_that_was_dialled_against_it()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.Back.Set(new LinkFault { Drops = true });

        await ProxyRig.SendAsync(far, "answer"u8.ToArray());
        await ProxyRig.UntilAsync(() => rig.Back.Touched == 6, "six bytes are held up");
        await ProxyRig.SendAsync(near, "request"u8.ToArray());

        Assert.That(await ProxyRig.ReceiveAsync(far, 7), Is.EqualTo("request"u8.ToArray()));
        Assert.That(near.Available, Is.Zero);
    }

    /// <summary>Twenty connections under one seed: some go on and some are reset, and none has a gap.</summary>
    [Test]
    public async Task A_mended_connection_goes_on_with_all_that_was_held_or_is_reset_but_never_goes_on_with_a_gap()
    {
        await using var rig = new ProxyRig();
        var bytes = ProxyRig.Counted(3_000);
        var connections = new List<(Socket Near, Socket Far)>();
        for (var i = 0; i < 20; i++)
            connections.Add(await rig.ConnectAsync());
        foreach (var (near, far) in connections)
        {
            await ProxyRig.SendAsync(near, bytes.AsMemory(0, 1_000));
            await ProxyRig.ReceiveAsync(far, 1_000);
        }
        rig.There.Set(new LinkFault { Drops = true });
        foreach (var (near, _) in connections)
            await ProxyRig.SendAsync(near, bytes.AsMemory(1_000, 1_000));
        await ProxyRig.UntilAsync(() => rig.There.Touched == 20_000, "all is held up");
        rig.There.Set(LinkFault.None);

        var resets = 0;
        foreach (var (near, far) in connections)
        {
            try
            {
                await ProxyRig.SendAsync(near, bytes.AsMemory(2_000, 1_000));
                near.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // It is one of those that are reset; what came to the far end tells.
            }
            var (got, isReset) = await ProxyRig.DrainAsync(far);
            resets += isReset ? 1 : 0;
            Assert.That(got, Is.EqualTo(isReset ? [] : bytes[1_000..]));
        }
        Assert.That(resets, Is.InRange(1, 19));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_new_connection_hangs_while_either_way_drops_and_opens_afterwards(bool isThere)
    {
        await using var rig = new ProxyRig();
        var way = isThere ? rig.There : rig.Back;
        way.Set(new LinkFault { Drops = true });
        var near = await rig.DialAsync();
        await ProxyRig.SendAsync(near, "hello"u8.ToArray());
        await ProxyRig.UntilAsync(() => way.Touched > 0 && rig.Proxy.Held == 5, "the connection is in the black hole");
        Assert.That(rig.HasArrived(), Is.False);

        way.Set(LinkFault.None);
        var far = await rig.AcceptAsync();
        // A connection that carried nothing yet may be reset as any other that was held up.
        var (got, isReset) = await DrainWhenClosedAsync(near, far);
        Assert.That(got, Is.EqualTo(isReset ? [] : "hello"u8.ToArray()));
    }

    [Test]
    public async Task A_connection_that_its_dialler_gives_up_in_a_black_hole_is_forgotten()
    {
        await using var rig = new ProxyRig();
        rig.There.Set(new LinkFault { Drops = true });
        var near = await rig.DialAsync();
        await ProxyRig.UntilAsync(() => rig.Proxy.Connections == 1, "it was taken");
        near.Dispose();
        await ProxyRig.UntilAsync(() => rig.Proxy.Connections == 0, "it was forgotten");
        Assert.That(rig.HasArrived(), Is.False);
    }

    [Test]
    public async Task Nobody_hears_of_an_end_across_a_way_that_drops()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Drops = true });
        near.LingerState = new LingerOption(enable: true, seconds: 0);
        near.Dispose();
        await ProxyRig.UntilAsync(() => rig.There.Touched == 1, "its end is held up");
        Assert.That(far.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False);

        rig.There.Set(LinkFault.None);
        Assert.That((await ProxyRig.DrainAsync(far)).IsReset, Is.True);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_reset_and_a_clean_end_of_one_side_reach_the_other_as_what_they_are(bool isReset)
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        if (isReset)
            near.LingerState = new LingerOption(enable: true, seconds: 0);
        near.Dispose();
        Assert.That((await ProxyRig.DrainAsync(far)).IsReset, Is.EqualTo(isReset));
    }

    [Test]
    public async Task What_is_held_is_bounded_and_the_sender_feels_it()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Drops = true });
        near.Blocking = false;
        var block = new byte[64 * 1024];
        long sent = 0;
        var isFull = false;
        await ProxyRig.UntilAsync(
            () =>
            {
                var before = sent;
                for (var got = 1; got > 0 && sent < 256L << 20; sent += Math.Max(0, got))
                    got = near.Send(block, SocketFlags.None, out _);
                // Twice nothing more was taken, with the time of a tick between.
                var wasFull = isFull;
                isFull = sent == before;
                return isFull && wasFull && rig.Proxy.Held >= ProxyPump.MaxHeld;
            },
            "the sender is stopped");
        Assert.That(rig.Proxy.Held, Is.LessThan(ProxyPump.MaxHeld + ProxyPump.MaxPiece));
        Assert.That(sent, Is.LessThan(64L << 20));
        Assert.That(far.Available, Is.Zero);
    }

    [Test]
    public async Task A_proxy_that_is_shut_refuses_and_one_that_opens_again_takes_while_its_connections_go_on()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.Proxy.Shut();
        var refused = await Assert.ThrowsAsync<SocketException>(rig.DialAsync);
        Assert.That(refused!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionRefused));
        await ProxyRig.SendAsync(near, "still"u8.ToArray());
        Assert.That(await ProxyRig.ReceiveAsync(far, 5), Is.EqualTo("still"u8.ToArray()));

        rig.Proxy.Open();
        var (again, farAgain) = await rig.ConnectAsync();
        await ProxyRig.SendAsync(again, "again"u8.ToArray());
        Assert.That(await ProxyRig.ReceiveAsync(farAgain, 5), Is.EqualTo("again"u8.ToArray()));
    }

    [Test]
    public async Task A_proxy_that_ends_resets_what_it_carries()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        await rig.Proxy.DisposeAsync();
        Assert.That((await ProxyRig.DrainAsync(near)).IsReset, Is.True);
        Assert.That((await ProxyRig.DrainAsync(far)).IsReset, Is.True);
    }

    private static async Task<(byte[] Bytes, bool IsReset)> DrainWhenClosedAsync(Socket near, Socket far)
    {
        try
        {
            near.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It was reset already, as the far end will tell.
        }
        return await ProxyRig.DrainAsync(far);
    }
}
