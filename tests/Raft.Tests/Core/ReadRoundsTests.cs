using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class ReadRoundsTests
{
    private readonly CoreOutput _output = new();
    private ReadRounds _reads = null!;

    [SetUp]
    public void A_new_leader_with_room_for_three_reads()
    {
        _reads = new(new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50), MaxPendingReads = 3 });
        _output.Clear();
        _reads.Start();
    }

    [Test]
    public void No_round_starts_before_an_entry_of_the_own_term_is_committed()
    {
        _reads.TryAdd(1);
        _reads.Confirm(1, _output);
        Assert.That(_reads.StartRound(new(5), ownTermCommitted: false), Is.False);
        Assert.That(_reads.StartRound(new(6), ownTermCommitted: true), Is.True);
        _reads.Confirm(2, _output);
        Assert.That(_output.ReadsReady.ToArray(), Is.EqualTo(new ReadyRead[] { new(1, new(6)) }));
    }

    [Test]
    public void A_round_that_was_out_before_a_read_proves_nothing_for_it()
    {
        _reads.Confirm(1, _output);
        _reads.TryAdd(1);
        _reads.StartRound(new(5), ownTermCommitted: true);
        _reads.TryAdd(2);
        Assert.That(_reads.StartRound(new(7), ownTermCommitted: true), Is.False, "one round at a time");
        _reads.Confirm(2, _output);
        Assert.That(_output.ReadsReady.ToArray(), Is.EqualTo(new ReadyRead[] { new(1, new(5)) }));
        Assert.That(_reads.StartRound(new(7), ownTermCommitted: true), Is.True);
        _reads.Confirm(2, _output);
        Assert.That(_output.ReadsReady.Length, Is.EqualTo(1));
        _reads.Confirm(3, _output);
        Assert.That(_output.ReadsReady[1], Is.EqualTo(new ReadyRead(2, new(7))));
    }

    [Test]
    public void Reads_that_came_together_share_a_round()
    {
        _reads.Confirm(1, _output);
        _reads.TryAdd(1);
        _reads.TryAdd(2);
        _reads.StartRound(new(5), ownTermCommitted: true);
        Assert.That(_reads.Current, Is.EqualTo(2));
        _reads.Confirm(2, _output);
        Assert.That(_output.ReadsReady.Length, Is.EqualTo(2));
        Assert.That(_reads.Count, Is.Zero);
    }

    [Test]
    public void No_more_reads_wait_than_there_is_room_for()
    {
        Assert.That(new[] { _reads.TryAdd(1), _reads.TryAdd(2), _reads.TryAdd(3), _reads.TryAdd(4) }, Is.EqualTo(new[] { true, true, true, false }));
    }

    [Test]
    public void A_lost_leadership_fails_every_read_and_counts_rounds_anew()
    {
        _reads.Confirm(1, _output);
        _reads.TryAdd(1);
        _reads.StartRound(new(5), ownTermCommitted: true);
        _reads.TryAdd(2);
        _reads.FailAll(_output);
        Assert.That(_output.ReadsFailed.ToArray(), Is.EqualTo(new long[] { 1, 2 }));
        _reads.Start();
        _reads.TryAdd(3);
        Assert.That(_reads.StartRound(new(9), ownTermCommitted: true), Is.False, "round 1 of this leadership is not answered yet");
    }

    [Test]
    public void A_round_that_was_never_sent_cannot_be_confirmed()
    {
        _reads.Confirm(1_000, _output);
        _reads.TryAdd(1);
        _reads.StartRound(new(5), ownTermCommitted: true);
        Assert.That(_reads.StartRound(new(5), ownTermCommitted: true), Is.False);
        _reads.Confirm(1, _output);
        Assert.That(_output.ReadsReady.Length, Is.Zero);
    }
}
