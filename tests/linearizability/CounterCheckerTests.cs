namespace RaftStream.Linearizability.Tests;

/// <summary>The checker is worth something only if it finds what is wrong: one broken history for each rule.</summary>
[TestFixture]
internal sealed class CounterCheckerTests
{
    [Test]
    public void ACleanHistoryIsLinearizable()
    {
        Assert.That(Explain(Add(5, 0, 10, 5), Read(11, 12, 5), Add(7, 20, 30, 12), Read(31, 32, 12)), Is.Null);
    }

    [Test]
    public void ConcurrentOperationsMayTakeEffectInAnyOrder()
    {
        Assert.That(Explain(Add(5, 0, 100, 12), Add(7, 0, 100, 7), Read(0, 100, 0), Read(0, 100, 7), Read(0, 100, 12)), Is.Null);
    }

    [Test]
    public void AnUnknownAddMayBeDoneOrNotOrLater()
    {
        Assert.That(Explain(Lost(3, 0), Add(5, 10, 20, 5), Read(30, 40, 5)), Is.Null);
        Assert.That(Explain(Lost(3, 0), Add(5, 10, 20, 8), Read(30, 40, 8)), Is.Null);
        Assert.That(Explain(Lost(3, 0), Add(5, 10, 20, 5), Read(30, 40, 5), Read(50, 60, 8)), Is.Null);
    }

    [Test]
    public void ALostAcknowledgedAddIsFound()
    {
        Assert.That(Explain(Add(5, 0, 10, 5), Read(20, 30, 0)), Does.Contain("Out of real time"));
    }

    [Test]
    public void AnAddThatCountsTwiceIsFound()
    {
        Assert.That(Explain(Add(5, 0, 10, 5), Read(20, 30, 10)), Does.Contain("sum of no adds"));
        Assert.That(Explain(Lost(3, 0), Read(20, 30, 6)), Does.Contain("sum of no adds"));
    }

    [Test]
    public void TwoAddsOnTheSameValueAreFound()
    {
        Assert.That(Explain(Add(5, 0, 10, 5), Add(7, 20, 30, 7)), Does.Contain("went back"));
    }

    [Test]
    public void AStaleReadIsFound()
    {
        Assert.That(Explain(Add(5, 0, 10, 5), Add(7, 20, 30, 12), Read(40, 50, 5)), Does.Contain("Out of real time"));
    }

    [Test]
    public void AReadThatGoesBackBehindAnotherReadIsFound()
    {
        Assert.That(Explain(Add(5, 0, 100, 5), Read(10, 20, 5), Read(30, 40, 0)), Does.Contain("Out of real time"));
    }

    [Test]
    public void AnAddThatIsSeenBeforeItWasSentIsFound()
    {
        Assert.That(Explain(Read(0, 10, 3), Lost(3, 20)), Does.Contain("Out of real time"));
        Assert.That(Explain(Read(0, 10, 5), Add(5, 20, 30, 5)), Does.Contain("Out of real time"));
    }

    [Test]
    public void AnAddThatComesBeforeOneAnsweredEarlierIsFound()
    {
        Assert.That(Explain(Add(5, 0, 10, 12), Add(7, 20, 30, 7)), Does.Contain("Out of real time"));
    }

    private static string? Explain(params Operation[] operations) => CounterChecker.Explain(operations);

    private static Operation Add(long delta, long invoked, long completed, long value) => new("c", OperationKind.Add, delta, invoked, completed, value);

    private static Operation Lost(long delta, long invoked) => new("c", OperationKind.Add, delta, invoked, long.MaxValue, null);

    private static Operation Read(long invoked, long completed, long value) => new("c", OperationKind.Read, 0, invoked, completed, value);
}
