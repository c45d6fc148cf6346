using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

[TestFixture]
internal sealed class NemesisTurnsTests
{
    private static readonly IReadOnlyList<INemesis> Three = [.. Partitions.All.Take(3)];

    [Test]
    public void Each_has_its_turn_before_any_has_a_second_one()
    {
        for (var seed = 1UL; seed <= 50; seed++)
        {
            var turns = new NemesisTurns(Three, new(seed));
            for (var round = 0; round < 5; round++)
                Assert.That(Enumerable.Range(0, 3).Select(_ => turns.Next()), Is.EquivalentTo(Three));
        }
    }

    [Test]
    public void One_that_found_nothing_to_strike_comes_again_in_the_same_round_and_only_once()
    {
        for (var seed = 1UL; seed <= 50; seed++)
        {
            var turns = new NemesisTurns(Three, new(seed));
            for (var round = 0; round < 5; round++)
            {
                var order = Enumerable.Range(0, 4).Select(_ => Idle(turns)).ToList();
                Assert.That(order.Count(one => one == Three[0]), Is.EqualTo(2), string.Join(", ", order.Select(static one => one.Name)));
                Assert.That(order.Distinct(), Is.EquivalentTo(Three));
            }
        }

        // The first of them never finds anything.
        static INemesis Idle(NemesisTurns turns)
        {
            var next = turns.Next();
            if (next == Three[0])
                turns.Defer(next);
            return next;
        }
    }
}
