using RaftStream.Client.Tests.Support;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Cluster;

/// <summary>The client over clusters of three real processes: what it tells, and what it does while leaders go.</summary>
[TestFixture]
internal sealed class ClusterTests : ClientFixture
{
    private const int Writers = 16;

    [Test]
    public async Task CountersAreAddedComparedReadListedAndDeleted()
    {
        await using var client = await ConnectAsync(Cluster);
        var added = await client.AddAsync("all", 5);
        Assert.That((added.Outcome, added.Value, added.Exists, added.Stamp.Effective), Is.EqualTo((ClientOutcome.Applied, 5L, true, (ConsistencyLevel?)ConsistencyLevel.Quorum)), added.Problem);
        Assert.That(added.Stamp.Token, Is.EqualTo(new ReadToken(0, added.Stamp.Index)));
        var missed = await client.CompareAndSetAsync("all", 4, 9);
        Assert.That((missed.Outcome, missed.Matched, missed.Value), Is.EqualTo((ClientOutcome.Applied, false, 5L)), missed.Problem);
        var matched = await client.CompareAndSetAsync("all", 5, long.MaxValue);
        Assert.That((matched.Matched, matched.Value), Is.EqualTo((true, long.MaxValue)));
        var declined = await client.AddAsync("all", 1);
        Assert.That((declined.Outcome, declined.Value), Is.EqualTo((ClientOutcome.Applied, long.MaxValue)));
        Assert.That(declined.Problem, Does.Contain("64 bits"));
        var top = await client.TopAsync(1);
        Assert.That((top.Outcome, top.Rows.Single()), Is.EqualTo((ClientOutcome.Applied, new TopRow("all", long.MaxValue))), top.Problem);
        var deleted = await client.DeleteAsync("all");
        Assert.That((deleted.Exists, deleted.Value), Is.EqualTo((false, long.MaxValue)));
        var gone = await client.GetAsync("all");
        Assert.That((gone.Outcome, gone.Exists, gone.Stamp.Age), Is.EqualTo((ClientOutcome.Applied, false, (TimeSpan?)TimeSpan.Zero)), gone.Problem);
    }

    [Test]
    public async Task AReadOfTheClientsOwnSessionSeesEachWriteWhoeverServesIt()
    {
        await using var client = await ConnectAsync(Cluster);
        for (var count = 1; count <= 50; count++)
        {
            var added = await client.AddAsync("seen", 1);
            Assert.That(added.Outcome, Is.EqualTo(ClientOutcome.Applied), added.Problem);
            var read = await client.GetAsync("seen", new(ReadLevel.ReadYourWrites));
            Assert.That((read.Outcome, read.Value), Is.EqualTo((ClientOutcome.Applied, added.Value)), read.Problem);
            Assert.That(read.Stamp.Effective, Is.EqualTo(ConsistencyLevel.Session));
        }
    }

    [Test]
    public async Task SeveralCountersAndSumsAreReadAtOneIndexAtEveryLevel()
    {
        await using var client = await ConnectAsync(Cluster);
        await client.AddAsync("-5", 1);
        await client.AddAsync("10", long.MaxValue);
        await client.AddAsync("012", 1);
        var last = await client.AddAsync("11", long.MaxValue);
        await AppliedAsync(Cluster, last.Stamp.Token);
        foreach (var level in new[] { ReadLevel.Linearizable, ReadLevel.Lease, ReadLevel.BoundedStaleness(Limit), ReadLevel.ReadYourWrites, ReadLevel.Session(last.Stamp.Token!.Value), ReadLevel.Eventual })
        {
            var many = await client.GetManyAsync(["10", "none", "-5", "10"], new(level));
            Assert.That((many.Outcome, many.Stamp.Effective), Is.EqualTo((ClientOutcome.Applied, (ConsistencyLevel?)level.Kind)), many.Problem);
            Assert.That(many.Values, Is.EqualTo(new CounterReading[] { new("10", long.MaxValue), new("none", null), new("-5", 1), new("10", long.MaxValue) }));
            Assert.That((many.Stamp.Index >= last.Stamp.Index, many.Stamp.Token?.Index), Is.EqualTo((true, (long?)many.Stamp.Index)));
            var sum = await client.RangeSumAsync(-5, 11, new(level));
            Assert.That((sum.Outcome, sum.Sum, sum.Count, sum.Stamp.Effective), Is.EqualTo((ClientOutcome.Applied, (Int128)ulong.MaxValue, 3L, (ConsistencyLevel?)level.Kind)), sum.Problem);
            Assert.That((await client.RangeSumAsync(11, 10, new(level))).Count, Is.Zero);
        }

        var refused = await client.GetManyAsync(["10"], new(ReadLevel.Tentative));
        Assert.That((refused.Refusal, refused.Values.Count), Is.EqualTo((ClientRefusal.NoOverlay, 0)));
        Assert.That((await client.RangeSumAsync(0, 1, new(ReadLevel.Tentative))).Refusal, Is.EqualTo(ClientRefusal.NoOverlay));
        var thousand = await client.GetManyAsync([.. Enumerable.Range(0, 1_000).Select(static number => FormattableString.Invariant($"key {number:d4}"))]);
        Assert.That((thousand.Outcome, thousand.Values.Count), Is.EqualTo((ClientOutcome.Applied, 1_000)), thousand.Problem);
        foreach (var wrong in new string[][] { [], ["a", ""], [.. Enumerable.Repeat("k", 1_001)], [.. Enumerable.Repeat(new string('x', 4_000), 4)] })
            await Assert.ThrowsAsync<ArgumentException>(async () => await client.GetManyAsync(wrong));
    }

    [Test]
    public async Task AProvisionalWriteIsConfirmed()
    {
        await using var client = await ConnectAsync(Cluster);
        var added = await client.AddAsync("provisional", 1, new(ClientWriteConcern.Leader));
        Assert.That((added.Outcome, added.Stamp.Token, added.Stamp.Effective), Is.EqualTo((ClientOutcome.Provisional, (ReadToken?)null, (ConsistencyLevel?)ConsistencyLevel.Leader)), added.Problem);
        var confirmed = await client.ConfirmAsync(added.Position!.Value);
        Assert.That(confirmed.Outcome, Is.EqualTo(ClientOutcome.Applied), confirmed.Problem);
        var nobody = await client.ConfirmAsync(new WritePosition(0, 1, 1_000_000_000));
        Assert.That((nobody.Outcome, nobody.Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.NoSuchEntry)), nobody.Problem);
    }

    [Test]
    public async Task ThousandsOfRequestsAreUnderWayTogether()
    {
        await using var client = await ConnectAsync(Cluster);
        var adds = await Task.WhenAll(Enumerable.Range(0, 5_000).Select(_ => client.AddAsync("many", 1, new(ClientWriteConcern.Quorum, Limit)).AsTask()));
        Assert.That(adds.Select(static added => added.Outcome), Is.All.EqualTo(ClientOutcome.Applied));
        Assert.That(adds.Select(static added => added.Value).Order(), Is.EqualTo(Enumerable.Range(1, 5_000)));
    }

    [Test]
    public async Task TheClientFollowsTheLeaderAfterATransfer()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var client = await ConnectAsync(cluster);
        var leader = await cluster.LeaderAsync();
        Assert.That((await client.AddAsync("k", 1)).Stamp.Node, Is.EqualTo(leader.Id));
        await cluster.Local.Client(leader.Id).TransferAsync(null, Limit, CancellationToken.None);
        var next = await cluster.LeaderAsync(otherThan: leader.Id);
        var added = await client.AddAsync("k", 1, new(ClientWriteConcern.Quorum, Limit));
        Assert.That((added.Outcome, added.Value, added.Stamp.Node), Is.EqualTo((ClientOutcome.Applied, 2L, next.Id)), added.Problem);
    }

    [Test]
    public async Task EveryAddOfASessionIsAppliedOnceWhileTheLeaderIsKilled()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var client = await ConnectAsync(cluster);
        await using var session = await client.OpenSessionAsync(new() { WriteTimeout = Limit });
        using var stop = new CancellationTokenSource();
        var (applied, repeated) = (0L, 0);
        var writers = Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var added = await session.AddAsync("once", 1, cancellationToken: CancellationToken.None);
                Assert.That(added.Outcome, Is.EqualTo(ClientOutcome.Applied), $"{added.Refusal}: {added.Problem}");
                Interlocked.Increment(ref applied);
                if (added.Stamp.Attempts > 1)
                    Interlocked.Increment(ref repeated);
            }
        })).ToArray();

        await MoreAsync(300);
        var leader = await cluster.LeaderAsync();
        cluster.Local.Child(leader.Id).Kill();
        await MoreAsync(300);
        var read = await client.GetAsync("once", new(ReadLevel.Eventual));
        Assert.That((read.Outcome, read.Stamp.Node == leader.Id), Is.EqualTo((ClientOutcome.Applied, false)), "a node that is left serves it");
        cluster.Local.Start(leader.Id);
        await MoreAsync(300);
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(Limit);

        var total = await client.GetAsync("once", new(ReadLevel.Linearizable, Limit));
        Assert.That((total.Outcome, total.Value), Is.EqualTo((ClientOutcome.Applied, applied)), total.Problem);
        Assert.That(repeated, Is.Positive, "the kill hit writes under way");

        Task MoreAsync(int more)
        {
            var goal = Interlocked.Read(ref applied) + more;
            return Eventually.HoldsAsync(() => Array.Exists(writers, static writer => writer.IsFaulted) || Interlocked.Read(ref applied) >= goal, $"{more} more adds are applied", Limit);
        }
    }

    [Test]
    public async Task WithoutAMajorityWritesEndInTimeAndReadsThatAllowItGoOn()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var client = await ConnectAsync(cluster);
        await AppliedAsync(cluster, (await client.AddAsync("k", 1)).Stamp.Token);
        var alone = await cluster.FollowerAsync();
        foreach (var other in cluster.Local.Members.Where(member => member.Id != alone.Id))
            cluster.Local.Child(other.Id).Kill();
        var read = await client.GetAsync("k", new(ReadLevel.ReadYourWrites, Limit));
        Assert.That((read.Outcome, read.Value, read.Stamp.Node), Is.EqualTo((ClientOutcome.Applied, 1L, alone.Id)), read.Problem);
        var added = await client.AddAsync("k", 1, new(ClientWriteConcern.Quorum, TimeSpan.FromSeconds(1)));
        Assert.That(added.Outcome, Is.AnyOf(ClientOutcome.Rejected, ClientOutcome.Unknown));
        Assert.That(added.Problem, Is.Not.Empty);
    }
}
