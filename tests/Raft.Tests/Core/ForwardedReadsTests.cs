using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class ForwardedReadsTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50), MaxPendingReads = 3 };
    private static readonly NodeId Leader = new(1);
    private static readonly Instant Now = new(1_000);

    private readonly CoreOutput _output = new();
    private ForwardedReads _reads = null!;

    [SetUp]
    public void Node_2_asks()
    {
        _output.Clear();
        _reads = new(Options, new(2), seed: 7);
    }

    [Test]
    public void Reads_that_come_while_a_question_is_out_share_the_next()
    {
        var first = Ask(1);
        _reads.TryAdd(2);
        _reads.TryAdd(3);
        _output.Clear();
        _reads.Poll(Leader, new(1), Now, _output);
        Assert.That(_output.Messages.Length, Is.Zero);
        Answer(first, index: 5);
        Assert.That(_output.ReadsReady.ToArray(), Is.EqualTo(new ReadyRead[] { new(1, new(5)) }));
        _output.Clear();
        _reads.Poll(Leader, new(1), Now, _output);
        Answer(_output.Messages[0].Message.Round, index: 6);
        Assert.That(_output.ReadsReady.ToArray(), Is.EqualTo(new ReadyRead[] { new(2, new(6)), new(3, new(6)) }));
    }

    [Test]
    public void An_answer_to_an_earlier_question_answers_no_later_one()
    {
        var first = Ask(1);
        Answer(first, index: 5);
        var second = Ask(2);
        Assert.That(second, Is.Not.EqualTo(first));
        _output.Clear();
        Answer(first, index: 5);
        Assert.That(_output.ReadsReady.Length, Is.Zero);
    }

    [Test]
    public void Another_life_of_the_process_asks_under_other_numbers()
    {
        var first = Ask(1);
        _reads = new(Options, new(2), seed: 8);
        Assert.That(Math.Abs(Ask(1) - first), Is.GreaterThan(1_000));
    }

    [Test]
    public void A_question_that_is_not_answered_is_asked_again()
    {
        var question = Ask(1);
        Assert.That(_reads.AskAgainAt, Is.EqualTo(Now + Options.RetransmitAfter));
        _output.Clear();
        _reads.Poll(new(3), new(2), _reads.AskAgainAt, _output);
        var message = _output.Messages[0].Message;
        Assert.That((message.Round, message.To, message.Term), Is.EqualTo((question, new NodeId(3), new Term(2))), "also of another leader");
    }

    [Test]
    public void Without_a_leader_all_fail_and_so_many_at_the_most_wait()
    {
        Ask(1);
        Assert.That(new[] { _reads.TryAdd(2), _reads.TryAdd(3), _reads.TryAdd(4) }, Is.EqualTo(new[] { true, true, false }));
        _reads.Poll(NodeId.None, new(1), Now, _output);
        Assert.That(_output.ReadsFailed.ToArray(), Is.EqualTo(new long[] { 1, 2, 3 }));
        Assert.That(_reads.AskAgainAt, Is.EqualTo(Instant.Never));
    }

    private long Ask(long id)
    {
        _output.Clear();
        _reads.TryAdd(id);
        _reads.Poll(Leader, new(1), Now, _output);
        return _output.Messages[0].Message.Round;
    }

    private void Answer(long question, long index) =>
        _reads.OnReply(new() { Kind = MessageKind.ReadIndexReply, From = Leader, To = new(2), Term = new(1), Round = question, Position = new(new(index), Term.Zero) }, _output);
}
