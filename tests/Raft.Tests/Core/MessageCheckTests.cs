using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class MessageCheckTests
{
    private static readonly EntryShape[] None = [];
    private static readonly Message Append = new() { Kind = MessageKind.Append, From = new(1), To = new(2), Term = new(5), Position = At(3, 2), Disk = 7 };
    private static readonly Message Vote = new() { Kind = MessageKind.Vote, From = new(1), To = new(2), Term = new(5), Position = At(3, 2), Disk = 7 };

    [Test]
    public void What_cores_say_is_sound()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Append, None));
            Assert.That(IsSound(Append with { Position = LogPosition.Zero }, None));
            Assert.That(IsSound(Append with { Count = 2 }, [Entry(2), Entry(5)]));
            Assert.That(IsSound(Vote, None));
            Assert.That(IsSound(Vote with { Term = new(1), Position = LogPosition.Zero }, None));
            Assert.That(IsSound(Vote with { Kind = MessageKind.PreVote, Term = Term.Zero, Position = LogPosition.Zero }, None));
            Assert.That(IsSound(Vote with { Kind = MessageKind.SnapshotOffer }, None));
            Assert.That(IsSound(new() { Kind = MessageKind.AppendReply, From = new(1), To = new(2), Term = new(1), Disk = 7 }, None));
        });
    }

    [Test]
    public void An_append_whose_terms_fall_or_exceed_its_own_is_not()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Append with { Count = 2 }, [Entry(4), Entry(3)]), Is.False);
            Assert.That(IsSound(Append with { Count = 1 }, [Entry(1)]), Is.False);
            Assert.That(IsSound(Append with { Count = 1 }, [Entry(6)]), Is.False);
            Assert.That(IsSound(Append with { Position = At(3, 6) }, None), Is.False);
            Assert.That(IsSound(Append with { Position = At(3, 0) }, None), Is.False);
            Assert.That(IsSound(Append with { Position = At(0, 1) }, None), Is.False);
            Assert.That(IsSound(Append with { Term = Term.Zero, Position = LogPosition.Zero }, None), Is.False);
        });
    }

    [Test]
    public void A_count_that_is_not_that_of_the_entries_is_not()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Append with { Count = 1 }, None), Is.False);
            Assert.That(IsSound(Append, [Entry(5)]), Is.False);
            Assert.That(IsSound(Vote with { Count = 1 }, [Entry(5)]), Is.False);
        });
    }

    [Test]
    public void Entries_of_no_kind_or_of_impossible_length_are_not()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Append with { Count = 1 }, [new(new(5), (EntryKind)6, 1)]), Is.False);
            Assert.That(IsSound(Append with { Count = 1 }, [new(new(5), EntryKind.Command, -1)]), Is.False);
            Assert.That(IsSound(Append with { Count = 1 }, [new(new(5), EntryKind.Command, int.MaxValue)]), Is.False);
        });
    }

    [Test]
    public void A_candidate_with_an_entry_of_the_term_it_stands_in_is_not()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Vote with { Position = At(3, 5) }, None), Is.False);
            Assert.That(IsSound(Vote with { Kind = MessageKind.PreVote, Position = At(3, 6) }, None), Is.False);
            Assert.That(IsSound(Vote with { Position = At(3, 0) }, None), Is.False);
        });
    }

    [Test]
    public void Negative_fields_and_unknown_kinds_are_not()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Append with { Term = new(-1) }, None), Is.False);
            Assert.That(IsSound(Append with { Position = At(-1, 1) }, None), Is.False);
            Assert.That(IsSound(Append with { Commit = new(-1) }, None), Is.False);
            Assert.That(IsSound(Append with { Match = new(-1) }, None), Is.False);
            Assert.That(IsSound(Append with { Disk = 0 }, None), Is.False, "every sender has a data folder");
            Assert.That(IsSound(Append with { Kind = default }, None), Is.False);
            Assert.That(IsSound(Append with { Kind = (MessageKind)12 }, None), Is.False);
        });
    }

    [Test]
    public void Configurations_come_one_for_each_entry_that_is_one()
    {
        var configuration = new Configuration([new NodeId(1)]);
        EntryShape[] entries = [Entry(5), new(new(5), EntryKind.Configuration, 17)];
        Assert.Multiple(() =>
        {
            Assert.That(MessageCheck.IsSound(Append with { Count = 2 }, entries, [configuration]));
            Assert.That(MessageCheck.IsSound(Append with { Count = 2 }, entries, []), Is.False);
            Assert.That(MessageCheck.IsSound(Append with { Count = 2 }, entries, [configuration, configuration]), Is.False);
            Assert.That(MessageCheck.IsSound(Append, [], [configuration]), Is.False);
        });
    }

    [Test]
    public void Terms_and_indexes_at_the_end_of_the_numbers_are_not()
    {
        Assert.Multiple(() =>
        {
            Assert.That(IsSound(Append with { Term = new(MessageCheck.LargestTerm) }, []), Is.True);
            Assert.That(IsSound(Append with { Term = new(MessageCheck.LargestTerm + 1) }, []), Is.False, "its next term but few would be none");
            Assert.That(IsSound(Append with { Term = new(long.MaxValue) }, []), Is.False);
            Assert.That(IsSound(Append with { Position = At(MessageCheck.LargestIndex + 1, 1) }, []), Is.False, "index and count must not turn negative");
        });
    }

    private static bool IsSound(in Message message, EntryShape[] entries) => MessageCheck.IsSound(message, entries, []);

    private static LogPosition At(long index, long term) => new(new(index), new(term));

    private static EntryShape Entry(long term) => new(new(term), EntryKind.Command, 1);
}
