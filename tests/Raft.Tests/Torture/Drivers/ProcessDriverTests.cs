using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

[Platform(Exclude = "Win", Reason = "The nodes of these tests are shell scripts.")]
internal sealed class ProcessDriverTests
{
    [Test]
    public async Task A_node_is_started_killed_and_started_again_in_its_folder_and_its_log_tells_of_it()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new ProcessDriver(new ShellSystem(), 2, folder.Path, seed: 1);
        Assert.That(driver.Nodes, Is.EqualTo(new[] { 1, 2 }));
        Assert.That(driver.IsRunning(1), Is.False);

        driver.Start(1);
        driver.Start(1);
        await PidAsync(driver, 1);
        Assert.That(driver.IsRunning(1), Is.True);
        await driver.KillAsync(1);
        Assert.That(driver.IsRunning(1), Is.False);
        driver.Start(1);
        await ProxyRig.UntilAsync(() => Occurrences(LogOf(folder, 1), "hello from 1 at 127.0.0.1:") == 2, "the log has the words of both processes");

        Assert.That(LogOf(folder, 1), Does.Contain("ended with 137").And.Contain("trouble"));
        Assert.That(driver.FolderOf(1), Is.EqualTo(Path.Combine(folder.Path, "nodes", "node-1")));
    }

    [Test]
    public async Task A_node_is_asked_to_end_before_it_is_killed()
    {
        using var folder = new TemporaryFolder();
        var system = new ShellSystem { Script = "trap 'echo bye; exit 3' TERM; echo $$ > pid; while read line; do :; done; exit 4" };
        await using var driver = new ProcessDriver(system, 1, folder.Path, seed: 1);
        driver.Start(1);
        await PidAsync(driver, 1);
        await driver.StopAsync(1);
        await ProxyRig.UntilAsync(() => LogOf(folder, 1).Contains("ended with", StringComparison.Ordinal), "its end is in the log");
        Assert.That(LogOf(folder, 1), Does.Contain("ended with 3").Or.Contain("ended with 4"));
    }

    [Test]
    [Platform("Linux")]
    public async Task A_node_is_paused_where_it_stands_and_goes_on()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new ProcessDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        driver.Start(1);
        var pid = await PidAsync(driver, 1);
        driver.Pause(1, isPaused: true);
        await ProxyRig.UntilAsync(() => StateOf(pid) == 'T', "it is stopped");
        Assert.That(driver.IsRunning(1), Is.True);
        driver.Pause(1, isPaused: false);
        await ProxyRig.UntilAsync(() => StateOf(pid) == 'S', "it goes on");
        driver.Pause(1, isPaused: true);
        await driver.KillAsync(1);
        Assert.That(driver.IsRunning(1), Is.False);
    }

    [Test]
    public async Task Nothing_throws_for_a_node_that_has_ended_by_itself()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new ProcessDriver(new ShellSystem { Script = "exit 7" }, 1, folder.Path, seed: 1);
        driver.Start(1);
        await ProxyRig.UntilAsync(() => !driver.IsRunning(1), "it has ended");
        driver.Pause(1, isPaused: true);
        driver.Pause(1, isPaused: false);
        await driver.KillAsync(1);
        await driver.StopAsync(1);
        driver.Start(1);
        await ProxyRig.UntilAsync(() => Occurrences(LogOf(folder, 1), "ended with 7") == 2, "it has ended again");
    }

    [Test]
    public async Task Each_node_sees_the_others_through_ways_of_its_own_and_a_cut_strikes_connections_whoever_dialled_them()
    {
        using var folder = new TemporaryFolder();
        var system = new ShellSystem();
        await using var driver = new ProcessDriver(system, 3, folder.Path, seed: 1);
        var sites = new List<NodeSite>();
        foreach (var node in driver.Nodes)
        {
            driver.Start(node);
            sites.Add(system.LastSite!);
        }
        var addresses = sites.SelectMany(site => driver.Nodes.Select(node => site.Reach(node, "peer"))).ToList();
        Assert.That(addresses, Is.Unique);
        Assert.That(sites[0].Reach(1, "peer"), Is.EqualTo(sites[0].Listen("peer")).And.EqualTo(driver.LabAddress(1, "peer")));

        using var first = ShellSystem.ListenAt(driver.LabAddress(1, "peer"));
        using var second = ShellSystem.ListenAt(driver.LabAddress(2, "peer"));
        using var third = ShellSystem.ListenAt(driver.LabAddress(3, "peer"));
        using var towards = await ShellSystem.DialAsync(sites[0].Reach(2, "peer"), "a");
        using var towardsFar = await second.AcceptTcpClientAsync(ProxyRig.Patience);
        using var against = await ShellSystem.DialAsync(sites[1].Reach(1, "peer"), "b");
        using var againstFar = await first.AcceptTcpClientAsync(ProxyRig.Patience);
        Assert.That(await ShellSystem.ReadAsync(towardsFar, 1) + await ShellSystem.ReadAsync(againstFar, 1), Is.EqualTo("ab"));

        await driver.SetLinkAsync(new Link(1, 2), new LinkFault { Drops = true });
        foreach (var socket in (TcpClient[])[towards, towardsFar, against, againstFar])
            await socket.GetStream().WriteAsync("xyz"u8.ToArray(), ProxyRig.Patience);
        Assert.That(await ShellSystem.ReadAsync(towards, 3), Is.EqualTo("xyz"), "Bytes from 2 pass to 1 that dialled.");
        Assert.That(await ShellSystem.ReadAsync(againstFar, 3), Is.EqualTo("xyz"), "Bytes from 2 pass to 1 that was dialled.");
        await ProxyRig.UntilAsync(() => driver.TouchedAsync().Result == 6, "both words from 1 to 2 are held up");
        Assert.That((towardsFar.Available, against.Available), Is.EqualTo((0, 0)));

        using var other = await ShellSystem.DialAsync(sites[0].Reach(3, "peer"), "c");
        Assert.That(await ShellSystem.TakeAsync(third, 1), Is.EqualTo("c"), "Nothing is wrong between 1 and 3.");
    }

    [Test]
    public async Task A_node_that_is_added_later_has_a_place_that_all_know_and_knows_theirs()
    {
        using var folder = new TemporaryFolder();
        var system = new ShellSystem();
        await using var driver = new ProcessDriver(system, 1, folder.Path, seed: 1);
        driver.Start(1);
        var old = system.LastSite!;
        var expected = old.Reach(2, "peer");

        Assert.That(driver.AddNode(), Is.EqualTo(2));
        driver.Start(2);
        var added = system.LastSite!;
        Assert.That((added.Id, added.Joins, old.Joins), Is.EqualTo((2, true, false)));
        Assert.That(old.Reach(2, "peer"), Is.EqualTo(expected));
        using var first = ShellSystem.ListenAt(driver.LabAddress(1, "peer"));
        using var second = ShellSystem.ListenAt(driver.LabAddress(2, "peer"));
        using var there = await ShellSystem.DialAsync(old.Reach(2, "peer"), "new");
        using var back = await ShellSystem.DialAsync(added.Reach(1, "peer"), "old");
        Assert.That(await ShellSystem.TakeAsync(second, 3), Is.EqualTo("new"));
        Assert.That(await ShellSystem.TakeAsync(first, 3), Is.EqualTo("old"));
        Assert.Throws<ArgumentOutOfRangeException>(() => driver.Start(3));
    }

    [Test]
    public async Task Clients_are_refused_until_a_node_listens_and_once_it_is_down_unless_their_way_drops()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new ProcessDriver(new ShellSystem(), 1, folder.Path, seed: 1);
        var address = driver.ClientAddress(1, "client");
        driver.Start(1);
        await PidAsync(driver, 1);
        Assert.That(await IsRefusedAsync(address), Is.True, "It runs, but does not listen.");

        using var listener = ShellSystem.ListenAt(driver.LabAddress(1, "client"));
        var isOpen = false;
        await ProxyRig.UntilAsync(() => isOpen || (isOpen = !IsRefusedAsync(address).Result), "it listens");

        await driver.KillAsync(1);
        Assert.That(await IsRefusedAsync(address), Is.True, "It is down.");
        await driver.SetLinkAsync(new Link(1, Link.Clients), new LinkFault { Drops = true });
        Assert.That(await IsRefusedAsync(address), Is.False, "Its refusal would have to pass a way that drops.");
        await driver.SetLinkAsync(new Link(1, Link.Clients), LinkFault.None);
        Assert.That(await IsRefusedAsync(address), Is.True);
    }

    [Test]
    public async Task What_a_lab_that_was_killed_has_left_is_ended_and_nothing_else_is()
    {
        using var folder = new TemporaryFolder();
        var nodes = Directory.CreateDirectory(Path.Combine(folder.Path, "nodes")).FullName;
        using var left = StartCat();
        using var stranger = StartCat();
        File.WriteAllText(Path.Combine(nodes, "node-1.pid"), string.Create(CultureInfo.InvariantCulture, $"{left.Id} {ProcessSignals.MarkOf(left.Id)}"));
        File.WriteAllText(Path.Combine(nodes, "node-2.pid"), string.Create(CultureInfo.InvariantCulture, $"{stranger.Id} 17"));

        await using (new ProcessDriver(new ShellSystem(), 1, folder.Path, seed: 1))
        {
            await left.WaitForExitAsync(ProxyRig.Patience);
            Assert.That(stranger.HasExited, Is.False);
        }
        stranger.Kill();
        await stranger.WaitForExitAsync(ProxyRig.Patience);
        Assert.That(Directory.GetFiles(nodes).Select(Path.GetFileName), Is.EqualTo(new[] { "node-1.log" }));
    }

    [Test]
    public async Task Two_runs_do_not_share_a_folder_and_a_program_that_is_missing_is_named()
    {
        using var folder = new TemporaryFolder();
        await using var driver = new ProcessDriver(new ShellSystem { File = "/no/such/program" }, 1, folder.Path, seed: 1);
        var second = Assert.Throws<InvalidOperationException>(() => new ProcessDriver(new ShellSystem(), 1, folder.Path, seed: 1));
        Assert.That(second!.Message, Does.StartWith("Another run uses the folder "));
        var missing = Assert.Throws<InvalidOperationException>(() => driver.Start(1));
        Assert.That(missing!.Message, Is.EqualTo("The program /no/such/program is not there: install it, or give its full path."));
    }

    [Test]
    public async Task A_log_is_kept_to_its_bound_and_its_node_is_not_held_up()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "node.log");
        var lines = string.Concat(Enumerable.Range(0, 20_000).Select(static number => $"line {number}\n"));
        using (var log = new NodeLog(path, limit: 50_000))
        {
            using var said = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(lines));
            await log.CopyAsync(said);
            Assert.That(said.Position, Is.EqualTo(said.Length));
        }
        using (var again = new NodeLog(path, limit: 50_000))
            again.Note("more");
        var kept = File.ReadAllText(path);
        Assert.That(kept, Has.Length.LessThan(80_000).And.StartsWith("line 0\nline 1\n").And.EndsWith("what follows is not kept\n"));
    }

    private static string LogOf(TemporaryFolder folder, int node)
    {
        using var reader = new StreamReader(new FileStream(
            Path.Combine(folder.Path, "nodes", $"node-{node}.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    private static Process StartCat() =>
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec cat"]) { UseShellExecute = false, RedirectStandardInput = true })!;

    private static int Occurrences(string text, string word) => text.Split(word).Length - 1;

    private static char StateOf(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }

    private static async Task<int> PidAsync(ProcessDriver driver, int node)
    {
        var file = Path.Combine(driver.FolderOf(node), "pid");
        await ProxyRig.UntilAsync(() => File.Exists(file) && File.ReadAllText(file).EndsWith('\n'), "the node has told its process's number");
        return int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
    }

    private static async Task<bool> IsRefusedAsync(string address)
    {
        try
        {
            using var client = await ShellSystem.DialAsync(address, "?");
            return false;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return true;
        }
    }
}
