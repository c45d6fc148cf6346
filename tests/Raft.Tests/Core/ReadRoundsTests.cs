using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class ReadRoundsTests
{
    private static readonly Term Term = new(4);

    private readonly CoreOutput _output = new();
    private ReadRounds _reads = null!;

    [SetUp]
    public void A_new_leader_with_room_for_three_reads()
    {
        _reads = new(new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50), MaxPendingReads = 3 }, new(1));
        _output.Clear();
        _reads.Start();
    }

    [Test]
    public void A_read_that_has_no_round_is_confirmed_by_none()
    {
        _reads.TryAdd(1);
        _reads.Confirm(1_000, Term, _output);
        Assert.That(_output.ReadsReady.Length, Is.Zero);
        Assert.That(_reads.WantsRound, Is.True);
    }

    [Test]
    public void A_round_that_was_out_before_a_read_proves_nothing_for_it()
    {
        _reads.TryAdd(1);
        _reads.Assign(2, new(5));
        _reads.TryAdd(2);
        Assert.That(_reads.WantsRound, Is.False, "one round at a time");
        _reads.Confirm(1, Term, _output);
        Assert.That(_output.ReadsReady.Length, Is.Zero);
        _reads.Confirm(2, Term, _output);
        Assert.That(_output.ReadsReady.ToArray(), Is.EqualTo(new ReadyRead[] { new(1, new(5)) }));
        Assert.That(_reads.WantsRound, Is.True);
        _reads.Assign(3, new(7));
        _reads.Confirm(2, Term, _output);
        Assert.That(_output.ReadsReady.Length, Is.EqualTo(1));
        _reads.Confirm(3, Term, _output);
        Assert.That(_output.ReadsReady[1], Is.EqualTo(new ReadyRead(2, new(7))));
    }

    [Test]
    public void A_heartbeat_gives_waiting_reads_a_round_while_an_earlier_one_is_out()
    {
        _reads.TryAdd(1);
        _reads.Assign(2, new(5));
        _reads.TryAdd(2);
        _reads.Assign(3, new(6));
        _reads.Confirm(3, Term, _output);
        Assert.That(_output.ReadsReady.ToArray(), Is.EqualTo(new ReadyRead[] { new(1, new(5)), new(2, new(6)) }));
    }

    [Test]
    public void A_follower_that_asked_gets_a_message_and_no_caller_here_an_answer()
    {
        _reads.TryAdd(77, asker: new(3));
        _reads.TryAdd(1);
        _reads.Assign(2, new(5));
        _reads.Confirm(2, Term, _output);
        var reply = _output.Messages[0].Message;
        Assert.That((reply.Kind, reply.To, reply.Term, reply.Round, reply.Position.Index), Is.EqualTo((MessageKind.ReadIndexReply, new NodeId(3), Term, 77L, new LogIndex(5))));
        Assert.That((_output.Messages.Length, _output.ReadsReady.Length), Is.EqualTo((1, 1)));
    }

    [Test]
    public void No_more_reads_wait_than_there_is_room_for()
    {
        Assert.That(new[] { _reads.TryAdd(1), _reads.TryAdd(2, new(3)), _reads.TryAdd(3), _reads.TryAdd(4) }, Is.EqualTo(new[] { true, true, true, false }));
    }

    [Test]
    public void A_lost_leadership_fails_every_read_of_its_own_and_counts_rounds_anew()
    {
        _reads.TryAdd(1);
        _reads.TryAdd(9, new(3));
        _reads.Assign(2, new(5));
        _reads.TryAdd(2);
        _reads.FailAll(_output);
        Assert.That(_output.ReadsFailed.ToArray(), Is.EqualTo(new long[] { 1, 2 }), "a follower asks the next leader");
        _reads.Start();
        _reads.TryAdd(3);
        _reads.Assign(2, new(9));
        _reads.Confirm(1, Term, _output);
        Assert.That((_output.ReadsReady.Length, _reads.Count), Is.EqualTo((0, 1)));
    }
}
