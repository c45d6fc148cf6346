namespace RaftStream.StreamStateMachine.Tests.Sinks.Delivery;

/// <summary>How pauses grow.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class BackOffTests
{
    [Test]
    public void Pauses_double_up_to_the_longest()
    {
        var pauses = new BackOff(Seconds(1), Seconds(10), static () => 0);
        Assert.That(Enumerable.Range(0, 7).Select(_ => pauses.Next(null).TotalSeconds), Is.EqualTo(new[] { 1, 2, 4, 8, 10, 10, 10 }));
    }

    [Test]
    public void Chance_takes_up_to_half_of_a_pause_off()
    {
        var pauses = new BackOff(Seconds(8), Seconds(8), static () => 0.5);
        Assert.That(pauses.Next(null), Is.EqualTo(Seconds(6)));
        var random = new Random(1);
        pauses = new(Seconds(8), Seconds(8), random.NextDouble);
        var drawn = Enumerable.Range(0, 1000).Select(_ => pauses.Next(null).TotalSeconds).ToList();
        Assert.That((drawn.Min(), drawn.Max()), Is.EqualTo((4.0, 8.0)).Within(0.1));
    }

    [TestCase(5, 5, Description = "a longer one is granted")]
    [TestCase(1, 2, Description = "a shorter one changes nothing")]
    [TestCase(-7, 2, Description = "nor does a time that is past")]
    [TestCase(1_000_000, 600, Description = "and none has more than ten minutes")]
    public void The_other_side_may_ask_for_a_longer_pause(double asked, double expected) =>
        Assert.That(new BackOff(Seconds(2), Seconds(3), static () => 0).Next(Seconds(asked)), Is.EqualTo(Seconds(expected)));

    [Test]
    public void The_largest_pauses_do_not_overflow()
    {
        var pauses = new BackOff(TimeSpan.FromHours(1), TimeSpan.MaxValue, static () => 0);
        for (var i = 0; i < 100; i++)
            pauses.Next(null);
        Assert.That(pauses.Next(null), Is.EqualTo(TimeSpan.MaxValue));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
