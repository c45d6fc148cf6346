using System.Buffers;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>A full disk stops writing, loses nothing, and is no reason to start the node again.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DiskFullTests : IDisposable
{
    private static readonly LogPosition Offered = LogBench.At(500, 4);

    private readonly HandClock _clock = new();
    private readonly SimDisk _disk = LogBench.NewDisk();
    private readonly BoundedQueue<DiskWork> _work = RuntimeBench.Queue<DiskWork>(64);
    private readonly BoundedQueue<DiskDone> _done = RuntimeBench.Queue<DiskDone>(64);
    private readonly Storage _storage;
    private readonly DiskAgent _agent;
    private int _index;

    public DiskFullTests()
    {
        _storage = Storage.Open(_disk, LogBench.Identity, LogBench.Small, 17).Storage!;
        _agent = new(_storage, _work, _done);
    }

    public void Dispose() => _agent.Dispose();

    [Test]
    public void A_next_segment_that_finds_no_room_is_told_once_while_the_segment_in_use_goes_on()
    {
        _disk.FreeBytes = 0;
        Drive();
        Write();
        Drive();
        Assert.That(Kinds(), Is.EqualTo(new[] { DiskDoneKind.StorageFull, DiskDoneKind.Durable }));
        Wait(milliseconds: 250);
        Assert.That(Kinds(), Is.Empty);

        _disk.FreeBytes = long.MaxValue;
        Wait(milliseconds: 100);
        Assert.That(Kinds(), Is.EqualTo(new[] { DiskDoneKind.StorageFreed }));
        Assert.That(_agent.NextDeadline, Is.EqualTo(Instant.Never));
    }

    [Test]
    public void While_the_disk_is_full_it_is_asked_once_in_a_tenth_of_a_second()
    {
        _disk.FreeBytes = 0;
        FillSegment();
        var asked = _disk.Operations;
        for (var millisecond = 0; millisecond < 1000; millisecond++)
        {
            Assert.That(_agent.HasWork, Is.False);
            Assert.That(_agent.NextDeadline, Is.GreaterThan(_clock.Now));
            _clock.Now += TimeSpan.FromMilliseconds(1);
            _agent.Poll(_clock);
        }

        Assert.That(_disk.Operations - asked, Is.InRange(9, 2 * 11), "one attempt is a delete and a create that fails");
    }

    [Test]
    public void A_batch_that_needs_a_segment_waits_unanswered_and_is_durable_when_room_returns()
    {
        _disk.FreeBytes = 0;
        FillSegment();
        Write();
        _work.TryEnqueue(new() { Kind = DiskWorkKind.ReadToApply, First = new(_index), Count = 1 });
        Wait(milliseconds: 500);
        Assert.That(Kinds(), Is.Empty, "neither the batch nor what came behind it");
        Assert.That(_storage.Log.Last.Index.Value, Is.LessThan(_index));

        _disk.FreeBytes = long.MaxValue;
        Wait(milliseconds: 100);
        Assert.That(Kinds(), Is.EqualTo(new[] { DiskDoneKind.Durable, DiskDoneKind.Durable, DiskDoneKind.ReadToApply, DiskDoneKind.StorageFreed }));
        _disk.Crash();
        using var again = LogBench.Open(_disk);
        Assert.That(again.Last.Index.Value, Is.EqualTo(_index));
    }

    [Test]
    public void A_crash_while_a_batch_waits_for_room_loses_nothing_that_was_acknowledged()
    {
        _disk.FreeBytes = 3000;
        FillSegment();
        var durable = _storage.Log.Last;
        _disk.Crash();
        using var again = LogBench.Open(_disk);
        Assert.That(again.Last, Is.EqualTo(durable));
        Assert.That(again.LastTime, Is.EqualTo((durable.Index.Value * 1000) + 1));
    }

    [Test]
    public void Room_for_a_part_of_the_next_segment_is_used()
    {
        _disk.FreeBytes = LogBench.Small.FirstSegmentSize;
        FillSegment();
        Assert.That(_storage.Log.SegmentCount, Is.EqualTo(2), "8 KiB were wanted, 4 KiB do");
        Assert.That(_disk.Bytes(Segment.NameOf(2)).Length, Is.EqualTo(LogBench.Small.FirstSegmentSize));
        _disk.Crash();
        using var again = LogBench.Open(_disk);
        Assert.That(again.SegmentCount, Is.EqualTo(2));
    }

    [Test]
    public void A_snapshot_without_room_is_given_up_with_its_part_and_a_later_one_is_saved()
    {
        Drive();
        Write();
        Drive();
        _done.TakeAll();
        foreach (var room in new[] { 0, 700 })
        {
            _disk.FreeBytes = room;
            using var view = new BytesView(new byte[1000]);
            Save(1, view);
            Drive();
            Assert.That(Kinds(), Is.Empty);
            Assert.That(view.IsDisposed, Is.True);
            Assert.That(_disk.List(), Has.None.EqualTo(SnapshotStore.TakingName));
            Assert.That(_disk.FreeBytes, Is.EqualTo(room), "its room is free again");
        }

        _disk.FreeBytes = long.MaxValue;
        using var later = new BytesView(new byte[1000]);
        Save(1, later);
        Drive();
        Assert.That(Kinds(), Is.EqualTo(new[] { DiskDoneKind.SnapshotSaved }));
    }

    [Test]
    public void A_snapshot_that_was_being_saved_makes_room_for_the_batch_that_waits()
    {
        FillSegment();
        FillSegment();
        using (var first = new BytesView(new byte[10]))
        {
            Save(_index, first);
            Drive();
        }

        FillSegment();
        Write();
        Drive();
        using var second = new BytesView(new byte[1], pieces: 400);
        Save(_index, second);
        _agent.Poll(_clock);
        _disk.FreeBytes = 1000;
        FillSegment();
        FillSegment();
        Assert.That(_storage.Log.HasStaged, Is.True, "the batch waits while the snapshot is being saved");
        Drive();
        Assert.That(Kinds().Take(2), Is.EqualTo(new[] { DiskDoneKind.SnapshotSaved, DiskDoneKind.Durable }));
        Assert.That(_storage.Log.Base.Index.Value, Is.GreaterThan(0));
    }

    [Test]
    public void A_received_piece_without_room_gives_the_fetch_up()
    {
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(source, Offered, SnapshotStoreTests.StateOf(5000));
        Drive();
        ReceiveToTheEnd(source, 0);
        ReceiveToTheEnd(source, 1);
        _disk.FreeBytes = 1000;
        Receive(source, 2);
        Drive();
        var given = _done.TakeAll().Single();
        Assert.That((given.Kind, given.Chunk.Snapshot), Is.EqualTo((DiskDoneKind.FetchAbandoned, Offered)));
        Assert.That(_disk.FreeBytes, Is.EqualTo(1000), "its room is free again");
    }

    [Test]
    public void An_installation_without_room_waits_and_is_done_when_room_returns()
    {
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(source, Offered, SnapshotStoreTests.StateOf(5000));
        Write();
        _agent.Poll(_clock);
        _done.TakeAll();
        ReceiveToTheEnd(source, 0);
        ReceiveToTheEnd(source, 1);
        Assert.That(ReceiveToTheEnd(source, 2).IsComplete);
        _disk.FreeBytes = 0;
        _work.TryEnqueue(new() { Kind = DiskWorkKind.Install, Sequence = 7, Chunk = new(Offered, 0) });
        Wait(milliseconds: 300);
        Assert.That(Kinds(), Is.EqualTo(new[] { DiskDoneKind.StorageFull }));

        _disk.FreeBytes = long.MaxValue;
        Wait(milliseconds: 200);
        var answers = _done.TakeAll();
        Assert.That(answers[0].Kind, Is.EqualTo(DiskDoneKind.Installed));
        answers[0].Snapshot!.Dispose();
        Assert.That(_storage.Log.Last, Is.EqualTo(Offered));
    }

    private DiskDoneKind[] Kinds() => [.. _done.TakeAll().Select(static answer => answer.Kind)];

    private void Write() => _work.TryEnqueue(new()
    {
        Kind = DiskWorkKind.Write,
        Sequence = ++_index,
        HardState = _index == 1 ? LogBench.State(1, 2) : null,
        First = new(_index),
        Count = 1,
        Bytes = LogBench.Entry(_index, 1, 700).ToBytes(),
    });

    /// <summary>Writes until the next segment is needed; nothing is left in the queue.</summary>
    private void FillSegment()
    {
        var segments = _storage.Log.SegmentCount;
        for (var count = 0; count < 40 && _storage.Log.SegmentCount == segments && !_storage.Log.HasStaged; count++)
        {
            Write();
            _agent.Poll(_clock);
        }

        _done.TakeAll();
    }

    private void Save(int index, BytesView view) =>
        _work.TryEnqueue(new() { Kind = DiskWorkKind.SaveSnapshot, Captured = new(LogBench.At(index, 1), 1, 2, view) });

    /// <summary>A piece is taken and answered, and nothing else is done.</summary>
    private DiskDone ReceiveToTheEnd(SnapshotStore source, int piece)
    {
        _done.TakeAll();
        Receive(source, piece);
        while (_done.Count == 0)
            Assert.That(_agent.Poll(_clock), Is.GreaterThan(0));
        return _done.TakeAll().Single();
    }

    private void Receive(SnapshotStore source, int piece) => _work.TryEnqueue(new()
    {
        Kind = DiskWorkKind.WriteChunk,
        Chunk = new(Offered, piece),
        Bytes = SnapshotStoreTests.Piece(source, Offered, piece),
    });

    private void Drive()
    {
        while (_agent.Poll(_clock) > 0)
        {
        }
    }

    private void Wait(int milliseconds)
    {
        for (var passed = 0; passed <= milliseconds; passed++)
        {
            Drive();
            _clock.Now += TimeSpan.FromMilliseconds(1);
        }
    }

    private sealed class BytesView(byte[] state, int pieces = 1) : ISnapshotView
    {
        private int _written;

        public bool IsDisposed { get; private set; }

        public bool WriteNext(IBufferWriter<byte> destination)
        {
            if (_written++ == pieces)
                return false;
            destination.Write(state);
            return true;
        }

        public void Dispose() => IsDisposed = true;
    }
}
