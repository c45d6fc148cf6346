using RaftStream.Raft.Runtime;

namespace RaftStream.Raft.Tests.Runtime;

internal sealed class LogClockTests
{
    [Test]
    public void Time_stands_still_until_the_opening_entry_is_applied_and_then_goes_on_from_the_log()
    {
        var clock = new LogClock();
        clock.Saw(1000);
        clock.Stop();
        Assert.That(clock.Stamp(new Instant(5_000_000)), Is.EqualTo(1000));
        clock.Run(new Instant(6_000_000));
        Assert.That(clock.Stamp(new Instant(6_000_000)), Is.EqualTo(1000));
        Assert.That(clock.Stamp(new Instant(6_000_700)), Is.EqualTo(1700));
    }

    [Test]
    public void Time_never_goes_back_though_instants_and_entries_do()
    {
        var clock = new LogClock();
        clock.Saw(1000);
        clock.Run(new Instant(100));
        Assert.That(clock.Stamp(new Instant(50)), Is.EqualTo(1000));
        Assert.That(clock.Stamp(new Instant(400)), Is.EqualTo(1300));
        Assert.That(clock.Stamp(new Instant(300)), Is.EqualTo(1300));
        clock.Saw(900);
        Assert.That(clock.Latest, Is.EqualTo(1300));
        clock.Saw(9000);
        Assert.That(clock.Stamp(new Instant(500)), Is.EqualTo(9000));
    }

    [Test]
    public void A_new_term_does_not_count_the_time_between_two_leaders()
    {
        var clock = new LogClock();
        clock.Run(new Instant(0));
        clock.Stamp(new Instant(500));
        clock.Stop();
        clock.Run(new Instant(1_000_000));
        Assert.That(clock.Stamp(new Instant(1_000_010)), Is.EqualTo(510));
    }
}
