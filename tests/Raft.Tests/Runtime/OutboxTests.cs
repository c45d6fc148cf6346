using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class OutboxTests
{
    private readonly TestNetwork _network = new();
    private readonly EntryCache _cache = new(1 << 20);
    private readonly BoundedQueue<DiskWork> _disk = RuntimeBench.Queue<DiskWork>();
    private readonly Outbox _outbox;

    public OutboxTests() => _outbox = new(_network, _cache, _disk);

    [Test]
    public void Nothing_leaves_before_the_write_it_waits_for_is_durable()
    {
        _outbox.Post(new(Reply(1, 5), AfterSequence: 7));
        _outbox.Post(new(Reply(2, 5), AfterSequence: 8));
        _outbox.Release(6, new Term(5));
        Assert.That(_network.Sent, Is.Empty);
        _outbox.Release(7, new Term(5));
        Assert.That(Peers(), Is.EqualTo(new[] { 1 }));
        _outbox.Release(9, new Term(5));
        _outbox.Post(new(Reply(3, 5), AfterSequence: 9));
        Assert.That(Peers(), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public void What_was_held_in_an_earlier_term_is_never_sent()
    {
        _outbox.Post(new(Reply(1, 5), AfterSequence: 107));
        _outbox.Post(new(Reply(2, 6), AfterSequence: 108));
        _outbox.Release(108, new Term(6));
        Assert.That(Peers(), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void Entries_come_from_the_cache_byte_for_byte()
    {
        _cache.Reset(RuntimeBench.Index(1));
        _cache.Add(RuntimeBench.Index(1), 5, RuntimeBench.Records(1, 5));
        _outbox.Post(new(Append(from: 2, count: 3), 0));
        var (peer, lane, frame) = _network.Sent.Single();
        var shapes = new EntryShape[8];
        Assert.That(PeerFrame.TryReadMessage(frame, new NodeId(1), peer, shapes, out var message), Is.True);
        Assert.That((lane, message.Count), Is.EqualTo((Lane.Bulk, 3)));
        Assert.That(frame.AsSpan(PeerFrame.MessageSize).SequenceEqual(RuntimeBench.Records(2, 4)), Is.True);
    }

    [Test]
    public void Entries_that_the_cache_dropped_are_asked_from_disk_and_then_sent()
    {
        _cache.Reset(RuntimeBench.Index(100));
        var append = Append(from: 2, count: 3);
        _outbox.Post(new(append, 0));
        Assert.That(_network.Sent, Is.Empty);
        var asked = _disk.TakeAll().Single();
        Assert.That((asked.Kind, asked.First.Value, asked.Count, asked.Message), Is.EqualTo((DiskWorkKind.ReadForPeer, 2L, 3, append)));
        _outbox.SendRead(asked.Message, RuntimeBench.Records(2, 4));
        Assert.That(PeerFrame.TryReadMessage(_network.Sent.Single().Frame, new NodeId(1), new NodeId(2), new EntryShape[8], out _), Is.True);
    }

    [Test]
    public void Heartbeats_and_replies_take_the_lane_that_nothing_large_blocks()
    {
        _outbox.Post(new(Append(from: 2, count: 0), 0));
        _outbox.Post(new(Reply(2, 1), 0));
        Assert.That(_network.Sent.Select(static sent => sent.Lane), Is.All.EqualTo(Lane.Control).And.Exactly(2).Items);
    }

    private static Message Reply(int to, long term) =>
        new() { Kind = MessageKind.AppendReply, From = new(9), To = new(to), Term = new(term), Accepted = true };

    private static Message Append(long from, int count) =>
        new() { Kind = MessageKind.Append, From = new(1), To = new(2), Term = new(1), Position = LogBench.At(from - 1, 1), Count = count };

    private IEnumerable<int> Peers() => _network.Sent.Select(static sent => sent.Peer.Value);
}
