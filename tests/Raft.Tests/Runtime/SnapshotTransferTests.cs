using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SnapshotTransferTests
{
    private static readonly NodeId Holder = new(2);
    private static readonly LogPosition Snapshot = LogBench.At(100, 3);

    private readonly TestNetwork _network = new();
    private readonly BoundedQueue<DiskWork> _disk = RuntimeBench.Queue<DiskWork>();
    private readonly SnapshotTransfer _transfer;
    private Instant _now = new(1_000_000_000);

    public SnapshotTransferTests() => _transfer = new(new Outbox(_network, new(1 << 20), _disk), _disk, TimeSpan.FromMilliseconds(300));

    [Test]
    public void Pieces_are_pulled_one_by_one_until_the_snapshot_is_whole()
    {
        _transfer.Fetch(Snapshot, Holder, _now);
        for (var piece = 0; piece < 3; piece++)
        {
            Assert.That(Asked(), Is.EqualTo(new[] { piece }));
            Arrive(piece);
            Assert.That(_disk.TakeAll().Single().Chunk, Is.EqualTo(new ChunkId(Snapshot, piece)));
            Assert.That(Written(piece + 1, isComplete: piece == 2), Is.EqualTo(piece == 2 ? Snapshot : (LogPosition?)null));
        }

        Assert.That(_transfer.AskAgainAt, Is.EqualTo(Instant.Never));
    }

    [Test]
    public void A_lost_question_or_answer_is_asked_again_and_a_repeated_piece_is_written_once()
    {
        _transfer.Fetch(Snapshot, Holder, _now);
        _now = _transfer.AskAgainAt;
        _transfer.Tick(_now);
        Assert.That(Asked(), Is.EqualTo(new[] { 0, 0 }));
        Arrive(0);
        Arrive(0);
        Assert.That(_disk.TakeAll(), Has.Count.EqualTo(1));
        Written(1, isComplete: false);
        Arrive(0);
        Assert.That(_disk.Count, Is.Zero, "a late repeat is not the piece that is wanted");
    }

    [Test]
    public void Another_offer_waits_while_there_is_progress_and_is_taken_when_the_holder_falls_silent()
    {
        var other = LogBench.At(200, 4);
        _transfer.Fetch(Snapshot, Holder, _now);
        _transfer.Fetch(other, new(3), _now);
        Assert.That(Asked(), Is.EqualTo(new[] { 0 }));
        for (var silence = 0; silence < 3; silence++)
        {
            _now = _transfer.AskAgainAt;
            _transfer.Tick(_now);
        }

        _network.Sent.Clear();
        _transfer.Fetch(other, new(3), _now);
        Assert.That(_network.Sent.Single().Peer, Is.EqualTo(new NodeId(3)));
    }

    [Test]
    public void A_transfer_goes_on_where_it_stopped_from_another_holder()
    {
        _transfer.Fetch(Snapshot, Holder, _now);
        Arrive(0);
        Written(1, isComplete: false);
        for (var silence = 0; silence < 3; silence++)
        {
            _now = _transfer.AskAgainAt;
            _transfer.Tick(_now);
        }

        _network.Sent.Clear();
        _transfer.Fetch(Snapshot, new(3), _now);
        Assert.That((_network.Sent.Single().Peer, Asked().Single()), Is.EqualTo((new NodeId(3), 1)));
    }

    [Test]
    public void A_holder_that_has_it_no_more_ends_the_transfer_and_a_stranger_does_not()
    {
        _transfer.Fetch(Snapshot, Holder, _now);
        _transfer.OnFrame(new(3), Frame(PeerFrameType.ChunkGone, 0), _now);
        Assert.That(_transfer.AskAgainAt, Is.Not.EqualTo(Instant.Never));
        _transfer.OnFrame(Holder, Frame(PeerFrameType.ChunkGone, 0), _now);
        Assert.That(_transfer.AskAgainAt, Is.EqualTo(Instant.Never));
    }

    [Test]
    public void A_peer_gets_the_piece_it_asks_for_or_hears_that_it_is_gone()
    {
        _transfer.OnFrame(new(3), Frame(PeerFrameType.ChunkRequest, 5), _now);
        var read = _disk.TakeAll().Single();
        Assert.That((read.Kind, read.Peer, read.Chunk), Is.EqualTo((DiskWorkKind.ReadChunk, new NodeId(3), new ChunkId(Snapshot, 5))));
        _transfer.OnRead(new() { Kind = DiskDoneKind.ChunkRead, Chunk = read.Chunk, Peer = read.Peer, Bytes = new byte[] { 1, 2 } });
        _transfer.OnRead(new() { Kind = DiskDoneKind.ChunkRead, Chunk = read.Chunk, Peer = read.Peer });
        Assert.That(_network.Sent.Select(static sent => ((PeerFrameType)sent.Frame[0], sent.Lane)), Is.EqualTo(new[] { (PeerFrameType.Chunk, Lane.Snapshot), (PeerFrameType.ChunkGone, Lane.Control) }));
    }

    private static byte[] Frame(PeerFrameType type, int piece)
    {
        var frame = new byte[PeerFrame.ChunkHeaderSize + 4];
        PeerFrame.WriteChunk(frame, type, new(Snapshot, piece));
        return frame;
    }

    private void Arrive(int piece) => _transfer.OnFrame(Holder, Frame(PeerFrameType.Chunk, piece), _now);

    private LogPosition? Written(int next, bool isComplete)
    {
        _network.Sent.Clear();
        return _transfer.OnWritten(new() { Kind = DiskDoneKind.ChunkWritten, Chunk = new(Snapshot, next), IsComplete = isComplete }, _now);
    }

    private IEnumerable<int> Asked() => _network.Sent.Select(static sent =>
    {
        PeerFrame.TryReadChunk(sent.Frame, out var id);
        return id.Chunk;
    });
}
