using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class UncommittedLimitTests
{
    private readonly LogShape _log = new();
    private UncommittedLimit _limit = null!;

    [SetUp]
    public void Room_for_three_entries_or_a_hundred_bytes()
    {
        _log.Reset(LogPosition.Zero);
        _limit = new(new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50), MaxUncommittedEntries = 3, MaxUncommittedBytes = 100 }, _log);
        _limit.Start(LogIndex.Zero);
    }

    [Test]
    public void Entries_beyond_the_limit_are_refused_all_together()
    {
        Assert.That(Take(1, 1), Is.EqualTo(Refusal.None));
        Assert.That(Take(1, 1), Is.EqualTo(Refusal.Overloaded));
        Assert.That(Take(1), Is.EqualTo(Refusal.None));
        Assert.That(Take(1), Is.EqualTo(Refusal.Overloaded));
    }

    [Test]
    public void Bytes_beyond_the_limit_are_refused_until_some_commit()
    {
        Assert.That(Take(60), Is.EqualTo(Refusal.None));
        Assert.That(Take(50), Is.EqualTo(Refusal.Overloaded));
        _limit.Committed(new(1));
        Assert.That(Take(50), Is.EqualTo(Refusal.None));
    }

    [Test]
    public void A_payload_that_the_log_cannot_hold_is_too_large_and_takes_no_room()
    {
        Assert.That(Take(9 * 1024 * 1024), Is.EqualTo(Refusal.TooLarge));
        Assert.That(Take(-1), Is.EqualTo(Refusal.TooLarge));
        Assert.That(Take(100), Is.EqualTo(Refusal.None));
    }

    [Test]
    public void A_new_leader_counts_what_it_inherits()
    {
        Take(60);
        Take(30);
        _limit.Start(new(1));
        Assert.That(Take(71), Is.EqualTo(Refusal.Overloaded));
        Assert.That(Take(70), Is.EqualTo(Refusal.None));
    }

    private Refusal Take(params int[] lengths)
    {
        var refusal = _limit.Admit(Array.ConvertAll(lengths, length => new Proposal(EntryKind.Command, length)));
        if (refusal == Refusal.None)
        {
            foreach (var length in lengths)
                _log.Append(new(new(1), EntryKind.Command, length));
        }

        return refusal;
    }
}
