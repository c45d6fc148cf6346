using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>Who is turned away, and who must stop because of it. A healthy node must never be made to stop.</summary>
internal sealed class StrangersTests
{
    private readonly CoreOutput _output = new();
    private readonly LogShape _log = new();
    private CommitRule _commit = null!;
    private Membership _membership = null!;
    private Strangers _strangers = null!;

    [SetUp]
    public void Node_1_knows_of_2_and_3_by_the_committed_entry_4_and_that_5_was_there()
    {
        _output.Clear();
        _log.Reset(LogPosition.Zero);
        for (var i = 0; i < 9; i++)
            _log.Append(new(new(1), EntryKind.Command, 1));
        _commit = new(_log);
        _commit.BySnapshot(new(8));
        _membership = new(new(1));
        _membership.Recover(LogIndex.Zero, Configuration.Empty);
        _membership.Append(new(4), Of(highest: 5, 1, 2, 3));
        _strangers = new(new(1), disk: 1, _membership, _commit);
    }

    [TestCase(2, 2UL, MessageKind.Vote, true)]
    [TestCase(2, 9UL, MessageKind.Vote, false, Description = "another folder")]
    [TestCase(2, 9UL, MessageKind.VoteReply, false)]
    [TestCase(2, 9UL, MessageKind.AppendReply, false)]
    [TestCase(2, 9UL, MessageKind.Append, false)]
    [TestCase(5, 5UL, MessageKind.Vote, false, Description = "removed")]
    [TestCase(5, 5UL, MessageKind.PreVote, false)]
    [TestCase(5, 5UL, MessageKind.Append, true, Description = "it may lead a term in which it removed itself")]
    [TestCase(6, 6UL, MessageKind.Vote, true, Description = "our log may not tell of it yet")]
    public void What_is_looked_at(int from, ulong disk, MessageKind kind, bool expected)
    {
        Assert.That(_strangers.Answer(Said(kind, from, disk), new(1), _output, out var fault), Is.EqualTo(expected));
        Assert.That((fault, _output.Messages.Length), Is.EqualTo((CoreFault.None, expected ? 0 : 1)));
    }

    [Test]
    public void Nobody_is_removed_by_what_is_not_committed()
    {
        _membership.Append(new(9), Of(highest: 5, 1, 2));
        Assert.That(_strangers.Answer(Said(MessageKind.Vote, 3, 3), new(1), _output, out _), Is.True);
        _commit.BySnapshot(new(9));
        Assert.That(_strangers.Answer(Said(MessageKind.Vote, 3, 3), new(1), _output, out _), Is.False);
        Assert.That(_output.Messages[0].Message is { Kind: MessageKind.Stranger, Accepted: true, Life: 3 } and { Position.Index.Value: 9 }, Is.True);
    }

    [Test]
    public void A_learner_whose_folder_is_not_known_is_let_in_with_any()
    {
        _membership.Append(new(5), new([.. _membership.Current.Members, new Member { Id = new(6) }]));
        Assert.That(_strangers.Answer(Said(MessageKind.AppendReply, 6, 77), new(1), _output, out _), Is.True);
    }

    [TestCase(2, true, 5, 1UL, CoreFault.Removed)]
    [TestCase(2, true, 4, 1UL, CoreFault.None, Description = "we know these members, and are one")]
    [TestCase(2, true, 3, 1UL, CoreFault.None, Description = "the sender is behind us")]
    [TestCase(2, true, 5, 9UL, CoreFault.None, Description = "it was said to another folder under our id")]
    [TestCase(7, true, 5, 1UL, CoreFault.None, Description = "we do not know who says it")]
    [TestCase(2, false, 0, 1UL, CoreFault.OtherDisk)]
    [TestCase(2, false, 0, 9UL, CoreFault.None)]
    public void Who_must_stop(int from, bool isRemoved, int index, ulong disk, object expected)
    {
        var word = Said(MessageKind.Stranger, from, (ulong)from) with { Accepted = isRemoved, Position = new(new(index), Term.Zero), Life = disk };
        Assert.That(_strangers.Answer(word, new(1), _output, out var fault), Is.False);
        Assert.That((fault, _output.Messages.Length), Is.EqualTo(((CoreFault)expected, 0)), "a word of this kind is never answered");
    }

    [Test]
    public void A_node_is_gone_when_its_committed_log_says_so_and_not_while_it_waits_to_be_added()
    {
        var joiner = new Membership(new(9));
        joiner.Recover(LogIndex.Zero, Configuration.Empty);
        var strangers = new Strangers(new(9), 1, joiner, _commit);
        Assert.That(strangers.IsSelfGone, Is.False);
        joiner.Append(new(4), Of(highest: 5, 1, 2, 3));
        Assert.That(strangers.IsSelfGone, Is.False, "members of before it joined");
        joiner.Append(new(6), Of(highest: 9, 1, 2, 9));
        Assert.That(strangers.IsSelfGone, Is.False);
        joiner.Append(new(9), Of(highest: 9, 1, 2));
        Assert.That(strangers.IsSelfGone, Is.False, "not committed");
        _commit.BySnapshot(new(9));
        Assert.That(strangers.IsSelfGone, Is.True);
    }

    private static Configuration Of(int highest, params int[] ids) =>
        new(ids.Select(static id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id }), new(highest));

    private static Message Said(MessageKind kind, int from, ulong disk) =>
        new() { Kind = kind, From = new(from), To = new(1), Term = new(1), Disk = disk };
}
