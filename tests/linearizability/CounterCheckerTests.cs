using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests;

/// <summary>Counters with random amounts, as the fault tests use them: the checker is worth something only if it finds what is wrong, one broken history for each way.</summary>
[TestFixture]
internal sealed class CounterCheckerTests
{
    [Test]
    public void ACleanHistoryIsLinearizable() =>
        Legal(Add(5, 0, 10, 5), Read(11, 12, 5), Add(7, 20, 30, 12), Read(31, 32, 12));

    [Test]
    public void ConcurrentOperationsMayTakeEffectInAnyOrder() =>
        Legal(Add(5, 0, 100, 12), Add(7, 0, 100, 7), Read(0, 100, 0), Read(0, 100, 7), Read(0, 100, 12));

    [Test]
    public void AnUnknownAddMayBeDoneOrNotOrLater()
    {
        Legal(Lost(3, 0), Add(5, 10, 20, 5), Read(30, 40, 5));
        Legal(Lost(3, 0), Add(5, 10, 20, 8), Read(30, 40, 8));
        Legal(Lost(3, 0), Add(5, 10, 20, 5), Read(30, 40, 5), Read(50, 60, 8));
    }

    [Test]
    public void ALostAcknowledgedAddIsFound() => Illegal(Add(5, 0, 10, 5), Read(20, 30, 0));

    [Test]
    public void AnAddThatCountsTwiceIsFound()
    {
        Illegal(Add(5, 0, 10, 5), Read(20, 30, 10));
        Illegal(Lost(3, 0), Read(20, 30, 6));
    }

    [Test]
    public void TwoAddsOnTheSameValueAreFound() => Illegal(Add(5, 0, 10, 5), Add(7, 20, 30, 7));

    [Test]
    public void AStaleReadIsFound() => Illegal(Add(5, 0, 10, 5), Add(7, 20, 30, 12), Read(40, 50, 5));

    [Test]
    public void AReadThatGoesBackBehindAnotherReadIsFound() => Illegal(Add(5, 0, 100, 5), Read(10, 20, 5), Read(30, 40, 0));

    [Test]
    public void AnAddThatIsSeenBeforeItWasSentIsFound()
    {
        Illegal(Read(0, 10, 3), Lost(3, 20));
        Illegal(Read(0, 10, 5), Add(5, 20, 30, 5));
    }

    [Test]
    public void AnAddThatComesBeforeOneAnsweredEarlierIsFound() => Illegal(Add(5, 0, 10, 12), Add(7, 20, 30, 7));

    [Test]
    public void SixtyUnansweredAddsDoNotHideAWrongSum()
    {
        var random = new SimRandom(7);
        var amounts = Enumerable.Range(0, 60).Select(_ => random.Below(1L << 40) + 1).ToArray();
        var lost = amounts.Select(static amount => Lost(amount, 0)).ToArray();
        var sum = amounts[3] + amounts[17] + amounts[59];
        Legal([.. lost, Read(10, 20, sum), Read(30, 40, sum + amounts[5])]);
        Illegal([.. lost, Read(10, 20, sum), Read(30, 40, sum + amounts[5] + 1)]);
        Illegal([.. lost, Read(10, 20, sum), Read(30, 40, sum + amounts[17])]);
    }

    private static void Legal(params Told[] told) => Assert.That(Check(told).Verdict, Is.EqualTo(Verdict.Linearizable));

    private static void Illegal(params Told[] told) => Assert.That(Check(told).FirstIllegal?.Illegal?.IsShortest, Is.True);

    private static CheckResult Check(Told[] told)
    {
        var history = new CounterHistory();
        foreach (var (amount, invoked, completed, value) in told)
            history.Add("c", amount, invoked, completed, value);
        return LinearizabilityChecker.Check(history.ToHistory(), HistoryModel.Counter);
    }

    private static Told Add(long amount, long invoked, long completed, long value) => new(amount, invoked, completed, value);

    private static Told Lost(long amount, long invoked) => new(amount, invoked, null, null);

    private static Told Read(long invoked, long completed, long value) => new(null, invoked, completed, value);

    private sealed record Told(long? Amount, long Invoked, long? Completed, long? Value);
}
