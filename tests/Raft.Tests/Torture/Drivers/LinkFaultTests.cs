using System.Diagnostics;
using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

internal sealed class LinkFaultTests
{
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(150);

    [Test]
    public async Task A_delay_makes_every_byte_late_by_as_much_and_slows_nothing_down()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Delay = Late });
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
            await ProxyRig.SendAsync(near, new[] { (byte)i });

        Assert.That(await ProxyRig.ReceiveAsync(far, 20), Is.EqualTo(Enumerable.Range(0, 20)));
        // Were they late one after the other, it would take 3 seconds.
        Assert.That(Stopwatch.GetElapsedTime(start), Is.InRange(Late, TimeSpan.FromSeconds(2.5)));
        Assert.That(rig.There.Touched, Is.EqualTo(20));
        Assert.That(rig.Back.Touched, Is.Zero);
    }

    [Test]
    public async Task Jitter_keeps_the_order_within_a_connection()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Jitter = TimeSpan.FromMilliseconds(40) });
        var bytes = ProxyRig.Counted(400);
        var receiving = ProxyRig.ReceiveAsync(far, bytes.Length);
        for (var i = 0; i < bytes.Length; i += 10)
            await ProxyRig.SendAsync(near, bytes.AsMemory(i, 10));
        Assert.That(await receiving, Is.EqualTo(bytes));
        Assert.That(rig.There.Touched, Is.Positive);
    }

    [Test]
    public async Task A_delay_that_is_mended_no_longer_holds_what_it_held()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Delay = TimeSpan.FromHours(1) });
        await ProxyRig.SendAsync(near, "soon"u8.ToArray());
        await ProxyRig.UntilAsync(() => rig.There.Touched == 4, "it is held");
        rig.There.Set(LinkFault.None);
        Assert.That(await ProxyRig.ReceiveAsync(far, 4), Is.EqualTo("soon"u8.ToArray()));
    }

    [Test]
    public async Task All_connections_on_a_way_share_its_rate()
    {
        await using var rig = new ProxyRig();
        var first = await rig.ConnectAsync();
        var second = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { BytesPerSecond = 200_000 });
        var bytes = ProxyRig.Counted(50_000);
        var start = Stopwatch.GetTimestamp();
        var sending = Task.WhenAll(ProxyRig.SendAsync(first.Near, bytes), ProxyRig.SendAsync(second.Near, bytes));
        var receiving = Task.WhenAll(ProxyRig.ReceiveAsync(first.Far, bytes.Length), ProxyRig.ReceiveAsync(second.Far, bytes.Length));
        foreach (var got in await receiving)
            Assert.That(got, Is.EqualTo(bytes));
        await sending;
        Assert.That(Stopwatch.GetElapsedTime(start), Is.GreaterThan(TimeSpan.FromSeconds(0.48)));
        Assert.That(rig.There.Touched, Is.Positive);
    }

    [Test]
    public async Task A_lost_piece_takes_its_connection_with_it()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.There.Set(new LinkFault { Loss = 1 });
        await ProxyRig.SendAsync(near, "gone"u8.ToArray());
        Assert.That(await ProxyRig.DrainAsync(far), Is.EqualTo((Array.Empty<byte>(), true)));
        Assert.That((await ProxyRig.DrainAsync(near)).IsReset, Is.True);
        Assert.That(rig.There.Touched, Is.EqualTo(4));
    }

    [Test]
    public async Task A_reset_strikes_in_the_middle_of_what_is_carried()
    {
        await using var rig = new ProxyRig();
        rig.There.Set(new LinkFault { Reset = 1 });
        var bytes = ProxyRig.Counted(10_000);
        var isInTheMiddle = false;
        for (var i = 0; i < 5; i++)
        {
            var (near, far) = await rig.ConnectAsync();
            await ProxyRig.SendAsync(near, bytes);
            var (got, isReset) = await ProxyRig.DrainAsync(far);
            Assert.That(isReset, Is.True);
            Assert.That(got, Has.Length.LessThan(bytes.Length));
            Assert.That(got, Is.EqualTo(bytes[..got.Length]));
            isInTheMiddle |= got.Length > 0;
        }
        Assert.That(isInTheMiddle, Is.True);
    }

    [Test]
    public async Task Corruption_turns_one_bit_of_a_piece_over_and_the_connection_goes_on()
    {
        await using var rig = new ProxyRig();
        var (near, far) = await rig.ConnectAsync();
        rig.Back.Set(new LinkFault { Corruption = 1 });
        var bytes = ProxyRig.Counted(1_000);
        await ProxyRig.SendAsync(far, bytes);
        var got = await ProxyRig.ReceiveAsync(near, bytes.Length);
        var turned = got.Zip(bytes).Sum(static pair => int.PopCount(pair.First ^ pair.Second));
        Assert.That(turned, Is.EqualTo(rig.Back.Touched).And.Positive);

        rig.Back.Set(LinkFault.None);
        await ProxyRig.SendAsync(far, bytes);
        Assert.That(await ProxyRig.ReceiveAsync(near, bytes.Length), Is.EqualTo(bytes));
    }

    [Test]
    public void One_seed_draws_the_same_for_a_way_and_something_else_for_its_neighbours()
    {
        static int[] Draw(Link link, ulong seed)
        {
            var way = new LinkWay(link, seed);
            return [.. Enumerable.Range(0, 20).Select(_ => way.Below(1000))];
        }

        var drawn = Draw(new Link(1, 2), 7);
        Assert.That(Draw(new Link(1, 2), 7), Is.EqualTo(drawn));
        Assert.That(Draw(new Link(2, 1), 7), Is.Not.EqualTo(drawn));
        Assert.That(Draw(new Link(1, 2), 8), Is.Not.EqualTo(drawn));
    }

    [Test]
    public async Task A_share_strikes_about_as_often_as_it_says()
    {
        await using var rig = new ProxyRig(seed: 3);
        rig.There.Set(new LinkFault { Loss = 0.3 });
        var lost = 0;
        for (var i = 0; i < 100; i++)
        {
            var (near, far) = await rig.ConnectAsync();
            await ProxyRig.SendAsync(near, new byte[1]);
            near.Shutdown(SocketShutdown.Send);
            lost += (await ProxyRig.DrainAsync(far)).IsReset ? 1 : 0;
            near.Dispose();
            far.Dispose();
        }
        Assert.That(lost, Is.InRange(15, 45));
    }
}
