using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>A disk agent that receives a snapshot of which it has most chunks.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SnapshotIntakeTests : IDisposable
{
    private static readonly LogPosition Offered = LogBench.At(500, 4);

    private readonly SimDisk _disk = LogBench.NewDisk();
    private readonly BoundedQueue<DiskWork> _work = RuntimeBench.Queue<DiskWork>(64);
    private readonly BoundedQueue<DiskDone> _done = RuntimeBench.Queue<DiskDone>(8);
    private readonly HandClock _clock = new();
    private readonly SnapshotStore _source = SnapshotStore.Open(LogBench.NewDisk());
    private readonly Storage _storage;
    private readonly DiskAgent _agent;

    public SnapshotIntakeTests()
    {
        var state = SnapshotStoreTests.StateOf(4 * SnapshotChunk.MaxLength);
        SnapshotStoreTests.Write(_source, Offered, [.. state, 1, 2, 3]);
        _storage = Storage.Open(_disk, LogBench.Identity, LogBench.Small, 17).Storage!;
        SnapshotStoreTests.Write(_storage.Snapshots, LogBench.At(1, 1), state);
        _agent = new(_storage, _work, _done);
        Drive();
    }

    public void Dispose()
    {
        _agent.Dispose();
        _source.Dispose();
    }

    [Test]
    public void Chunks_that_are_here_are_read_in_slices_between_the_writes_and_the_answer_names_the_one_that_is_lacking()
    {
        ReceiveList();
        Assert.That(_agent.HasWork);
        _work.TryEnqueue(new() { Kind = DiskWorkKind.Write, Sequence = 1, HardState = LogBench.State(1, 2), First = new(1), Count = 1, Bytes = RuntimeBench.Records(1, 1) });
        _agent.Poll(_clock);
        Assert.That(_done.TakeAll().Select(static answer => answer.Kind), Is.EqualTo(new[] { DiskDoneKind.Durable }), "the write does not wait for the chunks");
        Drive();

        var answer = _done.TakeAll().Single();
        var last = SnapshotStoreTests.PiecesOf(_source, Offered) - 1;
        Assert.That((answer.Kind, answer.Chunk.Chunk, answer.IsComplete), Is.EqualTo((DiskDoneKind.ChunkWritten, last, false)));
        Receive(last);
        Drive();
        Assert.That(_done.TakeAll().Single().IsComplete);
        Assert.That(_agent.Snapshots.Spared.Value, Is.EqualTo(last - 2).And.GreaterThan(8));
    }

    [Test]
    public void A_transfer_that_is_given_up_while_chunks_are_looked_at_is_answered_so_that_it_can_begin_again()
    {
        ReceiveList();
        _storage.Snapshots.AbandonReceive();
        Drive();

        var answer = _done.TakeAll().Single();
        Assert.That((answer.Kind, answer.Chunk.Snapshot, answer.Chunk.Chunk, answer.IsComplete), Is.EqualTo((DiskDoneKind.ChunkWritten, Offered, 0, false)));
    }

    [Test]
    public void A_piece_that_is_not_what_it_should_be_is_told_and_the_same_one_is_wanted()
    {
        Receive(1);
        Drive();
        Assert.That(_done.TakeAll().Single(), Has.Property("IsDamaged").False, "it only comes too early");
        Receive(piece: 0, bytesOf: 1);
        Drive();
        var answer = _done.TakeAll().Single();
        Assert.That((answer.Chunk.Chunk, answer.IsDamaged), Is.EqualTo((0, true)));
    }

    private void ReceiveList()
    {
        Receive(0);
        Drive();
        _done.TakeAll();
        Receive(1);
        _agent.Poll(_clock);
    }

    private void Receive(int piece, int? bytesOf = null) => _work.TryEnqueue(new()
    {
        Kind = DiskWorkKind.WriteChunk,
        Chunk = new(Offered, piece),
        Bytes = SnapshotStoreTests.Piece(_source, Offered, bytesOf ?? piece),
    });

    private void Drive()
    {
        while (_agent.Poll(_clock) > 0)
        {
        }
    }
}
