using RaftStream.Lab.Torture;
using RaftStream.Hosting.Http;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>A real node whose wall clock the lab sets.</summary>
internal sealed class WallClockNodeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_node_sees_the_wall_clock_that_the_lab_sets_and_serves_on()
    {
        if (WallClockLibrary.WhyNot() is { } reason)
            Assert.Ignore(reason);
        using var folder = new TemporaryFolder();
        using var system = new RaftStreamSystem();
        await using var driver = new ProcessDriver(system, 1, folder.Path, seed: 1) { SetsWallClocks = true };
        driver.Start(1);
        var address = driver.LabAddress(1, RaftStreamSystem.ClientPort);
        await Eventually.HoldsAsync(async () => await system.LookAsync(address, CancellationToken.None) is { IsLeader: true }, "the node leads", Limit);
        await using var client = system.Connect(address);
        await AddAsync(client, 1);
        await SeesAsync(address, TimeSpan.Zero);

        var clocks = new WallClocks(driver);
        var sum = 1L;
        foreach (var hours in new[] { 5, -9 })
        {
            var leap = TimeSpan.FromHours(hours);
            clocks.Move(1, leap);
            await SeesAsync(address, leap);
            await AddAsync(client, ++sum);
            await clocks.HealAsync();
            await SeesAsync(address, TimeSpan.Zero);
            await AddAsync(client, ++sum);
        }

        await using var watch = new ClusterWatch(system, driver, new());
        var field = new Field(system, driver, watch, hasFaultyNodes: true);
        await StrobesAsync(field, client, sum);
        Assert.That(driver.IsRunning(1), Is.True);
        await driver.KillAsync(1);
        Assert.That(Directory.GetFiles("/dev/shm", "*faketime_*").Where(file => file.EndsWith("_" + ProcessOf(folder.Path), StringComparison.Ordinal)), Is.Empty, "a killed process leaves nothing behind");
    }

    /// <summary>The node itself tells both sides, and after it was mended the true one alone.</summary>
    private static async Task StrobesAsync(Field field, ISystemClient client, long sum)
    {
        var end = field.WallClocks.Swing([1], TimeSpan.FromHours(-3), TimeSpan.FromMilliseconds(20));
        var since = await field.LookAnewAsync(1);
        await Eventually.HoldsAsync(() => field.SeenBy(1) is { } seen && seen.Sequence >= since && seen.WallHighMs - seen.WallLowMs >= 10_000_000, "the node sees both sides", Limit);
        await AddAsync(client, sum + 1);
        await end();
        since = await field.LookAnewAsync(1);
        await Eventually.HoldsAsync(() => field.SeenBy(1)?.Sequence >= since, "the node looked anew", Limit);
        var now = field.SeenBy(1)!;
        Assert.That(new[] { now.WallLowMs - WallClocks.TrueMs, now.WallHighMs - WallClocks.TrueMs }, Has.All.InRange(-1_000, 1_000));
    }

    private static async Task AddAsync(ISystemClient client, long expected) =>
        Assert.That((await client.DoAsync(new("counter/1", OperationFunction.Add, 1), CancellationToken.None)).Result, Is.EqualTo((HistoryValue)expected));

    /// <summary>By the header Date of its answers: what the node's web server takes for the time, which it looks at once a second.</summary>
    private static async Task SeesAsync(string address, TimeSpan ahead)
    {
        using var http = HttpClients.Create();
        await Eventually.HoldsAsync(
            async () =>
            {
                using var answer = await http.GetAsync(new Uri($"http://{address}/v1/status"));
                return answer.Headers.Date is { } date && (date - DateTimeOffset.UtcNow - ahead).Duration() < TimeSpan.FromMinutes(1);
            },
            $"the node is {ahead} ahead",
            Limit);
    }

    /// <summary>The number of the node's process, from what its log begins with.</summary>
    private static string ProcessOf(string folder)
    {
        var log = File.ReadAllText(Path.Combine(folder, "nodes", "node-1.log"));
        var start = log.IndexOf("process ", StringComparison.Ordinal) + "process ".Length;
        return log[start..log.IndexOf(':', start)];
    }
}
