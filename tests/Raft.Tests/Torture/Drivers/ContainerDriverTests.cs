using System.Globalization;
using System.Net;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>What listens and dials in the nodes' networks is the test; what the driver starts in containers is a few words of shell.</summary>
[NonParallelizable]
internal sealed class ContainerDriverTests
{
    private static readonly LinkFault Cut = new() { Drops = true };

    [OneTimeSetUp]
    public void SkipWhereItCannotRun()
    {
        if (ContainerDriver.WhyNot() is { } reason)
            Assert.Ignore(reason);
    }

    [Test]
    public async Task Nodes_run_in_containers_are_killed_paused_and_started_again_and_nothing_is_left_of_them()
    {
        using var folder = new TemporaryFolder();
        int number;
        await using (var driver = new ContainerDriver(new ShellSystem(), 1, folder.Path, seed: 1))
        {
            number = NumberOf(driver);
            driver.Start(1);
            Assert.That(await PidAsync(driver, 1), Is.LessThan(1000), "It is a number among the container's own.");
            driver.Pause(1, isPaused: true);
            Assert.That(driver.IsRunning(1), Is.True);
            await driver.KillAsync(1);
            Assert.That(driver.IsRunning(1), Is.False);
            File.Delete(Path.Combine(driver.FolderOf(1), "pid"));
            driver.Start(1);
            await PidAsync(driver, 1);
            await driver.StopAsync(1);
            Assert.That(driver.IsRunning(1), Is.False);
            await driver.KillAsync(1);
            driver.Pause(1, isPaused: false);
            Assert.That(await ContainersAsync(number), Is.EqualTo(new[] { $"rslab{number}-1" }), "Only the holder of its address is left.");
        }
        Assert.That(await ContainersAsync(number), Is.Empty);
        var log = await File.ReadAllTextAsync(Path.Combine(folder.Path, "nodes", "node-1.log"));
        Assert.That(log.Split("hello from 1 at 10.77."), Has.Length.EqualTo(3), "Both processes have said so.");
    }

    [Test]
    public async Task A_cut_outlives_the_process_and_a_connection_goes_on_without_a_gap_when_it_is_mended()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new ContainerDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        Assert.That(driver.AddNode(), Is.EqualTo(2));
        using var listener = InNamespace.Listen(await FileAsync(driver, 2), driver.LabAddress(2, "peer"));
        using var near = InNamespace.Socket(await FileAsync(driver, 1));
        await near.ConnectAsync(IPEndPoint.Parse(driver.LabAddress(2, "peer")), ProxyRig.Patience);
        using var far = await listener.AcceptSocketAsync(ProxyRig.Patience);

        await driver.SetLinkAsync(new Link(2, 1), Cut);
        driver.Start(1);
        await PidAsync(driver, 1);
        await driver.KillAsync(1);
        await ProxyRig.SendAsync(near, "there"u8.ToArray());
        Assert.That(await ProxyRig.ReceiveAsync(far, 5), Is.EqualTo("there"u8.ToArray()), "The other way is whole.");
        await ProxyRig.SendAsync(far, "back"u8.ToArray());
        await ProxyRig.UntilAsync(() => driver.TouchedAsync().Result >= 2, "packets of the way back are dropped");
        Assert.That(near.Available, Is.Zero);

        await driver.SetLinkAsync(new Link(2, 1), LinkFault.None);
        Assert.That(await ProxyRig.ReceiveAsync(near, 4), Is.EqualTo("back"u8.ToArray()));

        using var clients = InNamespace.Listen(await FileAsync(driver, 2), driver.LabAddress(2, "client"));
        driver.Start(2);
        await ProxyRig.UntilAsync(() => clients.Pending(), "the lab has seen that it listens");
        (await clients.AcceptSocketAsync(ProxyRig.Patience)).Dispose();
        using var client = await DialAsync(driver.ClientAddress(2, "client"));
        Assert.That(await ShellSystem.TakeAsync(clients, 2), Is.EqualTo("me"));
    }

    [Test]
    public async Task What_a_killed_lab_left_is_removed_by_the_next()
    {
        using var folder = new TemporaryFolder();
        using var other = new TemporaryFolder();
        await using var driver = new ContainerDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        driver.Start(1);
        await PidAsync(driver, 1);
        var number = NumberOf(driver);
        // As if its lab were gone: no process has this number.
        await File.WriteAllTextAsync($"/run/raftstream-lab/{number}.owner", "4194305 17 container");
        await using (new ContainerDriver(new ShellSystem(), 1, other.Path, seed: 1))
            await ProxyRig.UntilAsync(() => !driver.IsRunning(1), "the node of the first is gone");
    }

    private static int NumberOf(ContainerDriver driver) => IPEndPoint.Parse(driver.LabAddress(1, "peer")).Address.GetAddressBytes()[2];

    private static async Task<string[]> ContainersAsync(int number) =>
        (await SystemCommand.DoAsync("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", $"label=raftstream-lab={number}"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> FileAsync(ContainerDriver driver, int node)
    {
        var pid = await SystemCommand.DoAsync("docker", "inspect", "-f", "{{.State.Pid}}", $"rslab{NumberOf(driver)}-{node}");
        return $"/proc/{pid.Trim()}/ns/net";
    }

    private static async Task<System.Net.Sockets.TcpClient> DialAsync(string address)
    {
        System.Net.Sockets.TcpClient? client = null;
        await ProxyRig.UntilAsync(
            () =>
            {
                try
                {
                    client = ShellSystem.DialAsync(address, "me").GetAwaiter().GetResult();
                    return true;
                }
                catch (System.Net.Sockets.SocketException)
                {
                    return false;
                }
            },
            "clients get in");
        return client!;
    }

    private static async Task<int> PidAsync(ContainerDriver driver, int node)
    {
        var file = Path.Combine(driver.FolderOf(node), "pid");
        await ProxyRig.UntilAsync(() => File.Exists(file) && File.ReadAllText(file).EndsWith('\n'), "the node has told its process's number");
        return int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
    }
}
