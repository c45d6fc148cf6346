using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>What listens and dials in the nodes' namespaces is the test; what the driver starts there is a few words of shell.</summary>
[NonParallelizable]
internal sealed class NamespaceDriverTests
{
    private static readonly LinkFault Cut = new() { Drops = true };

    /// <summary>How the files begin that say that this process owns a network.</summary>
    private static readonly string Me = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} ");

    [OneTimeSetUp]
    public void SkipWhereItCannotRun()
    {
        if (NamespaceDriver.WhyNot() is { } reason)
            Assert.Ignore(reason);
    }

    [Test]
    public async Task Nodes_run_in_namespaces_of_their_own_and_nothing_is_left_of_them()
    {
        using var folder = new TemporaryFolder();
        string space;
        var system = new ShellSystem();
        await using (var driver = new NamespaceDriver(system, 2, folder.Path, seed: 1))
        {
            space = SpaceOf(driver, 1);
            driver.Start(1);
            var pid = await PidAsync(driver, 1);
            Assert.That(NamespaceOf(pid), Is.Not.EqualTo(NamespaceOf(Environment.ProcessId)));
            driver.Start(2);
            Assert.That(NamespaceOf(await PidAsync(driver, 2)), Is.Not.EqualTo(NamespaceOf(pid)));
            Assert.That(system.LastSite!.Reach(1, "peer"), Is.EqualTo(driver.LabAddress(1, "peer")));
            Assert.That(Traces(space), Has.Count.EqualTo(4), "Two nodes, a bridge and a wire to it.");

            await driver.KillAsync(1);
            Assert.That((driver.IsRunning(1), driver.IsRunning(2)), Is.EqualTo((false, true)));
            driver.Pause(2, isPaused: true);
        }
        Assert.That(Traces(space), Is.Empty);
    }

    [Test]
    public async Task A_cut_drops_packets_one_way_and_a_connection_goes_on_without_a_gap_when_it_is_mended()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new NamespaceDriver(new ShellSystem(), 2, folder.Path, seed: 1);
        using var listener = InNamespace.Listen(FileOf(driver, 2), driver.LabAddress(2, "peer"));
        using var near = InNamespace.Socket(FileOf(driver, 1));
        await near.ConnectAsync(IPEndPoint.Parse(driver.LabAddress(2, "peer")), ProxyRig.Patience);
        using var far = await listener.AcceptSocketAsync(ProxyRig.Patience);
        Assert.That(await driver.TouchedAsync(), Is.Zero);

        await driver.SetLinkAsync(new Link(2, 1), Cut);
        await ProxyRig.SendAsync(near, "there"u8.ToArray());
        Assert.That(await ProxyRig.ReceiveAsync(far, 5), Is.EqualTo("there"u8.ToArray()), "The other way is whole.");
        await ProxyRig.SendAsync(far, "back"u8.ToArray());
        await ProxyRig.UntilAsync(() => driver.TouchedAsync().Result >= 2, "packets of the way back are dropped");
        Assert.That(near.Available, Is.Zero);

        await driver.SetLinkAsync(new Link(2, 1), LinkFault.None);
        var touched = await driver.TouchedAsync();
        Assert.That(touched, Is.GreaterThanOrEqualTo(2), "What was counted stays counted.");
        Assert.That(await ProxyRig.ReceiveAsync(near, 4), Is.EqualTo("back"u8.ToArray()));
        Assert.That(await driver.TouchedAsync(), Is.EqualTo(touched));
    }

    [Test]
    public async Task Clients_are_cut_off_while_the_lab_is_not()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new NamespaceDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        var address = driver.ClientAddress(1, "client");
        driver.Start(1);
        using var listener = InNamespace.Listen(FileOf(driver, 1), driver.LabAddress(1, "client"));
        await ProxyRig.UntilAsync(() => CanDial(address), "clients get in");
        await driver.SetLinkAsync(new Link(Link.Clients, 1), Cut);
        while (listener.Pending())
            (await listener.AcceptSocketAsync(ProxyRig.Patience)).Dispose();

        using var client = await ShellSystem.DialAsync(address, "client");
        await ProxyRig.UntilAsync(() => driver.TouchedAsync().Result > 0, "packets of clients are dropped");
        using var lab = await ShellSystem.DialAsync(driver.LabAddress(1, "client"), "lab");
        Assert.That(await ShellSystem.TakeAsync(listener, 3), Is.EqualTo("lab"));

        await driver.SetLinkAsync(new Link(Link.Clients, 1), LinkFault.None);
        Assert.That(await ShellSystem.TakeAsync(listener, 6), Is.EqualTo("client"));
    }

    [Test]
    public async Task A_node_that_is_added_later_is_reached_and_cut_off_as_the_others_and_lost_packets_are_sent_again()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new NamespaceDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        Assert.That(driver.AddNode(), Is.EqualTo(2));
        using var listener = InNamespace.Listen(FileOf(driver, 2), driver.LabAddress(2, "peer"));
        await driver.SetLinkAsync(new Link(1, 2), new LinkFault { Loss = 0.2 });
        using var near = InNamespace.Socket(FileOf(driver, 1));
        await near.ConnectAsync(IPEndPoint.Parse(driver.LabAddress(2, "peer")), ProxyRig.Patience);
        using var far = await listener.AcceptSocketAsync(ProxyRig.Patience);
        var bytes = ProxyRig.Counted(200_000);

        // The kernel draws for each packet, of which so many bytes may be no more than five: sent often enough, some are lost.
        for (var time = 0; time < 50 && await driver.TouchedAsync() == 0; time++)
        {
            var sending = ProxyRig.SendAsync(near, bytes);
            Assert.That(await ProxyRig.ReceiveAsync(far, bytes.Length), Is.EqualTo(bytes));
            await sending;
        }

        Assert.That(await driver.TouchedAsync(), Is.Positive);
    }

    [Test]
    public async Task Faults_that_packets_cannot_have_here_are_refused_and_so_are_nodes_and_ports_that_are_not_there()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new NamespaceDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        Assert.That(driver.Abilities, Is.EqualTo(LinkFaults.Drop | LinkFaults.Loss));
        await Assert.ThrowsAsync<NotSupportedException>(() => driver.SetLinkAsync(new Link(1, 0), new LinkFault { Delay = TimeSpan.FromSeconds(1) }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => driver.SetLinkAsync(new Link(1, 2), Cut));
        var port = Assert.Throws<ArgumentException>(() => driver.LabAddress(1, "http"));
        Assert.That(port!.Message, Does.StartWith("shell has no port 'http', only peer, client."));
    }

    [Test]
    public async Task Two_runs_at_once_have_networks_of_their_own_and_what_a_killed_lab_left_is_removed_by_the_next()
    {
        using var folder = new TemporaryFolder();
        using var other = new TemporaryFolder();
        using var third = new TemporaryFolder();
        string space;
        await using (var driver = new NamespaceDriver(new ShellSystem(), 1, folder.Path, seed: 1))
        {
            space = SpaceOf(driver, 1);
            using var left = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", space, "sleep", "1000"]) { UseShellExecute = false })!;
            Assert.That(await File.ReadAllTextAsync(RecordOf(space)), Does.StartWith(Me));
            await using (var second = new NamespaceDriver(new ShellSystem(), 1, other.Path, seed: 1))
                Assert.That(second.LabAddress(1, "peer"), Is.Not.EqualTo(driver.LabAddress(1, "peer")));
            Assert.That(left.HasExited, Is.False);

            // As if the first one's lab were gone: no process has this number.
            await File.WriteAllTextAsync(RecordOf(space), "4194305 17");
            await using var next = new NamespaceDriver(new ShellSystem(), 1, third.Path, seed: 1);
            await left.WaitForExitAsync(ProxyRig.Patience);
        }
        Assert.That(Traces(space), Is.Empty);
    }

    /// <summary>What there is of a namespace's network; nothing if another lab, which may run at the same time, has its number by now.</summary>
    private static List<string> Traces(string space)
    {
        var record = RecordOf(space);
        var network = space[..(space.IndexOf('-', StringComparison.Ordinal) + 1)];
        return File.Exists(record) && !File.ReadAllText(record).StartsWith(Me, StringComparison.Ordinal)
            ? []
            : [.. Directory.GetFiles("/run/netns", network + "*"), .. Directory.GetDirectories("/sys/class/net", network + "*")];
    }

    private static string SpaceOf(NamespaceDriver driver, int node)
    {
        var bytes = IPEndPoint.Parse(driver.LabAddress(node, "peer")).Address.GetAddressBytes();
        return string.Create(CultureInfo.InvariantCulture, $"rslab{bytes[2]}-{node}");
    }

    private static string FileOf(NamespaceDriver driver, int node) => "/run/netns/" + SpaceOf(driver, node);

    private static string RecordOf(string space) => $"/run/raftstream-lab/{space["rslab".Length..space.IndexOf('-', StringComparison.Ordinal)]}.owner";

    private static string? NamespaceOf(int pid) => new FileInfo($"/proc/{pid}/ns/net").LinkTarget;

    private static async Task<int> PidAsync(NamespaceDriver driver, int node)
    {
        var file = Path.Combine(driver.FolderOf(node), "pid");
        await ProxyRig.UntilAsync(() => File.Exists(file) && File.ReadAllText(file).EndsWith('\n'), "the node has told its process's number");
        return int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
    }

    private static bool CanDial(string address)
    {
        try
        {
            using var client = new TcpClient();
            var place = IPEndPoint.Parse(address);
            client.Connect(place);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
