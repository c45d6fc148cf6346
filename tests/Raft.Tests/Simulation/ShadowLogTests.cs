using RaftStream.Raft.Log;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>The shadow tells what is durable from bytes and syncs alone.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ShadowLogTests
{
    private readonly ShadowLog _shadow = new();
    private readonly ShadowDisk _disk;

    public ShadowLogTests() => _disk = new(LogBench.NewDisk(), _shadow);

    [Test]
    public void An_entry_is_durable_only_after_the_sync()
    {
        using var log = LogBench.Open(_disk);
        log.Append(LogBench.Entry(1, 1));
        (long Last, long Durable)? atSync = null;
        _disk.Inner.Fault = (operation, _) =>
        {
            if (operation == DiskOperation.SyncData)
                atSync ??= (_shadow.Last.Index.Value, _shadow.Durable.Value);
            return DiskFault.None;
        };
        log.Stage(LogBench.State(3, 2));
        log.Stage(LogBench.Entry(2, 1), LogBench.Entry(3, 1));
        log.Commit();
        Assert.That(atSync, Is.EqualTo((3L, 1L)));
        Assert.That(_shadow.Durable, Is.EqualTo(new LogIndex(3)));
        Assert.That(_shadow.DurableHardState, Is.EqualTo(LogBench.State(3, 2)));
    }

    [Test]
    public void A_sync_that_failed_makes_nothing_durable()
    {
        using var log = LogBench.Open(_disk);
        log.Append(LogBench.Entry(1, 1));
        _disk.Inner.Fault = static (operation, _) => operation == DiskOperation.SyncData ? DiskFault.IoError : DiskFault.None;
        log.Stage(LogBench.Entry(2, 1));
        Assert.That(log.Commit, Throws.InstanceOf<IOException>());
        Assert.That((_shadow.Last.Index.Value, _shadow.Durable.Value), Is.EqualTo((2L, 1L)));
    }

    [Test]
    public void A_truncation_takes_back_what_was_durable_and_gives_the_place_another_past()
    {
        using var log = LogBench.Open(_disk);
        log.AppendMany(1, 5, term: 1);
        var before = _shadow.At(new(3));
        log.Append(LogBench.Entry(3, 2));
        Assert.That((_shadow.Last, _shadow.Durable, _shadow.Truncations), Is.EqualTo((LogBench.At(3, 2), new LogIndex(3), 1L)));
        Assert.That(_shadow.At(new(4)), Is.Null);
        Assert.That(_shadow.At(new(3)), Is.Not.EqualTo(before));
    }

    [Test]
    public void The_old_log_counts_until_the_one_behind_a_snapshot_is_durable()
    {
        using var log = LogBench.Open(_disk);
        log.AppendMany(1, 5, term: 1);
        var held = new List<(long Durable, long Held)>();
        _disk.Inner.Fault = (_, _) =>
        {
            held.Add((_shadow.Durable.Value, _shadow.Held.Value));
            return DiskFault.None;
        };
        log.Reset(LogBench.At(9, 1), 0);
        Assert.That(held, Has.Member((5L, 5L)).And.Member((0L, 5L)));
        Assert.That((_shadow.Durable.Value, _shadow.Held.Value), Is.EqualTo((9L, 9L)));
    }

    [Test]
    public void Segments_that_were_renamed_into_place_are_followed()
    {
        using var log = LogBench.Open(_disk);
        for (var index = 1; index <= 200; index++)
        {
            log.Append(LogBench.Entry(index, 1, 200));
            while (log.PrebuildSlice())
            {
            }
        }

        Assert.That((_shadow.Last.Index, _shadow.Durable), Is.EqualTo((new LogIndex(200), new LogIndex(200))));
        Assert.That(_disk.List(), Has.Count.GreaterThan(2));
    }

    [Test]
    public void After_a_power_cut_the_shadow_holds_what_the_recovery_found_with_the_same_past()
    {
        using (var log = LogBench.Open(_disk))
            log.AppendMany(1, 20, term: 1);
        var chain = _shadow.At(new(20));
        _disk.CloseAll();
        _shadow.Down(powerCut: true);
        _disk.Inner.Crash();
        using var again = LogBench.Open(_disk);
        _shadow.Recovered(_disk.Inner, again, isOnMedium: true, isDamaged: false);
        Assert.That((_shadow.Last.Index, _shadow.Durable), Is.EqualTo((new LogIndex(20), new LogIndex(20))));
        Assert.That(_shadow.At(new(20)), Is.EqualTo(chain));
    }

    [Test]
    public void A_recovery_that_misses_what_was_durable_is_seen()
    {
        using (var log = LogBench.Open(_disk))
            log.AppendMany(1, 20, term: 1);
        using var other = LogBench.Open(new SimDisk(new SimRandom(1)));
        other.AppendMany(1, 19, term: 1);
        Assert.That(
            () => _shadow.Recovered(_disk.Inner, other, isOnMedium: true, isDamaged: false),
            Throws.TypeOf<ViolationException>().With.Property(nameof(ViolationException.Invariant)).EqualTo("DurableKept"));
    }

    [Test]
    public void A_sync_makes_durable_what_went_to_its_own_file_and_nothing_else()
    {
        Write("first", 1, new(10, 1));
        Write("second", 2, new(20, 2));
        Write("first", 1, new(30, 3));
        _shadow.Synced("first");
        Assert.That(_shadow.DurableHardState, Is.EqualTo(new HardState(new(30), new(3))));
        _shadow.Synced("second");
        Assert.That(_shadow.DurableHardState, Is.EqualTo(new HardState(new(20), new(2))));

        void Write(string file, long segment, (long Term, int Vote) state)
        {
            var header = new byte[SegmentHeader.Size];
            new SegmentHeader(LogBench.Identity, segment, 7, 4096, new(default, default, 0, 1, false, new(5, 1))).Write(header);
            _shadow.Wrote(file, 0, header);
            var batch = new byte[BatchHeader.Size + HardStateRecord.Size];
            HardStateRecord.Write(batch.AsSpan(BatchHeader.Size), LogBench.State(state.Term, state.Vote));
            BatchHeader.Of(batch.AsSpan(BatchHeader.Size), 512, segment, 1, 0).Write(batch, 7);
            _shadow.Wrote(file, 512, batch);
        }
    }
}
