namespace RaftStream.Raft.Tests.Core;

/// <summary>Random schedules over bare cores: quick enough for every build. A failure names the seed that repeats it.</summary>
internal sealed class RandomScheduleTests
{
    private const int StepsPerNode = 900;

    /// <summary>Ten times the longest election timeout.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    [Test]
    public void No_schedule_breaks_a_promise_and_every_cluster_recovers([Values(3, 5)] int nodes, [Range(0, 9)] int block)
    {
        const int SeedsPerBlock = 20;
        var (committed, reads, terms) = (0, 0, 0);
        for (var seed = block * SeedsPerBlock; seed < (block + 1) * SeedsPerBlock; seed++)
        {
            var schedule = new RandomSchedule(nodes, (ulong)seed);
            try
            {
                schedule.Run(nodes * StepsPerNode);
                Assert.That(schedule.Recover(Patience), Is.Not.Null, "no progress after everything was mended");
            }
            catch (Exception exception)
            {
                throw new AssertionException($"{nodes} nodes, seed {seed}: {exception.Message}", exception);
            }

            committed += schedule.Checks.Committed;
            reads += schedule.Checks.ReadsChecked;
            terms += schedule.Checks.TermsLed;
        }

        // A schedule in which nothing happens proves nothing.
        Assert.That(committed, Is.GreaterThan(8 * SeedsPerBlock));
        Assert.That(reads, Is.GreaterThan(2 * SeedsPerBlock));
        Assert.That(terms, Is.GreaterThan(SeedsPerBlock));
    }
}
