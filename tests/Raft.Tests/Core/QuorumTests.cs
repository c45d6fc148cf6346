using RaftStream.Raft.Core;
using RaftStream.Testing;

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
    public void A_joint_quorum_is_a_majority_of_those_before_and_of_those_after([Range(0, 39)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var configuration = RandomJoint(ref prng);
        for (var slots = 0u; slots < 1u << configuration.Count; slots++)
            Assert.That(Quorum.IsReached(configuration, slots), Is.EqualTo(IsJointQuorum(configuration, slots)), $"{CoreText.Members(configuration)}: {slots:b}");
    }

    [Test]
    public void A_joint_quorum_shares_a_voter_with_every_quorum_before_and_after([Range(0, 19)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var joint = RandomJoint(ref prng);
        for (var slots = 0u; slots < 1u << joint.Count; slots++)
        {
            if (!Quorum.IsReached(joint, slots))
                continue;
            for (var others = 0u; others < 1u << joint.Count; others++)
            {
                if (IsMajority(others, joint.Members.Select(member => member.WasVoter)) || IsMajority(others, joint.Members.Select(member => member.IsVoter)))
                    Assert.That(slots & others, Is.Not.Zero);
            }
        }
    }

    [Test]
    public void What_a_quorum_has_reached_is_the_largest_value_that_a_quorum_passes([Range(0, 39)] int seed)
    {
        var prng = new Prng((ulong)seed);
        for (var round = 0; round < 20; round++)
        {
            var configuration = round % 2 == 0 ? RandomJoint(ref prng) : Of(1 + (int)(prng.Next() % 9));
            var values = new long[configuration.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = (long)(prng.Next() % 6);
            var expected = values.Where(value => Quorum.IsReached(configuration, Passing(values, value))).Max();
            Assert.That(Quorum.ReachedBy(configuration, values), Is.EqualTo(expected));
        }
    }

    [Test]
    public void Nobody_is_a_quorum_of_nobody()
    {
        Assert.That(Quorum.IsReached(Configuration.Empty, 0), Is.False);
        Assert.That(Quorum.ReachedBy(Configuration.Empty, []), Is.EqualTo(long.MinValue));
    }

    [Test]
    public void Learners_are_never_counted()
    {
        var configuration = new Configuration([.. Of(3).Members, new Member { Id = new(4) }, new Member { Id = new(5) }]);
        Assert.That(Quorum.IsReached(configuration, 0b11001), Is.False);
        Assert.That(Quorum.IsReached(configuration, 0b00011), Is.True);
        Assert.That(Quorum.ReachedBy(configuration, [3, 0, 0, 9, 9]), Is.Zero);
    }

    private static Configuration Of(int voters) => new(Enumerable.Range(1, voters).Select(id => new NodeId(id)));

    /// <summary>Up to seven members with every mixture of roles, and at least one voter before and one after.</summary>
    private static Configuration RandomJoint(ref Prng prng)
    {
        while (true)
        {
            var members = new List<Member>();
            for (var id = 1 + (int)(prng.Next() % 7); id > 0; id--)
                members.Add(new() { Id = new(id), IsVoter = prng.Next() % 3 != 0, WasVoter = prng.Next() % 3 != 0 });
            var configuration = new Configuration(members);
            if (configuration is { IsJoint: true, Incoming: not 0 })
                return configuration;
        }
    }

    private static bool IsJointQuorum(Configuration configuration, uint slots) =>
        IsMajority(slots, configuration.Members.Select(member => member.WasVoter)) && IsMajority(slots, configuration.Members.Select(member => member.IsVoter));

    /// <summary>Counts by hand: more than half of those that vote.</summary>
    private static bool IsMajority(uint slots, IEnumerable<bool> votes)
    {
        var (yes, all, slot) = (0, 0, 0);
        foreach (var isVoter in votes)
        {
            if (isVoter)
            {
                all++;
                yes += (int)((slots >> slot) & 1);
            }

            slot++;
        }

        return 2 * yes > all;
    }

    private static uint Passing(long[] values, long value)
    {
        var slots = 0u;
        for (var i = 0; i < values.Length; i++)
            slots |= values[i] >= value ? 1u << i : 0;
        return slots;
    }
}
