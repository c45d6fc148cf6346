using RaftStream.Lab.Torture;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests;

/// <summary>
/// The fault lab over real processes: every workload, and faults that between them take away memory, disk, time and network. What runs here is the
/// smallest part of <c>raftstream-lab torture</c>; the rest is run by hand (category <c>Long</c>).
/// </summary>
[TestFixture]
[NonParallelizable]
internal sealed class TortureTests
{
    [Test]
    [CancelAfter(150_000)]
    public async Task NoPromiseIsBrokenWhileNodesAreKilledPausedCutOffAndWithoutPower(CancellationToken cancellation) =>
        await RunAsync("process", 3, 40, ["kill", "power-cut", "pause", "partition-leader"], cancellation);

    [TestCase("process", 3)]
    [TestCase("process", 5)]
    [TestCase("namespace", 3)]
    [TestCase("namespace", 5)]
    [Explicit("Five minutes each.")]
    [Category("Long")]
    public async Task NoPromiseIsBrokenByAnything(string driver, int nodes)
    {
        if (driver == "namespace" && NamespaceDriver.WhyNot() is { } reason)
            Assert.Ignore(reason);
        await RunAsync(driver, nodes, 300, [], TestContext.CurrentContext.CancellationToken);
    }

    private static async Task RunAsync(string driver, int nodes, double seconds, IReadOnlyList<string> nemeses, CancellationToken cancellation)
    {
        using var folder = new TemporaryFolder();
        var arguments = new TortureArguments
        {
            Driver = driver,
            System = "raftstream",
            Nodes = nodes,
            Workloads = [],
            Nemeses = nemeses,
            IsCalm = false,
            Seconds = seconds,
            Clients = 12,
            Rate = 120,
            Seed = 1,
            Out = folder.Path,
        };
        var (run, _) = await TortureSession.RunAsync(arguments, null, cancellation);
        var verdict = RunVerdict.Of(run);
        Assert.That(verdict.Reasons, Is.Empty, arguments.CommandLine);
        Assert.That(run.Checks, Has.Count.GreaterThan(30));
        Assert.That(run.Faults.Select(static fault => fault.Nemesis).Distinct(StringComparer.Ordinal), Is.SupersetOf(nemeses));
        TestContext.Out.WriteLine($"{run.Operations.Count} operations, {run.Faults.Count} faults, {run.Leaders.Count} leaderships");
    }
}
