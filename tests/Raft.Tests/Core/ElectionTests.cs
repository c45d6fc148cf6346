using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class ElectionTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) };
    private static readonly Instant Start = new(0);
    private static readonly Instant AfterStickiness = Start + TimeSpan.FromMilliseconds(300);
    private static readonly LogPosition Last = new(new(5), new(2));

    private readonly CoreOutput _output = new();
    private readonly PendingWrites _writes = new();
    private Election _election = null!;

    [SetUp]
    public void A_node_of_three_that_comes_back_in_term_3()
    {
        _election = New([new(1), new(2), new(3)], seed: 7);
        _election.Recover(new(new(3), NodeId.None), Start);
        _output.Clear();
    }

    [TestCase(2, 5, true)]
    [TestCase(2, 6, true)]
    [TestCase(3, 1, true, Description = "a higher last term beats a longer log")]
    [TestCase(2, 4, false)]
    [TestCase(1, 9, false)]
    public void A_vote_goes_only_to_a_log_that_is_at_least_as_complete(int lastTerm, int lastIndex, bool granted)
    {
        _election.Follow(new(4), NodeId.None, AfterStickiness, _output, _writes);
        _election.OnVote(Vote(from: 2, new(new(lastIndex), new(lastTerm))), Last, AfterStickiness, _output, _writes);
        Assert.That((_output.Messages[0].Message.Accepted, _election.Vote), Is.EqualTo((granted, granted ? new NodeId(2) : NodeId.None)));
    }

    [Test]
    public void A_vote_is_given_once_a_term_and_said_again_to_the_same_candidate()
    {
        _election.Follow(new(4), NodeId.None, AfterStickiness, _output, _writes);
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness, _output, _writes);
        _election.OnVote(Vote(from: 3, Last), Last, AfterStickiness, _output, _writes);
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness, _output, _writes);
        Assert.That(_output.Messages.ToArray().Select(sent => sent.Message.Accepted), Is.EqualTo(new[] { true, false, true }));
    }

    [Test]
    public void A_vote_and_its_repetition_wait_for_the_write_that_holds_it()
    {
        _election.Follow(new(4), NodeId.None, AfterStickiness, _output, _writes);
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness, _output, _writes);
        var sequence = _output.WriteSequence;
        Assert.That(_output.Messages[0].AfterSequence, Is.EqualTo(sequence).And.Not.Zero);
        Assert.That(_output.HardState, Is.EqualTo(new HardState(new(4), new(2))));
        _writes.Issue(sequence, Last.Index, AfterStickiness);
        _output.Clear();
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness, _output, _writes);
        Assert.That(_output.Messages[0].AfterSequence, Is.EqualTo(sequence));
        _writes.Complete(sequence);
        _output.Clear();
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness, _output, _writes);
        Assert.That(_output.Messages[0].AfterSequence, Is.Zero);
    }

    [Test]
    public void No_new_vote_is_given_before_an_election_timeout_has_passed_since_the_start()
    {
        _election.Follow(new(4), NodeId.None, Start, _output, _writes);
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness - TimeSpan.FromTicks(1), _output, _writes);
        _election.OnVote(Vote(from: 2, Last), Last, AfterStickiness, _output, _writes);
        Assert.That(_output.Messages.ToArray().Select(sent => sent.Message.Accepted), Is.EqualTo(new[] { false, true }));
    }

    [Test]
    public void A_heard_leader_is_not_given_up_for_a_pre_vote()
    {
        var ask = Vote(from: 2, Last) with { Kind = MessageKind.PreVote, Term = new(3) };
        _election.Heard(new(3), AfterStickiness);
        _election.OnPreVote(ask, Last, AfterStickiness, _output);
        _election.OnPreVote(ask, Last, AfterStickiness + Options.ElectionTimeout, _output);
        Assert.That(_output.Messages.ToArray().Select(sent => sent.Message.Accepted), Is.EqualTo(new[] { false, true }));
        Assert.That((_election.Term, _election.Vote, _output.WriteSequence), Is.EqualTo((new Term(3), NodeId.None, 0L)), "a pre-vote promises nothing");
    }

    [Test]
    public void The_own_vote_counts_only_once_it_is_on_disk_and_wins_with_one_other()
    {
        StandInTerm4();
        Assert.That(_election.OnVoteReply(Reply(campaign: 1), 1), Is.False, "one vote of three");
        Assert.That(_election.OnVoteReply(Reply(campaign: 1), 1), Is.False, "the same vote again");
        Assert.That(_election.OnDurable(_writes), Is.False, "the write is under way");
        _writes.Complete(_writes.LastSequence);
        Assert.That(_election.OnDurable(_writes), Is.True);
        _election.Lead();
        Assert.That((_election.Role, _election.Leader), Is.EqualTo((Role.Leader, new NodeId(1))));
    }

    [Test]
    public void Votes_for_another_campaign_and_refusals_count_for_nothing()
    {
        StandInTerm4();
        _writes.Complete(_writes.LastSequence);
        Assert.That(_election.OnDurable(_writes), Is.False);
        Assert.That(_election.OnVoteReply(Reply(campaign: 0), 1), Is.False);
        Assert.That(_election.OnVoteReply(Reply(campaign: 1) with { Accepted = false }, 2), Is.False);
        Assert.That(_election.OnVoteReply(Reply(campaign: 1), 2), Is.True);
    }

    [Test]
    public void The_only_voter_stands_at_once_but_leads_only_after_its_write()
    {
        var election = New([new(1)], seed: 7);
        election.Recover(default, Start);
        election.Campaign(AfterStickiness, LogPosition.Zero, _output, _writes);
        Assert.That((election.Role, election.Term, _output.Messages.Length), Is.EqualTo((Role.Candidate, new Term(1), 0)));
        Assert.That(election.OnDurable(_writes), Is.False);
        _writes.Issue(_output.WriteSequence, LogIndex.Zero, AfterStickiness);
        _writes.Complete(_output.WriteSequence);
        Assert.That(election.OnDurable(_writes), Is.True);
    }

    [Test]
    public void Timers_are_drawn_between_one_and_two_election_timeouts([Range(0, 9)] int seed)
    {
        var election = New([new(1), new(2), new(3)], (ulong)seed);
        election.Recover(default, Start);
        Assert.That(election.Deadline - Start, Is.InRange(Options.ElectionTimeout, Options.ElectionTimeout * 2));
        election.Heard(new(2), AfterStickiness);
        Assert.That(election.Deadline - AfterStickiness, Is.InRange(Options.ElectionTimeout, Options.ElectionTimeout * 2));
    }

    private static Election New(NodeId[] voters, ulong seed)
    {
        var membership = new Membership(new(1));
        membership.Recover(LogIndex.Zero, new(voters.Select(id => new Member { Id = id, IsVoter = true, Disk = 1 })));
        return new(Options, membership, new(1), seed);
    }

    private static Message Vote(int from, LogPosition last) =>
        new() { Kind = MessageKind.Vote, From = new(from), To = new(1), Term = new(4), Position = last, Round = 1 };

    private static Message Reply(long campaign) =>
        new() { Kind = MessageKind.VoteReply, From = new(2), To = new(1), Term = new(4), Round = campaign, Accepted = true };

    private void StandInTerm4()
    {
        _election.Campaign(AfterStickiness, Last, _output, _writes);
        Assert.That(_election.Role, Is.EqualTo(Role.PreCandidate));
        _output.Clear();
        _election.OnPreVoteReply(Reply(campaign: 1) with { Kind = MessageKind.PreVoteReply, Term = new(3) }, 1, Last, AfterStickiness, _output, _writes);
        Assert.That((_election.Role, _election.Term, _election.Vote), Is.EqualTo((Role.Candidate, new Term(4), new NodeId(1))));
        Assert.That(_output.Messages.ToArray().All(sent => sent.AfterSequence == _output.WriteSequence), Is.True, "requests wait for the write");
        _writes.Issue(_output.WriteSequence, Last.Index, AfterStickiness);
    }
}
