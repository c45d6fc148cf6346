using System.Buffers;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DiskAgentTests : IDisposable
{
    private readonly SimDisk _disk = LogBench.NewDisk();
    private readonly BoundedQueue<DiskWork> _work = RuntimeBench.Queue<DiskWork>(64);
    private readonly BoundedQueue<DiskDone> _done = RuntimeBench.Queue<DiskDone>(8);
    private readonly HandClock _clock = new();
    private readonly Storage _storage;
    private readonly DiskAgent _agent;

    public DiskAgentTests()
    {
        _storage = Storage.Open(_disk, LogBench.Identity, LogBench.Small, 17).Storage!;
        _agent = new(_storage, _work, _done);
        while (_agent.Poll(_clock) > 0)
        {
        }
    }

    public void Dispose() => _agent.Dispose();

    [Test]
    public void All_writes_that_have_arrived_share_one_sync()
    {
        var before = _agent.Syncs;
        for (var index = 1; index <= 20; index++)
            Write(index);
        Assert.That(_agent.Poll(_clock), Is.EqualTo(20));
        Assert.That(_agent.Syncs, Is.EqualTo(before + 1));
        var durable = _done.TakeAll().Single();
        Assert.That((durable.Kind, durable.Sequence), Is.EqualTo((DiskDoneKind.Durable, 20L)));
    }

    [Test]
    public void A_read_behind_a_write_sees_it_and_comes_after_it()
    {
        Write(1);
        _work.TryEnqueue(new() { Kind = DiskWorkKind.ReadToApply, First = new(1), Count = 5 });
        Drive();
        var answers = _done.TakeAll();
        Assert.That(answers.Select(static answer => answer.Kind), Is.EqualTo(new[] { DiskDoneKind.Durable, DiskDoneKind.ReadToApply }));
        Assert.That(answers[1].Bytes.ToArray(), Is.EqualTo(RuntimeBench.Records(1, 1)));
    }

    [Test]
    public void A_write_does_not_wait_for_the_reads_before_it_and_they_wait_for_one_write_at_a_time()
    {
        Write(1);
        Drive();
        _done.TakeAll();
        for (var i = 0; i < 3; i++)
            _work.TryEnqueue(new() { Kind = DiskWorkKind.ReadToApply, First = new(1), Count = 1 });
        Write(2);
        Assert.That(new[] { Next(), Next(), Next() }, Is.EqualTo(new[] { DiskDoneKind.ReadToApply, DiskDoneKind.Durable, DiskDoneKind.ReadToApply }), "the turn before was a write's");
        Write(3);
        Assert.That(new[] { Next(), Next() }, Is.EqualTo(new[] { DiskDoneKind.Durable, DiskDoneKind.ReadToApply }));

        DiskDoneKind Next()
        {
            _agent.Poll(_clock);
            return _done.TakeAll().Single().Kind;
        }
    }

    [Test]
    public void An_install_waits_for_the_reads_before_it() =>
        Assert.That(Order(DiskWorkKind.ReadToApply, DiskWorkKind.ReadForPeer, DiskWorkKind.Install, DiskWorkKind.Write), Is.EqualTo(new[]
        {
            DiskWorkKind.ReadToApply, DiskWorkKind.ReadForPeer, DiskWorkKind.Install, DiskWorkKind.Write,
        }));

    [TestCase(DiskWorkKind.SaveSnapshot)]
    [TestCase(DiskWorkKind.ReadChunk)]
    [TestCase(DiskWorkKind.WriteChunk)]
    public void A_piece_of_a_snapshot_does_not_wait_for_the_reads_before_it_and_nor_do_the_writes_behind(object piece) =>
        Assert.That(Order(DiskWorkKind.ReadForPeer, DiskWorkKind.ReadForPeer, DiskWorkKind.ReadForPeer, (DiskWorkKind)piece, DiskWorkKind.Write), Is.EqualTo(new[]
        {
            (DiskWorkKind)piece, DiskWorkKind.ReadForPeer, DiskWorkKind.Write, DiskWorkKind.ReadForPeer, DiskWorkKind.ReadForPeer,
        }));

    [TestCase(DiskOperation.Write)]
    [TestCase(DiskOperation.SyncData)]
    public void After_a_failure_nothing_is_acknowledged_nor_tried_again(DiskOperation failing)
    {
        _disk.Fault = (operation, _) => operation == failing ? DiskFault.IoError : DiskFault.None;
        Write(1);
        Assert.That(_agent.Poll(_clock), Is.GreaterThan(0));
        _disk.Fault = null;
        var operations = _disk.Operations;
        Write(2);
        Assert.That(_agent.Poll(_clock), Is.Zero);
        var failed = _done.TakeAll().Single();
        Assert.That((failed.Kind, string.IsNullOrEmpty(failed.Problem)), Is.EqualTo((DiskDoneKind.Failed, false)));
        Assert.That(_disk.Operations, Is.EqualTo(operations));
    }

    [Test]
    public void A_snapshot_is_saved_in_slices_between_the_writes()
    {
        Write(1);
        Drive();
        _done.TakeAll();
        using var view = new LongView(pieces: 40);
        _work.TryEnqueue(new() { Kind = DiskWorkKind.SaveSnapshot, Captured = new(LogBench.At(1, 1), 1, 2, view) });
        _agent.Poll(_clock);
        Assert.That(_agent.HasWork, Is.True);
        Write(2);
        _agent.Poll(_clock);
        Assert.That(_done.TakeAll().Select(static answer => answer.Kind), Is.EqualTo(new[] { DiskDoneKind.Durable }), "the write does not wait for the snapshot");
        Drive();
        var saved = _done.TakeAll().Single();
        Assert.That((saved.Kind, saved.Chunk.Snapshot), Is.EqualTo((DiskDoneKind.SnapshotSaved, LogBench.At(1, 1))));
        Assert.That(view.IsDisposed, Is.True);
    }

    [Test]
    public void Without_room_for_answers_it_works_no_more_and_looks_again_soon()
    {
        Write(1);
        Drive();
        for (var i = 0; i < 20; i++)
            _work.TryEnqueue(new() { Kind = DiskWorkKind.ReadForPeer, First = new(1), Count = 1 });
        Drive();
        Assert.That(_agent.HasWork, Is.True);
        Assert.That(_agent.Idle(_clock.Now), Is.LessThan(TimeSpan.FromMilliseconds(10)));
        var answered = 0;
        while (_done.Count > 0)
        {
            answered += _done.TakeAll().Count(static answer => answer.Kind == DiskDoneKind.ReadForPeer);
            Drive();
        }

        Assert.That((answered, _agent.HasWork), Is.EqualTo((20, false)));
        Assert.That(_agent.Idle(_clock.Now), Is.GreaterThan(TimeSpan.FromSeconds(1)));
    }

    private List<DiskWorkKind> Order(params DiskWorkKind[] asked)
    {
        var queue = new DiskQueue(_work);
        foreach (var kind in asked)
            _work.TryEnqueue(new() { Kind = kind });
        var taken = new List<DiskWorkKind>();
        while (queue.TryTake(out var item))
            taken.Add(item.Kind);
        return taken;
    }

    private void Write(int index) => _work.TryEnqueue(new()
    {
        Kind = DiskWorkKind.Write,
        Sequence = index,
        HardState = index == 1 ? LogBench.State(1, 2) : null,
        First = new(index),
        Count = 1,
        Bytes = RuntimeBench.Records(index, index),
    });

    private void Drive()
    {
        while (_agent.Poll(_clock) > 0)
        {
        }
    }

    /// <summary>A state of many small pieces.</summary>
    private sealed class LongView(int pieces) : ISnapshotView
    {
        private int _written;

        public bool IsDisposed { get; private set; }

        public bool WriteNext(IBufferWriter<byte> destination)
        {
            if (_written++ == pieces)
                return false;
            destination.Write(new byte[100]);
            return true;
        }

        public void Dispose() => IsDisposed = true;
    }
}
