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

    [Test]
    [CancelAfter(90_000)]
    public async Task StreamJobsComeToTheSameOnAllNodesWhileTheseAreKilledAndCutOff(CancellationToken cancellation)
    {
        using var folder = new TemporaryFolder();
        string[] jobs = ["windows", "timers", "joins", "files"];
        var run = await MakeAsync(folder, "process", "raftstream", 3, 12, ["kill", "partition-leader"], cancellation, jobs);
        Assert.That(RunVerdict.Of(run).Reasons, Is.Empty, run.Command);
        var checks = run.Checks.Select(static check => (check.Workload, check.Checker)).ToArray();
        Assert.That(checks, Is.SupersetOf(jobs.SelectMany(static job => new[] { (job, "exactly once"), (job, "reads"), (job, "as evaluated"), (job, "subscriptions") })));
        Assert.That(checks, Is.SupersetOf(new[] { ("windows", "files"), ("joins", "files"), ("files", "files"), ("timers", "timers fire once") }));
    }

    [TestCase("process", 3)]
    [TestCase("process", 5)]
    [TestCase("namespace", 3)]
    [TestCase("namespace", 5)]
    [TestCase("container", 3)]
    [TestCase("container", 5)]
    [Explicit("Five minutes each.")]
    [Category("Long")]
    public async Task NoPromiseIsBrokenByAnything(string driver, int nodes)
    {
        if (ClusterDrivers.WhyNot(driver) is { } reason)
            Assert.Ignore(reason);
        await RunAsync(driver, nodes, 300, [], TestContext.CurrentContext.CancellationToken);
    }

    /// <summary>The lab on a system that keeps its promises: what it calls broken of ours is not broken of its own.</summary>
    [Test]
    [Explicit("Three minutes.")]
    [Category("Long")]
    public async Task NothingIsFoundInEtcd()
    {
        SkipWithout("etcd", "etcd-server");
        using var folder = new TemporaryFolder();
        var verdict = RunVerdict.Of(await MakeAsync(folder, "process", "etcd", 3, 120, ["kill", "pause", "partition-leader", "partition-halves"], TestContext.CurrentContext.CancellationToken));
        Assert.That(verdict.Reasons, Is.Empty);
    }

    /// <summary>The lab on a system that acknowledges what it has not replicated: a lab that finds nothing there is blind.</summary>
    [Test]
    [Explicit("Three minutes.")]
    [Category("Long")]
    public async Task WhatRedisAcknowledgedAndLostIsFound()
    {
        SkipWithout("redis-server", "redis-server");
        using var folder = new TemporaryFolder();
        var run = await MakeAsync(folder, "process", "redis", 2, 120, ["partition-leader", "kill"], TestContext.CurrentContext.CancellationToken);
        Assert.That(RunVerdict.Of(run).Outcome, Is.EqualTo(RunOutcome.Violation));
    }

    private static void SkipWithout(string program, string package)
    {
        if (ChildStarter.Find(program) is null)
            Assert.Ignore($"This machine has no {program}: install the package {package}.");
    }

    private static async Task RunAsync(string driver, int nodes, double seconds, IReadOnlyList<string> nemeses, CancellationToken cancellation)
    {
        using var folder = new TemporaryFolder();
        var run = await MakeAsync(folder, driver, "raftstream", nodes, seconds, nemeses, cancellation);
        var verdict = RunVerdict.Of(run);
        Assert.That(verdict.Reasons, Is.Empty, run.Command);
        Assert.That(run.Checks, Has.Count.GreaterThan(30));
        Assert.That(run.Faults.Select(static fault => fault.Nemesis).Distinct(StringComparer.Ordinal), Is.SupersetOf(nemeses));
        TestContext.Out.WriteLine($"{run.Operations.Count} operations, {run.Faults.Count} faults, {run.Leaders.Count} leaderships");
    }

    private static async Task<RunRecord> MakeAsync(
        TemporaryFolder folder, string driver, string system, int nodes, double seconds, IReadOnlyList<string> nemeses, CancellationToken cancellation, IReadOnlyList<string>? workloads = null)
    {
        var arguments = new TortureArguments
        {
            Driver = driver,
            System = system,
            Nodes = nodes,
            Workloads = workloads ?? [],
            Nemeses = nemeses,
            IsCalm = false,
            Seconds = seconds,
            Clients = 12,
            Rate = 120,
            Seed = 1,
            Out = folder.Path,
        };
        return (await TortureSession.RunAsync(arguments, null, cancellation)).Run;
    }
}
