using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SnapshotFetchTests
{
    private static readonly NodeId Leader = new(2);
    private static readonly NodeId Other = new(3);
    private static readonly LogPosition Snapshot = LogBench.At(100, 3);

    private readonly TestNetwork _network = new();
    private readonly BoundedQueue<DiskWork> _disk = RuntimeBench.Queue<DiskWork>();
    private readonly Membership _membership = new(new(1));
    private readonly SnapshotFetch _fetch;
    private readonly SnapshotServe _serve;
    private Instant _now = new(1_000_000_000);

    public SnapshotFetchTests()
    {
        _membership.Recover(LogIndex.Zero, new([new NodeId(1), Leader, Other]));
        var outbox = new Outbox(_network, new(1 << 20), _disk);
        _fetch = new(outbox, _disk, _membership, TimeSpan.FromMilliseconds(300), bytesPerSecond: 1_000_000);
        _serve = new(outbox, _disk);
    }

    [Test]
    public void Pieces_are_pulled_one_by_one_until_the_snapshot_is_whole()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        for (var piece = 0; piece < 3; piece++)
        {
            Assert.That(Asked(), Is.EqualTo(new[] { (Other, piece) }));
            Arrive(piece);
            Assert.That(_disk.TakeAll().Single().Chunk, Is.EqualTo(new ChunkId(Snapshot, piece)));
            Assert.That(Written(piece + 1, isComplete: piece == 2), Is.EqualTo(piece == 2 ? Snapshot : (LogPosition?)null));
        }

        Assert.That(_fetch.AskAgainAt, Is.EqualTo(Instant.Never));
    }

    [Test]
    public void The_leader_is_asked_last()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        _now = _fetch.AskAgainAt;
        _fetch.Tick(_now);
        Assert.That(Asked(), Is.EqualTo(new[] { (Other, 0), (Leader, 0) }));
    }

    [Test]
    public void A_joiner_that_knows_nobody_asks_the_leader()
    {
        _membership.Recover(LogIndex.Zero, Configuration.Empty);
        _fetch.Begin(Snapshot, Leader, _now);
        Assert.That(Asked(), Is.EqualTo(new[] { (Leader, 0) }));
    }

    [Test]
    public void A_repeated_piece_is_written_once()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        Arrive(0);
        Arrive(0);
        Assert.That(_disk.TakeAll(), Has.Count.EqualTo(1));
        Written(1, isComplete: false);
        Arrive(0);
        Assert.That(_disk.Count, Is.Zero, "a late repeat is not the piece that is wanted");
    }

    [Test]
    public void Another_offer_waits_while_there_is_progress_and_is_taken_when_all_have_been_silent()
    {
        var newer = LogBench.At(200, 4);
        _fetch.Begin(Snapshot, Leader, _now);
        _fetch.Begin(newer, Leader, _now);
        Assert.That(Asked(), Is.EqualTo(new[] { (Other, 0) }));
        for (var silence = 0; silence < 4; silence++)
        {
            _now = _fetch.AskAgainAt;
            _fetch.Tick(_now);
        }

        _network.Sent.Clear();
        _fetch.Begin(newer, Leader, _now);
        PeerFrame.TryReadChunk(_network.Sent.Single().Frame, out var asked);
        Assert.That(asked, Is.EqualTo(new ChunkId(newer, 0)));
    }

    [Test]
    public void A_transfer_goes_on_where_it_stopped_from_another_holder()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        Arrive(0);
        Written(1, isComplete: false);
        _network.Sent.Clear();
        _fetch.OnGone(new(Snapshot, 1), Other, _now);
        Assert.That(Asked(), Is.EqualTo(new[] { (Leader, 1) }));
    }

    [Test]
    public void A_transfer_ends_when_nobody_has_it_any_more_and_a_stranger_does_not_end_it()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        for (var i = 0; i < 10; i++)
            _fetch.OnGone(new(Snapshot, 0), new(9), _now);
        Assert.That(_fetch.AskAgainAt, Is.Not.EqualTo(Instant.Never));
        for (var i = 0; i < 4; i++)
            _fetch.OnGone(new(Snapshot, 0), i % 2 == 0 ? Other : Leader, _now);
        Assert.That(_fetch.AskAgainAt, Is.EqualTo(Instant.Never));
    }

    [Test]
    public void Pieces_are_asked_for_no_faster_than_the_pace()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        var begun = _now;
        _fetch.OnPiece(new(Snapshot, 0), new byte[100_000], _now);
        _network.Sent.Clear();
        Written(1, isComplete: false);
        Assert.That(_network.Sent, Is.Empty);
        Assert.That(_fetch.AskAgainAt, Is.EqualTo(begun + TimeSpan.FromMilliseconds(100)));
        _now = _fetch.AskAgainAt;
        _fetch.Tick(_now);
        Assert.That(Asked(), Is.EqualTo(new[] { (Other, 1) }), "the holder was not silent");
    }

    [Test]
    public void A_peer_gets_the_piece_it_asks_for_or_hears_that_it_is_gone()
    {
        _serve.OnAsked(Other, new(Snapshot, 5));
        var read = _disk.TakeAll().Single();
        Assert.That((read.Kind, read.Peer, read.Chunk), Is.EqualTo((DiskWorkKind.ReadChunk, Other, new ChunkId(Snapshot, 5))));
        _serve.OnRead(new() { Kind = DiskDoneKind.ChunkRead, Chunk = read.Chunk, Peer = read.Peer, Bytes = new byte[] { 1, 2 } });
        _serve.OnRead(new() { Kind = DiskDoneKind.ChunkRead, Chunk = read.Chunk, Peer = read.Peer });
        Assert.That(_network.Sent.Select(static sent => ((PeerFrameType)sent.Frame[0], sent.Lane)), Is.EqualTo(new[] { (PeerFrameType.Chunk, Lane.Snapshot), (PeerFrameType.ChunkGone, Lane.Control) }));
    }

    [Test]
    public void A_peer_that_asks_for_much_has_two_reads_on_their_way_and_all_have_eight()
    {
        for (var peer = 3; peer < 13; peer++)
        {
            for (var piece = 0; piece < 5; piece++)
                _serve.OnAsked(new(peer), new(Snapshot, piece));
        }

        var reads = _disk.TakeAll();
        Assert.That(reads.GroupBy(static read => read.Peer).Select(static asked => asked.Count()), Is.EqualTo(new[] { 2, 2, 2, 2 }));
        _serve.OnRead(new() { Kind = DiskDoneKind.ChunkRead, Chunk = reads[0].Chunk, Peer = reads[0].Peer });
        _serve.OnAsked(new(9), new(Snapshot, 0));
        Assert.That(_disk.Count, Is.EqualTo(1));
    }

    [Test]
    public void Somebody_else_is_asked_for_a_piece_that_is_not_what_it_should_be_also_when_it_comes_again_and_again()
    {
        _fetch.Begin(Snapshot, Leader, _now);
        Assert.That(Asked(), Is.EqualTo(new[] { (Other, 0) }));
        foreach (var next in new[] { Leader, Other, Leader })
        {
            Arrive(0);
            Written(0, isComplete: false, isDamaged: true);
            Assert.That(Asked(), Is.EqualTo(new[] { (next, 0) }));
        }
    }

    private void Arrive(int piece) => _fetch.OnPiece(new(Snapshot, piece), new byte[4], _now);

    private LogPosition? Written(int next, bool isComplete, bool isDamaged = false)
    {
        _network.Sent.Clear();
        var whole = _fetch.OnWritten(new() { Kind = DiskDoneKind.ChunkWritten, Chunk = new(Snapshot, next), IsComplete = isComplete, IsDamaged = isDamaged }, _now);
        if (_network.Sent.Count == 0 && _fetch.AskAgainAt != Instant.Never && _fetch.AskAgainAt - _now < TimeSpan.FromMilliseconds(1))
        {
            _now = _fetch.AskAgainAt;
            _fetch.Tick(_now);
        }

        return whole;
    }

    private IEnumerable<(NodeId Holder, int Piece)> Asked() => _network.Sent.Select(static sent =>
    {
        PeerFrame.TryReadChunk(sent.Frame, out var id);
        return (sent.Peer, id.Chunk);
    });
}
