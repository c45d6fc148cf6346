using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class CommitRuleTests
{
    private readonly LogShape _log = new();
    private CommitRule _rule = null!;

    [SetUp]
    public void A_log_of_terms_1_2_2_4()
    {
        _log.Reset(LogPosition.Zero);
        foreach (var term in new[] { 1, 2, 2, 4 })
            _log.Append(new(new(term), EntryKind.Command, 1));
        _rule = new(_log);
    }

    [Test]
    public void A_leader_commits_nothing_of_an_earlier_term_by_counting()
    {
        Assert.That(_rule.ByLeader(new(3), new(4)), Is.False);
        Assert.That(_rule.Commit, Is.EqualTo(LogIndex.Zero));
    }

    [Test]
    public void An_entry_of_the_leaders_own_term_commits_all_before_it()
    {
        Assert.That(_rule.ByLeader(new(4), new(4)), Is.True);
        Assert.That(_rule.Commit, Is.EqualTo(new LogIndex(4)));
    }

    [Test]
    public void A_follower_commits_no_more_than_the_message_proved()
    {
        Assert.That(_rule.ByFollower(new(4), new(2)), Is.True);
        Assert.That(_rule.Commit, Is.EqualTo(new LogIndex(2)));
    }

    [Test]
    public void A_leaders_commit_index_beyond_our_log_is_normal_lag()
    {
        Assert.That(_rule.ByFollower(new(1_000), new(4)), Is.True);
        Assert.That(_rule.Commit, Is.EqualTo(new LogIndex(4)));
    }

    [Test]
    public void The_commit_index_never_goes_back()
    {
        _rule.ByFollower(new(3), new(3));
        Assert.That(_rule.ByFollower(new(1), new(4)), Is.False);
        Assert.That(_rule.ByLeader(new(2), new(2)), Is.False);
        _rule.BySnapshot(new(2));
        Assert.That(_rule.Commit, Is.EqualTo(new LogIndex(3)));
    }
}
