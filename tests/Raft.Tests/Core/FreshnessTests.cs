using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class FreshnessTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50), MaxDrift = 0.1 };
    private static readonly Instant Now = new(1_000_000_000);

    private readonly Freshness _freshness = new(life: 7);

    [Test]
    public void Nothing_is_known_at_first() => Assert.That(new Freshness(7).Age(Now, Options), Is.Null);

    [Test]
    public void An_echo_tells_how_old_the_index_is_by_the_own_clock()
    {
        var freshness = new Freshness(7);
        freshness.Hear(Echo(Now, life: 7, index: 5), Now);
        Assert.That(freshness.Index, Is.EqualTo(new LogIndex(5)));
        Assert.That(freshness.Age(Now + TimeSpan.FromMilliseconds(90), Options)!.Value.TotalMilliseconds, Is.EqualTo(100).Within(0.01), "the own clock may be slow");
    }

    [Test]
    public void Echoes_of_another_life_of_the_future_and_of_none_are_dropped()
    {
        _freshness.Hear(Echo(Now, life: 6, index: 5), Now);
        _freshness.Hear(Echo(Now + TimeSpan.FromTicks(1), life: 7, index: 5), Now);
        _freshness.Hear(Echo(default, life: 7, index: 5), Now);
        Assert.That(_freshness.Age(Now, Options), Is.Null);
    }

    [Test]
    public void A_late_echo_does_not_take_back_a_newer_one()
    {
        var freshness = new Freshness(7);
        freshness.Hear(Echo(Now, life: 7, index: 5), Now);
        freshness.Hear(Echo(Now - TimeSpan.FromMilliseconds(1), life: 7, index: 9), Now);
        Assert.That((freshness.At, freshness.Index), Is.EqualTo((Now, new LogIndex(5))));
    }

    [Test]
    public void A_leader_tells_a_note_back_only_after_a_round_that_began_later()
    {
        var echo = new FreshnessEcho();
        echo.Note(Reply(Now), new(5), round: 3);
        echo.Confirm(3);
        Assert.That(echo.Confirmed, Is.EqualTo(default(FreshnessEcho.Stamp)), "round 3 was out before");
        echo.Confirm(4);
        Assert.That(echo.Confirmed, Is.EqualTo(new FreshnessEcho.Stamp(Now, 7, new(5))));
    }

    [Test]
    public void A_stream_of_answers_does_not_put_the_note_off_for_ever()
    {
        var echo = new FreshnessEcho();
        echo.Note(Reply(Now), new(5), round: 3);
        echo.Note(Reply(Now + TimeSpan.FromMilliseconds(1)), new(6), round: 4);
        echo.Confirm(4);
        Assert.That(echo.Confirmed.Commit, Is.EqualTo(new LogIndex(5)));
        echo.Note(Reply(Now + TimeSpan.FromMilliseconds(2)), new(7), round: 5);
        echo.Confirm(6);
        Assert.That(echo.Confirmed.Commit, Is.EqualTo(new LogIndex(7)));
        echo.Reset();
        echo.Confirm(9);
        Assert.That(echo.Confirmed, Is.EqualTo(default(FreshnessEcho.Stamp)), "another term of leadership knows nothing");
    }

    [Test]
    public void Intake_is_counted_over_whole_windows()
    {
        var intake = new IntakeRate();
        intake.Reset(Now);
        intake.Add(1_000, Now + TimeSpan.FromMilliseconds(500));
        Assert.That(intake.BytesPerSecond, Is.Zero);
        intake.Add(1_000, Now + TimeSpan.FromSeconds(2));
        Assert.That(intake.BytesPerSecond, Is.EqualTo(1_000));
        intake.Add(100, Now + TimeSpan.FromMilliseconds(2_500));
        Assert.That(intake.BytesPerSecond, Is.EqualTo(1_000), "the last full window");
        intake.Reset(Now);
        Assert.That(intake.BytesPerSecond, Is.Zero);
    }

    private static Message Echo(Instant clock, ulong life, long index) =>
        new() { Kind = MessageKind.Append, From = new(1), To = new(2), Term = new(1), Clock = clock, Life = life, Echo = new(index) };

    private static Message Reply(Instant clock) => new() { Kind = MessageKind.AppendReply, From = new(2), To = new(1), Term = new(1), Clock = clock, Life = 7 };
}
