using RaftStream.Client.Routing;

namespace RaftStream.Client.Tests.Routing;

/// <summary>How much may be repeated.</summary>
internal sealed class RetryBudgetTests
{
    [Test]
    public void The_reserve_is_there_at_once_and_then_a_tenth_of_the_calls()
    {
        var budget = new RetryBudget(0.1, reserve: 3);
        for (var i = 0; i < 3; i++)
            Assert.That(budget.TryTake());
        Assert.That(budget.TryTake(), Is.False);
        for (var call = 0; call < 1_000; call++)
        {
            budget.Earn();
            Assert.That(budget.TryTake(), Is.EqualTo(call % 10 == 9), $"call {call}");
        }
    }

    [Test]
    public void What_is_earned_never_goes_beyond_the_reserve()
    {
        var budget = new RetryBudget(1, reserve: 2);
        for (var call = 0; call < 100; call++)
            budget.Earn();
        Assert.That(budget.Left, Is.EqualTo(2));
    }

    [Test]
    public void Without_a_reserve_nothing_is_repeated()
    {
        var budget = new RetryBudget(1, reserve: 0);
        budget.Earn();
        Assert.That(budget.TryTake(), Is.False);
    }

    [Test]
    public void Many_threads_take_no_more_than_there_is()
    {
        var budget = new RetryBudget(0, reserve: 10_000);
        var taken = 0;
        Parallel.For(0, 4, _ =>
        {
            while (budget.TryTake())
                Interlocked.Increment(ref taken);
        });
        Assert.That(taken, Is.EqualTo(10_000));
    }
}
