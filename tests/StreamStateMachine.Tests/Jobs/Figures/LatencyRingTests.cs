namespace RaftStream.StreamStateMachine.Tests.Jobs.Figures;

/// <summary>What is told of the newest durations.</summary>
[TestFixture]
internal sealed class LatencyRingTests
{
    [Test]
    public void QuantilesAreOfTheDurationsSinceAnInstant()
    {
        var ring = new LatencyRing();
        Assert.That(ring.Since(TimeSpan.Zero), Is.Null);
        ring.Add(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        for (var i = 1; i <= 100; i++)
            ring.Add(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(i));
        Assert.That(ring.Since(TimeSpan.FromSeconds(2)), Is.EqualTo(new LatencyFigures(100, 50, 99, 100)));
        Assert.That(ring.Since(TimeSpan.Zero), Is.EqualTo(new LatencyFigures(101, 51, 100, 60_000)));
    }

    [Test]
    public void OnlyTheNewestAreKept()
    {
        var ring = new LatencyRing();
        for (var i = 0; i < LatencyRing.Capacity + 10; i++)
            ring.Add(TimeSpan.FromSeconds(i), TimeSpan.FromMilliseconds(i < 10 ? 1e6 : 5));
        Assert.That(ring.Since(TimeSpan.Zero), Is.EqualTo(new LatencyFigures(LatencyRing.Capacity, 5, 5, 5)));
    }

    [Test]
    public void ATimeAheadOfThisClockCountsAsNoDuration()
    {
        var ring = new LatencyRing();
        ring.Add(TimeSpan.Zero, TimeSpan.FromSeconds(-3));
        Assert.That(ring.Since(TimeSpan.Zero), Is.EqualTo(new LatencyFigures(1, 0, 0, 0)));
    }
}
