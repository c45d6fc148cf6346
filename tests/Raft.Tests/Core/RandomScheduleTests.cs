namespace RaftStream.Raft.Tests.Core;

/// <summary>Random schedules over bare cores: quick enough for every build. A failure names the seed that repeats it.</summary>
[Parallelizable] // It computes, alone, on one core.
internal sealed class RandomScheduleTests
{
    private const int StepsPerNode = 6_000;

    /// <summary>
    /// Many times the longest election timeout: an unlucky split vote, a preferred node that must catch up first, a hand-over that is given up.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Test]
    public void No_schedule_breaks_a_promise_and_every_cluster_recovers([Values(3, 5)] int nodes, [Range(0, 9)] int block)
    {
        const int SeedsPerBlock = 20;
        var happened = default(Happened);
        for (var seed = block * SeedsPerBlock; seed < (block + 1) * SeedsPerBlock; seed++)
            happened += Play(nodes, (ulong)seed);

        // Schedules in which nothing happens prove nothing.
        Assert.Multiple(() =>
        {
            Assert.That(happened.Committed, Is.GreaterThan(8 * SeedsPerBlock));
            Assert.That(happened.Reads, Is.GreaterThan(2 * SeedsPerBlock));
            Assert.That(happened.Terms, Is.GreaterThan(SeedsPerBlock));
            Assert.That(happened.Joint, Is.GreaterThan(SeedsPerBlock / 4));
            Assert.That(happened.Transfers, Is.GreaterThan(SeedsPerBlock));
            Assert.That(happened.Leases, Is.GreaterThan(50 * SeedsPerBlock));
            Assert.That(happened.Bounds, Is.GreaterThan(100 * SeedsPerBlock));
        });
    }

    [Test]
    public void No_lease_outlives_its_promise_whoever_is_cut_off_and_however_late_answers_come([Values(3, 5)] int nodes, [Range(0, 9)] int block)
    {
        var overthrown = 0;
        for (var seed = block * 4; seed < (block + 1) * 4; seed++)
        {
            var hunt = new LeaseHunt(nodes, (ulong)seed);
            try
            {
                for (var cut = 0; cut < 10; cut++)
                    hunt.CutOnce();
            }
            catch (Exception exception)
            {
                throw new AssertionException($"{nodes} nodes, seed {seed}: {exception.Message}", exception);
            }

            overthrown += hunt.Overthrown;
        }

        Assert.That(overthrown, Is.GreaterThan(10), "where nobody takes over, no lease is at risk");
    }

    private static Happened Play(int nodes, ulong seed)
    {
        var schedule = new RandomSchedule(nodes, seed);
        try
        {
            schedule.Run(nodes * StepsPerNode);
            var before = schedule.Checks.HighestTerm;
            Assert.That(schedule.Recover(Patience), Is.Not.Null, "no progress after everything was mended");
            Assert.That(schedule.Checks.HighestTerm.Value - before.Value, Is.LessThan(20), "terms rise without end");
        }
        catch (Exception exception)
        {
            throw new AssertionException($"{nodes} nodes, seed {seed}: {exception.Message}", exception);
        }

        var (checks, time) = (schedule.Checks, schedule.Time);
        return new(checks.Committed, checks.ReadsChecked, checks.TermsLed, checks.Members.Joint, schedule.Operator.Transfers, time.LeasesSeen, time.BoundsSeen);
    }

    private readonly record struct Happened(int Committed, int Reads, int Terms, int Joint, int Transfers, int Leases, int Bounds)
    {
        public static Happened operator +(Happened left, Happened right) => new(
            left.Committed + right.Committed,
            left.Reads + right.Reads,
            left.Terms + right.Terms,
            left.Joint + right.Joint,
            left.Transfers + right.Transfers,
            left.Leases + right.Leases,
            left.Bounds + right.Bounds);
    }
}
