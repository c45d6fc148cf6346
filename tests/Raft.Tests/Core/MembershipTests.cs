using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class MembershipTests
{
    private readonly Configuration _two = Of(1, 2);
    private readonly Configuration _three = Of(1, 2, 3);
    private readonly Configuration _four = Of(1, 2, 3, 4);
    private Membership _membership = null!;

    [SetUp]
    public void Node_3_of_a_cluster_that_began_with_two()
    {
        _membership = new(new(3));
        _membership.Recover(LogIndex.Zero, _two);
    }

    [Test]
    public void The_newest_in_the_log_is_in_force_committed_or_not()
    {
        Assert.That((_membership.Self, _membership.Votes), Is.EqualTo((-1, false)));
        _membership.Append(new(5), _three);
        Assert.That((_membership.Index, _membership.Current, _membership.Self, _membership.Votes), Is.EqualTo((new LogIndex(5), _three, 2, true)));
    }

    [Test]
    public void Truncation_brings_the_one_before_back_into_force()
    {
        _membership.Append(new(5), _three);
        _membership.Append(new(8), _four);
        _membership.TruncateFrom(new(9));
        Assert.That(_membership.Current, Is.SameAs(_four));
        _membership.TruncateFrom(new(8));
        Assert.That((_membership.Index, _membership.Current), Is.EqualTo((new LogIndex(5), _three)));
        _membership.TruncateFrom(new(2));
        Assert.That((_membership.Index, _membership.Current), Is.EqualTo((LogIndex.Zero, _two)));
    }

    [Test]
    public void It_tells_what_was_in_force_at_an_index()
    {
        _membership.Append(new(5), _three);
        _membership.Append(new(8), _four);
        Assert.That(new[] { 0, 4, 5, 7, 8, 100 }.Select(index => _membership.At(new(index)).Configuration), Is.EqualTo(new[] { _two, _two, _three, _three, _four, _four }));
    }

    [Test]
    public void What_is_forgotten_is_only_what_nobody_asks_about()
    {
        _membership.Append(new(5), _three);
        _membership.Append(new(8), _four);
        _membership.Forget(new(7));
        Assert.That(_membership.At(new(7)), Is.EqualTo((new LogIndex(5), _three)), "in force at the log's base");
        _membership.Forget(new(8));
        Assert.That(_membership.At(new(8)), Is.EqualTo((new LogIndex(8), _four)));
        _membership.TruncateFrom(new(9));
        Assert.That(_membership.Current, Is.SameAs(_four));
    }

    [Test]
    public void A_snapshot_puts_its_own_in_place_of_all()
    {
        _membership.Append(new(5), _three);
        _membership.Recover(new(3), _four);
        Assert.That((_membership.Index, _membership.Current), Is.EqualTo((new LogIndex(3), _four)));
        _membership.Append(new(4), _two);
        Assert.That(_membership.Current, Is.SameAs(_two));
    }

    [Test]
    public void Configurations_that_do_not_follow_each_other_are_our_own_bug()
    {
        _membership.Append(new(5), _three);
        Assert.That(() => _membership.Append(new(5), _four), Throws.TypeOf<InvariantException>());
    }

    [Test]
    public void It_has_formed_once_every_voters_folder_is_known()
    {
        Assert.That((_membership.IsFormed, _membership.HasUnbound), Is.EqualTo((true, false)));
        _membership.Append(new(5), new([.. _three.Members, new Member { Id = new(9) }]));
        Assert.That((_membership.IsFormed, _membership.HasUnbound), Is.EqualTo((true, true)), "a learner is heard later");
        _membership.Append(new(6), new([new NodeId(1), new NodeId(3)]));
        Assert.That((_membership.IsFormed, _membership.HasUnbound), Is.EqualTo((false, true)));
    }

    [Test]
    public void Somebody_is_preferred_only_to_a_voter_and_by_priority()
    {
        _membership.Append(new(5), new(_three.Members.Select(static member => member with { Priority = member.Id == new NodeId(1) ? 101 : 100 })));
        Assert.That(_membership.HasPreferred, Is.True);
        _membership.Append(new(6), new(_two.Members.Select(static member => member with { Priority = 101 })));
        Assert.That(_membership.HasPreferred, Is.False, "it does not vote");
    }

    private static Configuration Of(params int[] ids) => new(ids.Select(static id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id }));
}
