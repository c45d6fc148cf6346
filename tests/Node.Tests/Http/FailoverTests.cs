using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>What a client sees while leaders die: certain answers, or "unknown" and never a silent repetition.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
internal sealed class FailoverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task AFollowerFindsTheNextLeaderWithinTheRequest()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        using var http = HttpClients.Create();
        var follower = await cluster.FollowerAsync();
        var node = new NodeClient(http, follower.HttpAddress);
        Assert.That((await node.AddAsync("a", 1, Patience, CancellationToken.None)).Value?.Value, Is.EqualTo(1));
        var leader = await cluster.LeaderAsync();

        cluster.Local.Child(leader.Id).Kill();
        var read = await node.GetCounterAsync("a", Patience, CancellationToken.None);

        Assert.That(read.Value?.Value, Is.EqualTo(1), "the read waited for the election");
        Assert.That(read.Value?.Term, Is.GreaterThan(leader.Term));
    }

    [Test]
    public async Task AnAddWhoseLeaderIsPausedIsUnknownAndIsNotRepeated()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        using var http = HttpClients.Create();
        var follower = await cluster.FollowerAsync();
        var node = new NodeClient(http, follower.HttpAddress);
        var leader = await cluster.LeaderAsync();
        var paused = cluster.Local.Child(leader.Id).Pid;

        Signals.Send(paused, Signals.Stop);
        NodeReply<CounterJson> reply;
        try
        {
            reply = await node.AddAsync("a", 1, Patience, CancellationToken.None);
        }
        finally
        {
            Signals.Send(paused, Signals.Continue);
        }

        // It went to the paused leader and may be done once that wakes up; or an election came first and it was done by the next.
        await cluster.AgreeAsync();
        var value = (await node.GetCounterAsync("a", Patience, CancellationToken.None)).Value?.Value;
        if (reply.Value is not null)
            Assert.That(value, Is.EqualTo(1));
        else
            Assert.That((reply.Problem?.Code, value), Is.AnyOf((ProblemCodes.OutcomeUnknown, 0L), (ProblemCodes.OutcomeUnknown, 1L)));
    }

    [Test]
    public async Task WithoutAQuorumWritesAreRefusedOrUnknownAndReadsAreRefused()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        using var http = HttpClients.Create();
        var leader = await cluster.LeaderAsync();
        var node = new NodeClient(http, cluster.Local.Members.First(member => member.Id == leader.Id).HttpAddress);
        foreach (var other in cluster.Local.Members.Where(member => member.Id != leader.Id))
            cluster.Local.Child(other.Id).Kill();

        // Each takes all of its time: both at once.
        var (reading, adding) = (node.GetCounterAsync("a", Patience, CancellationToken.None), node.AddAsync("a", 1, Patience, CancellationToken.None));
        var (read, add) = (await reading, await adding);

        Assert.That(read.Value, Is.Null);
        Assert.That(read.Problem?.Status, Is.EqualTo(503));
        Assert.That(add.Value, Is.Null);
        Assert.That(add.Problem?.Code, Is.EqualTo(ProblemCodes.NoLeader).Or.EqualTo(ProblemCodes.OutcomeUnknown));
    }

    [Test]
    public async Task AnEntireClusterComesBackWithWhatItAcknowledged()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        using var http = HttpClients.Create();
        var node = new NodeClient(http, cluster.Local.Members[0].HttpAddress);
        for (var count = 1; count <= 20; count++)
            Assert.That((await node.AddAsync("a", 1, Patience, CancellationToken.None)).Value?.Value, Is.EqualTo(count));

        foreach (var member in cluster.Local.Members)
            cluster.Local.Child(member.Id).Kill();
        foreach (var member in cluster.Local.Members)
        {
            await cluster.Local.Child(member.Id).WaitAsync(CancellationToken.None);
            cluster.Local.Start(member.Id);
        }
        await cluster.LeaderAsync();

        Assert.That((await node.GetCounterAsync("a", Patience, CancellationToken.None)).Value?.Value, Is.EqualTo(20));
    }
}
