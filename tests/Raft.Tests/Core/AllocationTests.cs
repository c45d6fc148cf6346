using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>The core allocates nothing once warm: three cores work through proposals, reads, heartbeats and compaction without a byte.</summary>
internal sealed class AllocationTests
{
    private const int Warm = 2_000;
    private const int Measured = 5_000;

    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) };

    private readonly RaftCore[] _cores = new RaftCore[3];
    private readonly Message[] _queue = new Message[256];
    private readonly EntryShape[] _entries = new EntryShape[64];
    private readonly Proposal[] _proposals = [new(EntryKind.Command, 100), new(EntryKind.Command, 200)];
    private int _head;
    private int _tail;
    private long _readsReady;
    private Instant _now;

    [Test]
    public void Warm_cores_allocate_nothing()
    {
        var configuration = new Configuration(Enumerable.Range(1, 3).Select(id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id }));
        for (var i = 0; i < _cores.Length; i++)
            _cores[i] = new(Options, configuration, new(i + 1), CoreRecovery.Empty with { Disk = (ulong)i + 1 }, (ulong)i, _now);
        while (_cores[0].Role != Role.Leader)
        {
            _now = _cores[0].Output.NextDeadline;
            _cores[0].Tick(_now);
            Drain(_cores[0]);
            DeliverAll();
        }

        Rounds(Warm);
        var (committed, reads, before) = (_cores[0].Commit, _readsReady, GC.GetAllocatedBytesForCurrentThread());
        Rounds(Measured);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(allocated, Is.Zero);
        Assert.That(_cores[0].Commit - committed, Is.EqualTo(2 * Measured), "two entries a round");
        Assert.That(_readsReady - reads, Is.EqualTo(Measured), "one read a round");
    }

    private void Rounds(int count)
    {
        for (var round = 0; round < count; round++)
        {
            _now += TimeSpan.FromMilliseconds(20);
            var leader = _cores[0];
            leader.Propose(_now, _proposals);
            Drain(leader);
            leader.Read(_now, round);
            Drain(leader);
            if (leader.Output.NextDeadline <= _now)
            {
                leader.Tick(_now);
                Drain(leader);
            }

            DeliverAll();
        }
    }

    private void DeliverAll()
    {
        while (_head != _tail)
        {
            ref readonly var message = ref _queue[_head++ % _queue.Length];
            var sender = _cores[message.From.Value - 1];
            for (var i = 0; i < message.Count; i++)
                _entries[i] = sender.Log.ShapeAt(message.Position.Index + 1 + i);
            var receiver = _cores[message.To.Value - 1];
            receiver.Receive(_now, message, _entries.AsSpan(0, message.Count));
            Drain(receiver);
        }
    }

    /// <summary>Does at once what an output asks for; the disk answers at once, too, so held messages follow those sent at once.</summary>
    private void Drain(RaftCore core)
    {
        while (true)
        {
            foreach (ref readonly var outgoing in core.Output.Messages)
                _queue[_tail++ % _queue.Length] = outgoing.Message;
            _readsReady += core.Output.ReadsReady.Length;
            if (core.Output.ApplyTo > core.Applied)
                core.AppliedTo(core.Output.ApplyTo);
            if (core.Applied - core.Snapshot.Index > 100)
                core.SnapshotTaken(core.Log.At(core.Applied), core.Applied - 20);
            if (core.Output.WriteSequence == 0)
                return;
            core.LogDurable(_now, core.Output.WriteSequence);
        }
    }
}
