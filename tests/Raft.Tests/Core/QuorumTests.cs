using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class QuorumTests
{
    [Test]
    public void A_majority_is_more_than_half([Range(1, 9)] int voters)
    {
        var configuration = Of(voters);
        for (var slots = 0u; slots < 1u << voters; slots++)
            Assert.That(Quorum.IsReached(configuration, slots), Is.EqualTo(uint.PopCount(slots) * 2 > voters));
    }

    [Test]
    public void Any_two_majorities_share_a_voter([Range(1, 7)] int voters)
    {
        var configuration = Of(voters);
        for (var left = 0u; left < 1u << voters; left++)
        {
            for (var right = 0u; right < 1u << voters; right++)
            {
                if (Quorum.IsReached(configuration, left) && Quorum.IsReached(configuration, right))
                    Assert.That(left & right, Is.Not.Zero);
            }
        }
    }

    [Test]
    public void What_a_majority_has_reached_is_the_largest_value_that_more_than_half_pass([Range(1, 9)] int voters)
    {
        var prng = new Prng((ulong)voters);
        var configuration = Of(voters);
        for (var round = 0; round < 200; round++)
        {
            var values = new long[voters];
            for (var i = 0; i < voters; i++)
                values[i] = (long)(prng.Next() % 6);
            var expected = values.Where(value => values.Count(other => other >= value) * 2 > voters).Max();
            Assert.That(Quorum.ReachedBy(configuration, values.ToArray()), Is.EqualTo(expected));
        }
    }

    [Test]
    public void A_configuration_refuses_no_voters_too_many_and_the_same_twice()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Of(0), Throws.TypeOf<InvariantException>());
            Assert.That(() => Of(10), Throws.TypeOf<InvariantException>());
            Assert.That(() => new Configuration([new(1), new(1)]), Throws.TypeOf<InvariantException>());
            Assert.That(() => new Configuration([NodeId.None, new(1)]), Throws.TypeOf<InvariantException>());
        });
    }

    [Test]
    public void Voters_stand_in_slots_by_their_ids()
    {
        var configuration = new Configuration([new(9), new(2), new(5)]);
        Assert.That(configuration.Voters.ToArray(), Is.EqualTo(new NodeId[] { new(2), new(5), new(9) }));
        Assert.That((configuration.SlotOf(new(5)), configuration.Majority), Is.EqualTo((1, 2)));
        Assert.That(configuration.SlotOf(new(3)), Is.Negative);
    }

    private static Configuration Of(int voters) => new(Enumerable.Range(1, voters).Select(id => new NodeId(id)));
}
