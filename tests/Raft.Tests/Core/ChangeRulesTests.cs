using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

internal sealed class ChangeRulesTests
{
    private static readonly Configuration Three = Of(1, 2, 3);
    private static readonly Configuration WithLearner = new([.. Three.Members, new Member { Id = new(4), Address = "d:1", Disk = 4 }]);

    [Test]
    public void A_member_comes_as_a_learner_in_one_step()
    {
        var next = Planned(Three, MemberChange.Add(new(4), "d:1"));
        Assert.That(CoreText.Members(next), Is.EqualTo("members(1 2 3 +4?)"));
        Assert.That((next.Find(new(4))!.Address, next.Find(new(4))!.Priority), Is.EqualTo(("d:1", Member.UsualPriority)));
    }

    [Test]
    public void A_learner_gets_its_vote_through_a_joint_configuration()
    {
        var joint = Planned(WithLearner, MemberChange.Promote(new(4)));
        Assert.That(CoreText.Members(joint), Is.EqualTo("members(1 2 3 -> 1 2 3 4)"));
        Assert.That(CoreText.Members(joint.Leave()), Is.EqualTo("members(1 2 3 4)"));
    }

    [Test]
    public void A_voter_leaves_through_a_joint_configuration_and_a_learner_at_once()
    {
        var joint = Planned(WithLearner, MemberChange.Remove(new(2)));
        Assert.That(CoreText.Members(joint), Is.EqualTo("members(1 2 3 -> 1 3 +4)"));
        Assert.That(CoreText.Members(joint.Leave()), Is.EqualTo("members(1 3 +4)"));
        Assert.That(CoreText.Members(Planned(WithLearner, MemberChange.Remove(new(4)))), Is.EqualTo("members(1 2 3)"));
    }

    [Test]
    public void A_replacement_is_one_joint_change()
    {
        var joint = Planned(WithLearner, MemberChange.Replace(new(2), new(4)));
        Assert.That(CoreText.Members(joint), Is.EqualTo("members(1 2 3 -> 1 3 4)"));
        Assert.That(CoreText.Members(joint.Leave()), Is.EqualTo("members(1 3 4)"));
    }

    [Test]
    public void An_update_changes_what_it_names()
    {
        var member = Planned(WithLearner, MemberChange.Update(new(4), null, 7)).Find(new(4))!;
        Assert.That((member.Address, member.Priority, member.Disk), Is.EqualTo(("d:1", 7, 4UL)));
        member = Planned(WithLearner, MemberChange.Update(new(4), "e:2", null)).Find(new(4))!;
        Assert.That((member.Address, member.Priority), Is.EqualTo(("e:2", Member.UsualPriority)));
    }

    [Test]
    public void An_id_once_used_is_refused_for_ever()
    {
        var without = Planned(WithLearner, MemberChange.Remove(new(4)));
        Assert.That(without.Highest, Is.EqualTo(new NodeId(4)));
        Assert.That(Refused(without, MemberChange.Add(new(4), "d:1")), Is.EqualTo(Refusal.IdUsed));
        Assert.That(Refused(without, MemberChange.Add(new(2), "d:1")), Is.EqualTo(Refusal.IdUsed));
        Assert.That(Refused(without, MemberChange.Add(new(0), "d:1")), Is.EqualTo(Refusal.IdUsed));
        Assert.That(Refused(without, MemberChange.Add(new(65_536), "d:1")), Is.EqualTo(Refusal.IdUsed));
        Assert.That(Refused(without, MemberChange.Add(new(5), "d:1")), Is.EqualTo(Refusal.None));
    }

    [Test]
    public void What_makes_no_sense_is_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Refused(Three, MemberChange.Promote(new(9))), Is.EqualTo(Refusal.NoSuchMember));
            Assert.That(Refused(Three, MemberChange.Promote(new(1))), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(Three, MemberChange.Remove(new(9))), Is.EqualTo(Refusal.NoSuchMember));
            Assert.That(Refused(Of(1), MemberChange.Remove(new(1))), Is.EqualTo(Refusal.InvalidChange), "the last voter stays");
            Assert.That(Refused(WithLearner, MemberChange.Replace(new(1), new(9))), Is.EqualTo(Refusal.NoSuchMember));
            Assert.That(Refused(WithLearner, MemberChange.Replace(new(1), new(2))), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(WithLearner, MemberChange.Replace(new(4), new(4))), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(Three, MemberChange.Update(new(9), null, 1)), Is.EqualTo(Refusal.NoSuchMember));
            Assert.That(Refused(Three, MemberChange.Update(new(1), null, 256)), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(Three, MemberChange.Update(new(1), " ", null)), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(Three, MemberChange.Add(new(4), "")), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(Three, MemberChange.Add(new(4), new string('a', 256))), Is.EqualTo(Refusal.InvalidChange));
            Assert.That(Refused(Three, MemberChange.Add(new(4), "d:1", -1)), Is.EqualTo(Refusal.InvalidChange));
        });
    }

    [Test]
    public void There_are_twenty_members_at_the_most_and_nine_voters()
    {
        var members = Of(1, 2, 3, 4, 5, 6, 7, 8, 9);
        for (var id = 10; id <= 20; id++)
            members = Planned(members, MemberChange.Add(new(id), "x:1"));
        Assert.That(Refused(members, MemberChange.Add(new(21), "x:1")), Is.EqualTo(Refusal.InvalidChange));
        Assert.That(Refused(members, MemberChange.Promote(new(10))), Is.EqualTo(Refusal.InvalidChange));
        Assert.That(CoreText.Members(Planned(members, MemberChange.Replace(new(1), new(10)))), Does.StartWith("members(1 2 3 4 5 6 7 8 9 -> 2 3 4 5 6 7 8 9 10? "));
        Assert.That(() => Of([.. Enumerable.Range(1, 10)]), Throws.TypeOf<InvariantException>());
    }

    [Test]
    public void Folders_are_written_down_once_they_are_known_and_never_overwritten()
    {
        var added = Planned(Three, MemberChange.Add(new(4), "d:1"));
        Assert.That(ChangeRules.Bind(added, static _ => 0), Is.SameAs(added));
        var bound = ChangeRules.Bind(added, static _ => 77);
        Assert.That(bound.Members.Select(static member => member.Disk), Is.EqualTo(new ulong[] { 1, 2, 3, 77 }));
        Assert.That(ChangeRules.Bind(bound, static _ => 99), Is.SameAs(bound));
    }

    private static Configuration Of(params int[] ids) => new(ids.Select(static id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id, Address = "a:1" }));

    private static Configuration Planned(Configuration current, MemberChange change)
    {
        Assert.That(ChangeRules.Plan(current, change, out var next), Is.EqualTo(Refusal.None));
        Assert.That(ConfigurationFormat.TryRead(ConfigurationFormat.ToBytes(next)), Is.Not.Null, "what is planned can be written");
        return next;
    }

    private static Refusal Refused(Configuration current, MemberChange change)
    {
        var refusal = ChangeRules.Plan(current, change, out var next);
        if (refusal != Refusal.None)
            Assert.That(next, Is.SameAs(current));
        return refusal;
    }
}
