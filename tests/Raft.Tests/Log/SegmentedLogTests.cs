using System.Buffers;
using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

[TestFixture]
internal sealed class SegmentedLogTests
{
    [Test]
    public void A_new_log_is_empty_and_says_so_after_a_restart()
    {
        var disk = LogBench.NewDisk();
        LogBench.Open(disk).Dispose();
        disk.Crash();
        var opening = SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 1);

        Assert.That(opening.Facts.Created, Is.False);
        Assert.That(new LogModel().DifferenceTo(opening.Log!), Is.Null);
    }

    [Test]
    public void A_commit_is_one_write_and_one_sync_whatever_was_staged()
    {
        var disk = LogBench.NewDisk();
        using var log = LogBench.Open(disk);
        var (writes, syncs, operations) = (disk.Counters.Writes, disk.Counters.Syncs, disk.Operations);

        log.Stage(LogBench.State(1, 2));
        log.Stage(LogBench.Entry(1, 1), LogBench.Entry(2, 1));
        log.Stage(LogBench.Entry(3, 1));
        log.Commit();

        Assert.That(disk.Counters.Writes - writes, Is.EqualTo(1));
        Assert.That(disk.Counters.Syncs - syncs, Is.EqualTo(1));
        Assert.That(disk.Operations - operations, Is.EqualTo(2));
        log.Commit();
        Assert.That(disk.Operations - operations, Is.EqualTo(2), "a commit of nothing does nothing");
    }

    [Test]
    public void A_warm_commit_allocates_nothing()
    {
        var disk = LogBench.NewDisk();
        using var log = LogBench.Open(disk, new LogOptions { FirstSegmentSize = 2 * 1024 * 1024 });
        log.AppendMany(1, 1100, 1);
        var records = LogBench.Entry(1101, 1, 300).ToBytes();
        Commit(log, records, from: 2, to: 500); // the first calls compile and make their string literals
        var before = GC.GetAllocatedBytesForCurrentThread();
        Commit(log, records, from: 501, to: 1000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static void Commit(SegmentedLog log, byte[] records, long from, long to)
    {
        for (var term = from; term <= to; term++)
        {
            log.Stage(LogBench.State(term, 1));
            log.Stage(records, new LogIndex(1101), 1);
            log.Commit();
        }
    }

    [Test]
    public void Entries_and_term_survive_many_segments()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Stage(LogBench.State(7, 3));
        log.Commit();
        log.AppendMany(1, 300, 7);
        Assert.That(log.SegmentCount, Is.GreaterThan(4));
        log.Dispose();
        disk.Crash();

        using var again = LogBench.Open(disk);
        Assert.That(again.HardState, Is.EqualTo(LogBench.State(7, 3)));
        Assert.That(again.Last, Is.EqualTo(LogBench.At(300, 7)));
        Assert.That(again.EntryCount, Is.EqualTo(300));
    }

    [Test]
    public void Segments_double_up_to_the_largest()
    {
        var disk = LogBench.NewDisk();
        using var log = LogBench.Open(disk);
        var sizes = new List<int>();
        for (var index = 1; index <= 400; index++)
        {
            while (log.PrebuildSlice())
            {
                // To its end, as an idle disk would.
            }

            log.AppendMany(index, index, 1);
        }

        foreach (var name in disk.List().Where(name => name.EndsWith(".seg", StringComparison.Ordinal)))
            sizes.Add(disk.Bytes(name).Length);
        Assert.That(sizes.Take(4), Is.EqualTo(new[] { 4096, 8192, 16384, 16384 }));
    }

    [Test]
    public void A_batch_larger_than_a_segment_gets_one_of_its_own()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Append(LogBench.Entry(1, 1), LogBench.Entry(2, 1, 100_000), LogBench.Entry(3, 1));
        log.Append(LogBench.Entry(4, 1));
        log.Dispose();

        using var again = LogBench.Open(disk);
        Assert.That(again.Last, Is.EqualTo(LogBench.At(4, 1)));
        Assert.That(again.ShapeOf(new(2)).Length, Is.EqualTo(100_000));
    }

    [Test]
    public void An_entry_at_an_index_already_held_replaces_it_and_all_behind()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.AppendMany(1, 60, 1);
        log.Append(LogBench.Entry(20, 2), LogBench.Entry(21, 2));
        log.Stage(LogBench.Entry(22, 2), LogBench.Entry(23, 2));
        log.Stage(LogBench.Entry(22, 3));
        log.Commit();
        log.Dispose();

        using var again = LogBench.Open(disk);
        Assert.That(again.Last, Is.EqualTo(LogBench.At(22, 3)));
        Assert.That(Enumerable.Range(19, 4).Select(index => again.TermAt(new(index))!.Value.Value), Is.EqualTo(new long[] { 1, 2, 2, 3 }));
    }

    [Test]
    public void Reading_stops_at_the_bytes_allowed_but_gives_at_least_one_entry()
    {
        using var log = LogBench.Open(LogBench.NewDisk());
        log.AppendMany(1, 50, 1, length: 120);
        var bytes = new ArrayBufferWriter<byte>();

        Assert.That(log.Read(new(10), new(50), maxBytes: 1, bytes), Is.EqualTo(1));
        Assert.That(log.Read(new(10), new(50), maxBytes: 480, bytes), Is.EqualTo(3), "160 bytes each");
        Assert.That(log.Read(new(10), new(12), maxBytes: 100_000, bytes), Is.EqualTo(3));
        Assert.That(log.Read(new(49), new(99), maxBytes: 100_000, bytes), Is.EqualTo(2));
        Assert.That(log.Read(new(51), new(99), maxBytes: 100_000, bytes), Is.Zero);
        Assert.That(log.Read(LogIndex.Zero, new(99), maxBytes: 100_000, bytes), Is.Zero);
        Assert.That(bytes.WrittenCount, Is.EqualTo(9 * 160));
    }

    [Test]
    public void An_entry_that_rots_while_the_log_is_open_is_not_read_as_if_it_were_whole()
    {
        var disk = LogBench.NewDisk();
        using var log = LogBench.Open(disk);
        log.Append(LogBench.Entry(1, 1, 100));
        disk.FlipBit(Segment.NameOf(1), (SegmentHeader.Size + BatchHeader.Size + LogRecord.HeaderSize + 3) * 8);

        Assert.That(() => log.Read(new(1), new(1), 1000, new ArrayBufferWriter<byte>()), Throws.TypeOf<IOException>().With.Message.Contains("entry 1@1"));
    }

    [Test]
    public void Compaction_drops_whole_segments_and_keeps_term_and_vote()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Stage(LogBench.State(4, 1));
        log.AppendMany(1, 200, 4);
        var (segments, bytes) = (log.SegmentCount, log.BytesHeld);
        log.CompactTo(new(150));
        Assert.That(log.SegmentCount, Is.LessThan(segments));
        Assert.That(log.BytesHeld, Is.LessThan(bytes));
        Assert.That(log.Base.Index.Value, Is.InRange(50, 150));
        var kept = log.Base;
        log.Dispose();
        disk.Kill();

        using var again = LogBench.Open(disk);
        Assert.That(again.Base, Is.EqualTo(kept));
        Assert.That(again.HardState, Is.EqualTo(LogBench.State(4, 1)));
        Assert.That(again.Last, Is.EqualTo(LogBench.At(200, 4)));
        Assert.That(again.TermAt(kept.Index), Is.EqualTo(kept.Term));
    }

    [Test]
    public void Compaction_waits_while_the_segment_to_come_first_replaces_entries_of_an_older_one()
    {
        var disk = LogBench.NewDisk();
        using var log = LogBench.Open(disk);
        while (log.SegmentCount < 2)
            log.AppendMany(log.Last.Index.Value + 1, log.Last.Index.Value + 1, 1);
        var end = log.Last.Index.Value;
        log.Append(LogBench.Entry(end - 3, 2));
        log.CompactTo(new(end - 3));
        Assert.That(log.Base, Is.EqualTo(LogPosition.Zero), "the second segment's checkpoint names an entry that was replaced");

        while (log.SegmentCount < 3)
            log.AppendMany(log.Last.Index.Value + 1, log.Last.Index.Value + 1, 2);
        log.CompactTo(log.Last.Index);
        Assert.That(log.Base.Index.Value, Is.GreaterThan(0));
    }

    [Test]
    public void A_reset_throws_away_the_entries_and_keeps_term_and_vote()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Stage(LogBench.State(5, 2));
        log.AppendMany(1, 100, 5);
        log.Reset(LogBench.At(1000, 6), 777);
        disk.Crash();

        using var again = LogBench.Open(disk);
        Assert.That(again.Base, Is.EqualTo(LogBench.At(1000, 6)));
        Assert.That(again.Last, Is.EqualTo(LogBench.At(1000, 6)));
        Assert.That(again.LastTime, Is.EqualTo(777));
        Assert.That(again.HardState, Is.EqualTo(LogBench.State(5, 2)));
        Assert.That(again.SegmentCount, Is.EqualTo(1));
        again.Append(LogBench.Entry(1001, 6));
        Assert.That(again.Last, Is.EqualTo(LogBench.At(1001, 6)));
    }

    [Test]
    public void After_a_failed_sync_nothing_is_ever_taken_as_durable_again()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Append(LogBench.Entry(1, 1));
        disk.Fault = static (operation, _) => operation == DiskOperation.SyncData ? DiskFault.IoError : DiskFault.None;
        log.Stage(LogBench.Entry(2, 1));
        Assert.That(log.Commit, Throws.TypeOf<IOException>());
        disk.Fault = null;
        Assert.That(log.Commit, Throws.TypeOf<IOException>().With.Message.Contains("until the node starts again"));
        Assert.That(() => log.Reset(LogBench.At(9, 1), 0), Throws.Exception);
        Assert.That(log.Last, Is.EqualTo(LogBench.At(1, 1)));
    }

    [Test]
    public void A_full_disk_is_met_while_building_ahead_and_the_segment_in_use_goes_on()
    {
        var disk = LogBench.NewDisk();
        using var log = LogBench.Open(disk);
        disk.Capacity = disk.BytesUsed + 100;
        Assert.That(log.PrebuildSlice, Throws.TypeOf<DiskFullException>());
        log.Append(LogBench.Entry(1, 1));
        Assert.That(log.Last, Is.EqualTo(LogBench.At(1, 1)));
        disk.Capacity = long.MaxValue;
        Assert.That(log.PrebuildSlice(), Is.False, "8 KiB are one slice");
        log.AppendMany(2, 60, 1);
        Assert.That(log.Last, Is.EqualTo(LogBench.At(60, 1)));
    }

    [TestCase(OpeningKind.ForeignCluster)]
    [TestCase(OpeningKind.ForeignNode)]
    public void A_folder_of_somebody_else_is_refused_in_one_sentence(OpeningKind kind)
    {
        var disk = LogBench.NewDisk();
        LogBench.Open(disk).Dispose();
        var other = kind == OpeningKind.ForeignCluster ? LogBench.Identity with { ClusterId = Guid.Empty } : LogBench.Identity with { Node = new(3) };
        var opening = SegmentedLog.Open(disk, other, LogBench.Small, 1);

        Assert.That(opening.Kind, Is.EqualTo(kind));
        Assert.That(opening.Log, Is.Null);
        Assert.That(opening.Problem!.Sentence, Does.Contain("belongs to").And.EndWith("give it its own data folder."));
    }

    [Test]
    public void Entries_that_leave_a_gap_are_our_own_bug()
    {
        using var log = LogBench.Open(LogBench.NewDisk());
        log.Append(LogBench.Entry(1, 1));
        Assert.That(() => log.Stage(LogBench.Entry(3, 1)), Throws.TypeOf<InvariantException>());
        Assert.That(() => log.Stage(LogBench.Entry(2, 1).ToBytes(), new(2), 2), Throws.TypeOf<InvariantException>());
    }
}
