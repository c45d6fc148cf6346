using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests;

/// <summary>
/// Real processes, real disks, real signals: clients work while nodes are killed, restarted and paused, and afterwards every answer they
/// got must fit one order of all operations.
/// </summary>
[TestFixture]
internal sealed class CounterFaultTests
{
    private const int Clients = 6;
    private const int Between = 100;

    // A third of all requests go to the paused node and wait for nothing: fewer are enough to see the others work.
    private const int DuringPause = 30;

    [Test]
    [CancelAfter(120_000)]
    public async Task CountersStayLinearizableWhileLeadersAreKilledAndPaused(CancellationToken cancellationToken)
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var workload = new CounterWorkload(cluster, Clients, seed: 1);
        var firstTerm = (await cluster.LeaderAsync()).Term;
        await workload.AnswersAsync(Between);

        await KillAndRestartLeaderAsync(cluster, workload);
        await PauseAsync(cluster, workload, (await cluster.LeaderAsync()).Id);
        await PauseAsync(cluster, workload, (await cluster.FollowerAsync()).Id);
        await KillAndRestartLeaderAsync(cluster, workload);
        await RestartAllAsync(cluster, workload);
        cancellationToken.ThrowIfCancellationRequested();

        await workload.StopAsync();
        await cluster.AgreeAsync();
        await workload.ReadAllAsync();
        TestContext.Out.WriteLine($"{workload.History.Answered} operations answered, {workload.History.UnknownAdds} adds without an answer");
        Assert.That((await cluster.LeaderAsync()).Term, Is.GreaterThanOrEqualTo(firstTerm + 3), "the leader was killed or paused four times");
        var result = LinearizabilityChecker.Check(workload.History.ToHistory(), HistoryModel.Counter, cancellationToken: cancellationToken);
        Assert.That(result.Keys.Select(static key => key.Key), Is.EquivalentTo(CounterWorkload.Counters));
        Assert.That(result.Verdict, Is.EqualTo(Verdict.Linearizable), () => result.FirstIllegal?.Illegal?.ToString() ?? "the checker came to no end");
    }

    private static async Task KillAndRestartLeaderAsync(TestCluster cluster, CounterWorkload workload)
    {
        var victim = await cluster.LeaderAsync();
        var child = cluster.Local.Child(victim.Id);
        child.Kill();
        await child.WaitAsync(CancellationToken.None);
        await cluster.LeaderAsync(otherThan: victim.Id);
        await workload.AnswersAsync(Between);
        cluster.Local.Start(victim.Id);
        await workload.AnswersAsync(Between);
    }

    private static async Task PauseAsync(TestCluster cluster, CounterWorkload workload, int id)
    {
        var pid = cluster.Local.Child(id).Pid;
        Signals.Send(pid, Signals.Stop);
        try
        {
            await cluster.LeaderAsync(otherThan: id);
            await workload.AnswersAsync(DuringPause);
        }
        finally
        {
            Signals.Send(pid, Signals.Continue);
        }

        // It wakes up believing what it believed when it was stopped.
        await workload.AnswersAsync(Between);
    }

    private static async Task RestartAllAsync(TestCluster cluster, CounterWorkload workload)
    {
        foreach (var member in cluster.Local.Members)
            cluster.Local.Child(member.Id).Kill();
        foreach (var member in cluster.Local.Members)
        {
            await cluster.Local.Child(member.Id).WaitAsync(CancellationToken.None);
            cluster.Local.Start(member.Id);
        }
        await cluster.LeaderAsync();
        await workload.AnswersAsync(Between);
    }
}
