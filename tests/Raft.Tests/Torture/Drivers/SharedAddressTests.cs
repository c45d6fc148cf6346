using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>Nodes that were told another's address by somebody else: the process driver finds out who dials it, over real processes.</summary>
[Platform("Linux")]
internal sealed class SharedAddressTests
{
    [Test]
    public async Task Each_node_that_dials_a_newcomers_address_takes_a_way_of_its_own_and_all_others_that_of_the_clients()
    {
        using var folder = new TemporaryFolder();
        var system = new DialSystem();
        await using var driver = Start(system, folder);
        var address = driver.SharedAddress(3, "peer");
        Assert.That(driver.CutsNewcomers, Is.True);
        Assert.That(system.Sites[3].Advertise("peer"), Is.EqualTo(address).And.Not.EqualTo(driver.LabAddress(3, "peer")));
        using var clients = ShellSystem.ListenAt(driver.LabAddress(3, "client"));
        using var newcomer = ShellSystem.ListenAt(driver.LabAddress(3, "peer"));
        await ReadyAsync(address, newcomer);

        await driver.SetLinkAsync(new Link(1, 3), new LinkFault { Drops = true });
        await system.OrderAsync(1, address, "a");
        await ProxyRig.UntilAsync(() => driver.TouchedAsync().Result > 0, "the connection from 1 is held up");
        await system.OrderAsync(2, address, "b");
        Assert.That(await ShellSystem.TakeAsync(newcomer, 1), Is.EqualTo("b"));
        using (await ShellSystem.DialAsync(address, "c"))
            Assert.That(await ShellSystem.TakeAsync(newcomer, 1), Is.EqualTo("c"));
        Assert.That(newcomer.Pending(), Is.False);

        await driver.SetLinkAsync(new Link(Link.Clients, 3), new LinkFault { Drops = true });
        using var held = await ShellSystem.DialAsync(address, "d");
        await system.OrderAsync(2, address, "e");
        Assert.That(await ShellSystem.TakeAsync(newcomer, 1), Is.EqualTo("e"), "The connection from the test came before it, and is held up.");
        await driver.SetLinkAsync(new Link(1, 3), LinkFault.None);
        Assert.That(await ShellSystem.TakeAsync(newcomer, 1), Is.EqualTo("a"));
    }

    [Test]
    public async Task A_newcomer_that_dials_by_what_another_node_was_told_takes_its_own_way()
    {
        using var folder = new TemporaryFolder();
        var system = new DialSystem();
        await using var driver = Start(system, folder);
        var address = system.Sites[1].Reach(2, "peer");
        using var second = ShellSystem.ListenAt(driver.LabAddress(2, "peer"));
        await system.OrderAsync(3, address, "a");
        Assert.That(await ShellSystem.TakeAsync(second, 1), Is.EqualTo("a"));

        await driver.SetLinkAsync(new Link(3, 2), new LinkFault { Drops = true });
        await system.OrderAsync(3, address, "b");
        await ProxyRig.UntilAsync(() => driver.TouchedAsync().Result > 0, "the connection from 3 is held up");
        await system.OrderAsync(1, address, "c");
        Assert.That(await ShellSystem.TakeAsync(second, 1), Is.EqualTo("c"), "Nothing is wrong between 1 and 2.");
        using (await ShellSystem.DialAsync(address, "d"))
            Assert.That(await ShellSystem.TakeAsync(second, 1), Is.EqualTo("d"), "Who is no known node counts as the one whose address it is.");
        Assert.That(second.Pending(), Is.False);
    }

    [Test]
    public void An_end_that_is_gone_is_no_nodes_and_no_clients()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var place = (IPEndPoint)listener.LocalEndpoint;
        var diallers = new Diallers(static () => [(7, Environment.ProcessId)]);
        using var client = new TcpClient(AddressFamily.InterNetworkV6) { Client = { DualMode = true } };
        client.Connect(place);
        using var accepted = listener.AcceptSocket();
        Assert.That(diallers.NodeOf(accepted), Is.EqualTo(7));
        Assert.That(new Diallers(static () => []).NodeOf(accepted), Is.EqualTo(Link.Clients));
        client.Close();
        Assert.That(diallers.NodeOf(accepted), Is.Null);
    }

    /// <summary>Two nodes that form the cluster, and one that comes.</summary>
    private static ProcessDriver Start(DialSystem system, TemporaryFolder folder)
    {
        var driver = new ProcessDriver(system, 2, folder.Path, seed: 1);
        driver.AddNode();
        foreach (var node in driver.Nodes)
            driver.Start(node);
        return driver;
    }

    /// <summary>Until a node is there for clients its address refuses all.</summary>
    private static async Task ReadyAsync(string address, TcpListener behind)
    {
        using var client = new TcpClient();
        await ProxyRig.UntilAsync(() => client.Connected || TryConnect(client, IPEndPoint.Parse(address)), "the node listens");
        using var first = await behind.AcceptTcpClientAsync(ProxyRig.Patience);
    }

    private static bool TryConnect(TcpClient client, IPEndPoint place)
    {
        try
        {
            client.Connect(place);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
