using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The clock of a node under test.</summary>
internal sealed class FaultyClockTests
{
    [Test]
    public void It_is_in_step_with_the_true_clock_while_nothing_is_wrong()
    {
        var hand = new HandClock();
        var clock = new FaultyClock(hand);
        hand.Advance(12_345_678_901);
        Assert.That(clock.Now, Is.EqualTo(hand.Now));
    }

    [Test]
    public void A_change_of_its_rate_alone_moves_it_nowhere()
    {
        var hand = new HandClock();
        var clock = new FaultyClock(hand);
        hand.Advance(1_000_000);
        foreach (var rate in new[] { 2.0, 0.5, 1.01, 0.25 })
        {
            var before = clock.Now;
            clock.Set(rate, 0);
            Assert.That(clock.Now, Is.EqualTo(before));
            hand.Advance(1_000_000);
            Assert.That(clock.Now.Nanoseconds - before.Nanoseconds, Is.EqualTo((long)(1_000_000 * rate)));
        }
    }

    [Test]
    public void It_jumps_ahead_by_what_is_new_and_never_back()
    {
        var hand = new HandClock();
        var clock = new FaultyClock(hand);
        var start = clock.Now;
        clock.Set(1, 50);
        clock.Set(1, 50);
        Assert.That(clock.Now - start, Is.EqualTo(TimeSpan.FromMilliseconds(50)));
        clock.Set(1, 20);
        clock.Set(1, 70);
        Assert.That(clock.Now - start, Is.EqualTo(TimeSpan.FromMilliseconds(70)));
        Assert.That(clock.JumpMs, Is.EqualTo(70));
    }

    [Test]
    public void Its_readings_never_go_back_while_its_rate_changes_under_them()
    {
        var clock = new FaultyClock(new MonotonicClock());
        var done = false;
        var changing = new Thread(() =>
        {
            for (var change = 0; change < 20_000; change++)
                clock.Set(change % 2 == 0 ? 3 : 0.3, 0);
            Volatile.Write(ref done, true);
        });
        changing.Start();
        var last = clock.Now;
        while (!Volatile.Read(ref done))
        {
            var now = clock.Now;
            Assert.That(now.Nanoseconds, Is.GreaterThanOrEqualTo(last.Nanoseconds));
            last = now;
        }

        changing.Join();
    }

    private sealed class HandClock : IClock
    {
        public Instant Now { get; private set; } = new(777);

        public void Advance(long nanoseconds) => Now = new(Now.Nanoseconds + nanoseconds);
    }
}
