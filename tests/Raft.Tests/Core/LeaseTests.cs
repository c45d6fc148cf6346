using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class LeaseTests
{
    private static readonly Instant Sent = new(5_000_000_000);

    [TestCase(0.0, 995)]
    [TestCase(0.01, 975.198)]
    [TestCase(0.2, 661.667)]
    public void It_lasts_as_long_as_the_slowest_leader_and_the_fastest_voter_allow(double drift, double milliseconds) =>
        Assert.That((Lease.Until(Sent, Options(drift)) - Sent).TotalMilliseconds, Is.EqualTo(milliseconds).Within(0.001));

    /// <summary>The leader sends; true time passes; voters refuse until their clocks have counted an election timeout.</summary>
    [Test]
    public void No_leader_believes_in_it_when_a_voter_may_vote_again([Values(0, 0.01, 0.1, 0.2)] double drift, [Values(-1, -0.5, 0, 0.5, 1)] double leader, [Values(-1, -0.5, 0, 0.5, 1)] double voter)
    {
        var options = Options(drift);
        var freeAgain = options.ElectionTimeout / (1 + (voter * drift));
        var leaderShows = Sent + (freeAgain * (1 + (leader * drift)));
        Assert.That(leaderShows, Is.GreaterThan(Lease.Until(Sent, options)));
    }

    [Test]
    public void Ages_are_never_too_small([Values(0, 0.01, 0.1)] double drift, [Values(-1, 0, 1)] double off)
    {
        var options = Options(drift);
        for (var nanoseconds = 0L; nanoseconds < 3_000; nanoseconds += 37)
        {
            var shown = new Instant(Sent.Nanoseconds + (long)(nanoseconds * (1 + (off * drift))));
            Assert.That(Lease.Age(Sent, shown, options).Ticks * 100, Is.GreaterThanOrEqualTo(nanoseconds - 100));
        }
    }

    [Test]
    public void Rounds_tell_when_they_began_and_forgotten_ones_tell_earlier()
    {
        var rounds = new Rounds();
        rounds.Start(new(1_000));
        for (var round = 2; round <= 5_000; round++)
            Assert.That(rounds.Begin(new(round * 1_000)), Is.EqualTo(round));
        for (var round = -1; round <= 5_000; round++)
            Assert.That(rounds.BegunAt(round), Is.LessThanOrEqualTo(new Instant(Math.Max(1, round) * 1_000)));
        Assert.That(rounds.BegunAt(5_000), Is.EqualTo(new Instant(5_000_000)));
        Assert.That(rounds.BegunAt(4_500), Is.EqualTo(new Instant(4_500_000)));
        rounds.Start(new(9_000_000));
        Assert.That((rounds.Current, rounds.BegunAt(1), rounds.BegunAt(0)), Is.EqualTo((1L, new Instant(9_000_000), new Instant(9_000_000))));
    }

    [Test]
    public void Who_answers_no_round_has_promised_nothing()
    {
        var progress = new Progress(4);
        progress.Start(new(9), Sent);
        progress.Answered(0, Sent, disk: 1, Sent);
        Assert.That((progress.AnsweredRound, progress.AnsweredSentAt, progress.LastContact), Is.EqualTo((0L, default(Instant), Sent)));
    }

    private static CoreOptions Options(double drift) => new() { ElectionTimeout = TimeSpan.FromSeconds(1), HeartbeatInterval = TimeSpan.FromMilliseconds(100), MaxDrift = drift };
}
