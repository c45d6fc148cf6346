using System.Diagnostics;

namespace RaftStream.Raft.Tests.Io;

[TestFixture]
internal sealed class MonotonicClockTests
{
    [Test]
    public void The_clock_goes_on_and_never_back()
    {
        var clock = new MonotonicClock();
        var first = clock.Now;
        var last = first;
        for (var round = 0; round < 100_000; round++)
        {
            var now = clock.Now;
            Assert.That(now, Is.GreaterThanOrEqualTo(last));
            last = now;
        }

        Assert.That(last, Is.GreaterThan(first));
    }

    [Test]
    public void The_clock_counts_nanoseconds()
    {
        var clock = new MonotonicClock();
        var (start, watch) = (clock.Now, Stopwatch.GetTimestamp());
        SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(watch).TotalMilliseconds > 20);
        var elapsed = clock.Now - start;
        Assert.That(elapsed.TotalMilliseconds, Is.GreaterThanOrEqualTo(20).And.LessThan(Stopwatch.GetElapsedTime(watch).TotalMilliseconds + 20));
    }
}
