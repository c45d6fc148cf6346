using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>Files that are lost, cut, unreadable or not of this log: each is told by its kind and in one sentence that names the next command.</summary>
[TestFixture]
internal sealed class FolderDamageTests
{
    private const string WayBack = "must not vote again as node 2: move its data folder away, and 'raftstream members replace' brings it back under a fresh id.";

    [Test]
    public void A_segment_lost_from_the_middle_is_named_and_nothing_is_deleted()
    {
        var disk = LongLog();
        disk.Delete(Segment.NameOf(3));
        var files = disk.List();

        var problem = Refused(disk, OpeningKind.Corrupt);
        Assert.That(problem, Does.Contain($"put '{Segment.NameOf(3)}' back").And.Contain(WayBack));
        Assert.That(disk.List(), Is.EqualTo(files), "what is there may help to mend it");
    }

    [TestCase(1)]
    [TestCase(3)]
    public void A_segment_of_no_length_is_damage(int number)
    {
        var disk = LongLog();
        Replace(disk, Segment.NameOf(number), []);

        Assert.That(Refused(disk, OpeningKind.Corrupt), Does.Contain($"'{Segment.NameOf(number)}' is damaged at byte 0: the segment's header cannot be read").And.Contain(WayBack));
    }

    [TestCase(0, OpeningKind.Unreadable)]
    [TestCase(3, OpeningKind.Unreadable)]
    public void A_sector_that_cannot_be_read_is_told_and_the_folder_is_left_as_it_is(int sector, OpeningKind kind)
    {
        var disk = LongLog();
        disk.BreakSector(Segment.NameOf(2), sector);
        var operations = disk.Operations;

        Assert.That(Refused(disk, kind), Does.Contain($"'{Segment.NameOf(2)}' cannot be read at byte 0").And.Contain("errno 5").And.Contain(WayBack));
        Assert.That(disk.Operations - operations, Is.LessThanOrEqualTo(2), "a sync of the folder and the removal of a half-built segment");
    }

    [Test]
    public void A_segment_of_a_log_from_before_the_folder_was_emptied_is_told_from_our_own([Values] bool isNewer)
    {
        var old = LongLog(saltSeed: 1);
        var disk = LongLog(saltSeed: 2);
        var number = isNewer ? 99 : 1;
        if (!isNewer)
            Compact(disk);
        var bytes = old.Bytes(Segment.NameOf(1));
        if (isNewer)
            bytes = Renumbered(bytes, number);
        Replace(disk, Segment.NameOf(number), bytes);

        Assert.That(Refused(disk, OpeningKind.StaleSegment), Does.Contain("belong to two logs of node 2").And.Contain(Segment.NameOf(number)).And.Contain(WayBack));
    }

    [TestCase(OpeningKind.ForeignNode)]
    [TestCase(OpeningKind.ForeignCluster)]
    public void One_segment_of_somebody_else_among_our_own_is_refused(OpeningKind kind)
    {
        var disk = LongLog();
        Compact(disk);
        var identity = kind == OpeningKind.ForeignNode ? LogBench.Identity with { Node = new(3) } : LogBench.Identity with { ClusterId = Guid.Empty };
        var other = LogBench.NewDisk();
        SegmentedLog.Open(other, identity, LogBench.Small, 9).Log!.Dispose();
        Replace(disk, Segment.NameOf(1), other.Bytes(Segment.NameOf(1)));

        Assert.That(Refused(disk, kind), Does.Contain($"'{Segment.NameOf(1)}' belongs to").And.EndWith("give it its own data folder."));
    }

    [Test]
    public void An_older_copy_of_a_segment_in_the_middle_is_damage()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.AppendMany(1, 5, 1);
        var older = disk.Bytes(Segment.NameOf(1));
        log.AppendMany(6, 120, 1);
        log.Dispose();
        Replace(disk, Segment.NameOf(1), older);

        Assert.That(Refused(disk, OpeningKind.Corrupt), Does.Contain(Segment.NameOf(1)).And.Contain("a later segment says it was durable").And.Contain(WayBack));
    }

    [Test]
    public void A_segment_that_compaction_dropped_does_no_harm_when_it_is_put_back()
    {
        var disk = LongLog();
        var first = disk.Bytes(Segment.NameOf(1));
        Compact(disk);
        Replace(disk, Segment.NameOf(1), first);

        var opening = Storage.Open(disk, LogBench.Identity, LogBench.Small, 5);
        using var storage = opening.Storage;
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Opened));
        Assert.That(opening.Facts.Leftovers, Is.EqualTo(1));
        Assert.That(storage!.Log.Last, Is.EqualTo(LogBench.At(120, 1)));
        Assert.That(disk.List(), Has.None.EqualTo(Segment.NameOf(1)));
    }

    [TestCase(0)]
    [TestCase(40)]
    public void A_newest_snapshot_that_is_cut_or_unreadable_makes_the_older_one_count(int length)
    {
        var disk = LogBench.NewDisk();
        using (var store = SnapshotStore.Open(disk))
        {
            SnapshotStoreTests.Write(store, LogBench.At(10, 1), SnapshotStoreTests.StateOf(300));
            SnapshotStoreTests.Write(store, LogBench.At(20, 1), SnapshotStoreTests.StateOf(300));
        }

        var name = SnapshotFile.NameOf(LogBench.At(20, 1));
        var unreadable = disk.Clone(new SimRandom(1));
        Replace(disk, name, disk.Bytes(name).AsSpan(0, length).ToArray());
        unreadable.BreakSector(name, 0);
        foreach (var damaged in new[] { disk, unreadable })
        {
            using var store = SnapshotStore.Open(damaged);
            Assert.That(store.Newest!.Position, Is.EqualTo(LogBench.At(10, 1)));
            Assert.That(store.Damage, Does.Contain(name));
        }
    }

    private static string Refused(SimDisk disk, OpeningKind kind)
    {
        var opening = Storage.Open(disk, LogBench.Identity, LogBench.Small, 5);
        Assert.That(opening.Kind, Is.EqualTo(kind));
        Assert.That(opening.Storage, Is.Null);
        Assert.That(opening.Problem!.Sentence, Does.Not.Contain("\n").And.EndWith("."));
        return opening.Problem.Sentence;
    }

    private static SimDisk LongLog(ulong saltSeed = 17)
    {
        var disk = LogBench.NewDisk();
        using var log = SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, saltSeed).Log!;
        log.AppendMany(1, 120, 1);
        Assert.That(log.SegmentCount, Is.GreaterThan(3));
        return disk;
    }

    /// <summary>Drops segments in front, leaving a snapshot and a gap, so that what is put there is left over.</summary>
    private static void Compact(SimDisk disk)
    {
        using var storage = Storage.Open(disk, LogBench.Identity, LogBench.Small, 3).Storage!;
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(110, 1), SnapshotStoreTests.StateOf(10));
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(115, 1), SnapshotStoreTests.StateOf(10));
        storage.Compact();
        Assert.That(disk.List(), Has.None.EqualTo(Segment.NameOf(2)));
    }

    private static void Replace(SimDisk disk, string name, byte[] bytes)
    {
        disk.Delete(name);
        using var file = disk.Create(name);
        file.Write(0, bytes);
    }

    private static byte[] Renumbered(byte[] bytes, long number)
    {
        Assert.That(SegmentHeader.Read(bytes, out var header), Is.EqualTo(HeaderState.Valid));
        var sector = new byte[SegmentHeader.Size];
        (header with { Number = number }).Write(sector);
        return [.. sector, .. bytes.AsSpan(SegmentHeader.Size).ToArray()];
    }
}
