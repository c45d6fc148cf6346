namespace RaftStream.StreamStateMachine.Tests.Jobs.Figures;

/// <summary>Throughput, availability and the effect of a failure, out of looks at how many records were taken in.</summary>
[TestFixture]
internal sealed class ProgressRingTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    [Test]
    public void ThroughputIsOfTheSpanThatIsAskedFor()
    {
        var ring = new ProgressRing();
        Assert.That(ring.Throughput(TimeSpan.Zero), Is.Null);
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 10, rate: 100);
        Run(ring, at, 1000, seconds: 10, rate: 300);
        Assert.Multiple(() =>
        {
            Assert.That(ring.Throughput(TimeSpan.FromSeconds(10)), Is.EqualTo(300).Within(0.1));
            Assert.That(ring.Throughput(TimeSpan.Zero), Is.EqualTo(200).Within(1));
        });
    }

    [Test]
    public void TimeInWhichNothingWasOwedCountsForNothing()
    {
        var ring = new ProgressRing();
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 6, rate: 10);
        at = Run(ring, at, 60, seconds: 20, rate: 0);
        Run(ring, at, 60, seconds: 6, rate: 10);
        Assert.That(ring.Availability(TimeSpan.Zero), Is.EqualTo(1));
        Assert.That(new ProgressRing().Availability(TimeSpan.Zero), Is.Null);
    }

    [Test]
    public void AStallInWhichSomethingWasOwedIsTimeNotAvailable()
    {
        var ring = new ProgressRing();
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 6, rate: 10);
        at = Run(ring, at, 60, seconds: 2, rate: 0, isOwed: true);
        Run(ring, at, 60, seconds: 2, rate: 10);
        Assert.That(ring.Availability(TimeSpan.Zero), Is.EqualTo(0.8).Within(0.015));
    }

    [Test]
    public void ALeaderThatIsGoneForLessThanASecondIsNoStall()
    {
        var ring = new ProgressRing();
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 6, rate: 10);
        ring.Add(at + TimeSpan.FromMilliseconds(500), 60, isOwed: true);
        Run(ring, at + TimeSpan.FromMilliseconds(800), 60, seconds: 2, rate: 10);
        Assert.That(ring.Availability(TimeSpan.Zero), Is.EqualTo(1));
    }

    [Test]
    public void AFailureShowsItsStallAndTheThroughputOnBothSides()
    {
        var ring = new ProgressRing();
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 20, rate: 1000);
        at = Run(ring, at, 20_000, seconds: 2, rate: 0, isOwed: true);
        ring.NoteFailure(at, "Node 2 leads instead of node 1.");
        at = Run(ring, at, 20_000, seconds: 5, rate: 800);
        var early = ring.LastFailure(at)!;
        Assert.That((early.What, early.After, early.AfterOverBefore), Is.EqualTo(("Node 2 leads instead of node 1.", (double?)null, (double?)null)), "ten seconds behind it are not over");
        at = Run(ring, at, 24_000, seconds: 7, rate: 800);
        var late = ring.LastFailure(at)!;
        Assert.Multiple(() =>
        {
            Assert.That(late.Ago, Is.EqualTo(TimeSpan.FromSeconds(12)));
            Assert.That(late.Stall.TotalSeconds, Is.EqualTo(2).Within(0.15));
            Assert.That(late.Before, Is.EqualTo(1000).Within(1));
            Assert.That(late.After, Is.EqualTo(800).Within(5));
            Assert.That(late.AfterOverBefore, Is.EqualTo(0.8).Within(0.01));
        });
    }

    [Test]
    public void AStallThatGoesOnReachesToTheLastLook()
    {
        var ring = new ProgressRing();
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 10, rate: 100);
        ring.NoteFailure(at, "Node 3 leads instead of node 1.");
        at = Run(ring, at, 1000, seconds: 8, rate: 0, isOwed: true);
        Assert.That(ring.LastFailure(at)!.Stall.TotalSeconds, Is.EqualTo(8).Within(0.15));
    }

    [Test]
    public void ChangesThatFollowEachOtherCloselyAreOneFailure()
    {
        var ring = new ProgressRing();
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 12, rate: 100);
        ring.NoteFailure(at, "first");
        ring.NoteFailure(at + TimeSpan.FromSeconds(9), "second");
        Assert.That(ring.LastFailure(at)!.What, Is.EqualTo("first"));
        ring.NoteFailure(at + TimeSpan.FromSeconds(10), "third");
        Assert.That(ring.LastFailure(at)!.What, Is.EqualTo("third"));
    }

    [Test]
    public void OnlyTheLastTenMinutesAreKept()
    {
        var ring = new ProgressRing();
        ring.NoteFailure(TimeSpan.FromSeconds(1), "long ago");
        var at = Run(ring, TimeSpan.Zero, 0, seconds: 700, rate: 10);
        Assert.That(ring.LastFailure(at), Is.Null);
        Assert.That(ring.Throughput(TimeSpan.Zero), Is.EqualTo(10).Within(0.01));
    }

    /// <summary>Looks ten times a second; gives when it ends.</summary>
    private static TimeSpan Run(ProgressRing ring, TimeSpan from, long records, int seconds, int rate, bool isOwed = false)
    {
        for (var look = 1; look <= seconds * 10; look++)
            ring.Add(from + (look * Look), records + (look * rate / 10), isOwed);
        return from + TimeSpan.FromSeconds(seconds);
    }
}
