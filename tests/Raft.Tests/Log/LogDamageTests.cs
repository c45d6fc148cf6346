using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>Rot is never taken for a torn write, and a torn write never for rot.</summary>
[TestFixture]
internal sealed class LogDamageTests
{
    [TestCase(1UL)]
    [TestCase(2UL)]
    [TestCase(3UL)]
    public void One_bit_changed_anywhere_gives_the_whole_log_or_says_that_it_is_corrupt(ulong seed)
    {
        var (disk, model) = SmallLog(seed);
        var random = new SimRandom(seed);
        var (opened, corrupt) = (0, 0);
        foreach (var name in disk.List())
        {
            var size = disk.Bytes(name).Length;
            for (var place = 0; place < size; place++)
            {
                var damaged = disk.Clone(random.Fork());
                damaged.FlipBit(name, (place * 8L) + random.Below(8));
                var opening = SegmentedLog.Open(damaged, LogBench.Identity, LogBench.Small, 5);
                using var log = opening.Log;
                if (log is null)
                {
                    corrupt++;
                    Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Corrupt), $"byte {place} of {name}");
                    Assert.That(opening.Problem!.Sentence, Does.Contain("is damaged at byte").And.Contain("must not vote again as node 2"));
                    continue;
                }

                opened++;
                Assert.That(model.DifferenceTo(log), Is.Null, $"byte {place} of {name}");
            }
        }

        Assert.That(opened, Is.GreaterThan(500), "most of the zeros ahead are nobody's");
        Assert.That(corrupt, Is.GreaterThan(3000), "nearly all bytes written count");
    }

    [Test]
    public void Every_bit_of_the_newest_batch_counts()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Append(LogBench.Entry(1, 1, 900));
        var start = SegmentHeader.Size + (int)log.CommittedBytes;
        log.Stage(LogBench.State(2, 3));
        log.Append(LogBench.Entry(2, 1, 700));
        var end = SegmentHeader.Size + (int)log.CommittedBytes;
        log.Dispose();
        for (var bit = start * 8L; bit < end * 8L; bit++)
        {
            var damaged = disk.Clone(new SimRandom(1));
            damaged.FlipBit(Segment.NameOf(1), bit);
            Assert.That(SegmentedLog.Open(damaged, LogBench.Identity, LogBench.Small, 5).Kind, Is.EqualTo(OpeningKind.Corrupt), $"bit {bit}");
        }
    }

    [Test]
    public void Rot_in_a_payload_of_zeros_is_not_taken_for_sectors_that_did_not_arrive()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.Append(LogBench.Entry(1, 1, 2000, fill: 0));
        log.Dispose();
        disk.FlipBit(Segment.NameOf(1), 1500 * 8);

        Assert.That(SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 5).Kind, Is.EqualTo(OpeningKind.Corrupt));
    }

    [Test]
    public void A_sector_lost_from_a_batch_that_a_later_one_knew_durable_is_corrupt()
    {
        // Its header and body alone: the sector after these holds the header of the later batch as well.
        for (var sector = 1; sector <= 3; sector++)
        {
            var disk = LogBench.NewDisk();
            var log = LogBench.Open(disk);
            log.Append(LogBench.Entry(1, 1, 1900));
            log.Append(LogBench.Entry(2, 1, 100));
            log.Dispose();
            using (var file = disk.Open(Segment.NameOf(1)))
                file.Write(sector * Sectors.Size, new byte[Sectors.Size]);

            var opening = SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 5);
            Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Corrupt), $"sector {sector}");
            Assert.That(opening.Problem!.Sentence, Does.Contain("batch 1 cannot be read although batch 2 behind it says it was durable"));
        }
    }

    [Test]
    public void Every_subset_of_sectors_of_an_unsynced_batch_is_cut_or_is_the_whole_batch()
    {
        var (whole, cut) = (0, 0);
        for (var seed = 1UL; seed <= 400; seed++)
        {
            var disk = LogBench.NewDisk(seed);
            var log = LogBench.Open(disk);
            log.Append(LogBench.Entry(1, 1, (int)(seed * 7 % 600)));
            log.Stage(LogBench.Entry(2, 1, 1700, (byte)(seed % 3)));
            disk.CrashAt(2, CrashMoment.Before);
            Assert.That(log.Commit, Throws.TypeOf<SimulatedCrashException>());
            disk.Crash();

            using var again = LogBench.Open(disk);
            Assert.That(again.Last.Index.Value, Is.InRange(1, 2));
            if (again.Last.Index.Value == 2)
                whole++;
            else
                cut++;
        }

        Assert.That(whole, Is.GreaterThan(20));
        Assert.That(cut, Is.GreaterThan(20));
    }

    [Test]
    public void A_torn_tail_is_made_zeros_again_so_that_nothing_joins_it()
    {
        for (var seed = 1UL; seed <= 100; seed++)
        {
            var disk = LogBench.NewDisk(seed);
            var log = LogBench.Open(disk);
            log.Append(LogBench.Entry(1, 1));
            log.Stage(LogBench.Entry(2, 1, 2500));
            disk.CrashAt(2, CrashMoment.Before);
            Assert.That(log.Commit, Throws.TypeOf<SimulatedCrashException>());
            disk.Crash();
            var opening = SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 5);
            if (opening.Facts.TornBytes == 0)
                continue;
            opening.Log!.Dispose();
            disk.Crash();
            Assert.That(SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 5).Facts.TornBytes, Is.Zero);
            return;
        }

        Assert.Fail("no seed tore the batch");
    }

    [Test]
    public void A_payload_that_holds_the_log_itself_forges_no_batch()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.AppendMany(1, 3, 1);
        var copy = disk.Bytes(Segment.NameOf(1)).AsSpan(SegmentHeader.Size, 800).ToArray();
        var entry = new TestEntry(LogBench.At(4, 1), 4, copy);
        log.Stage(entry.ToBytes(), new(4), 1);
        disk.CrashAt(2, CrashMoment.Before);
        Assert.That(log.Commit, Throws.TypeOf<SimulatedCrashException>());
        disk.Crash();

        using var again = LogBench.Open(disk);
        Assert.That(again.Last.Index.Value, Is.InRange(3, 4));
    }

    [Test]
    public void A_segment_lost_from_the_middle_leaves_a_log_that_begins_behind_it()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.AppendMany(1, 120, 1);
        Assert.That(log.SegmentCount, Is.GreaterThan(3));
        log.Dispose();
        disk.Delete(Segment.NameOf(2));

        var opening = Storage.Open(disk, LogBench.Identity, LogBench.Small, 5);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Corrupt));
        Assert.That(opening.Problem!.Sentence, Does.StartWith("The log begins behind entry"));
    }

    [Test]
    public void A_file_cut_short_is_damage()
    {
        var disk = LogBench.NewDisk();
        var log = LogBench.Open(disk);
        log.AppendMany(1, 5, 1);
        log.Dispose();
        var name = Segment.NameOf(1);
        var bytes = disk.Bytes(name);
        disk.Delete(name);
        using (var file = disk.Create(name))
            file.Write(0, bytes.AsSpan(0, 2000));

        var opening = SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 5);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Corrupt));
        Assert.That(opening.Problem!.Sentence, Does.Contain("2000 bytes and was made with 4096"));
    }

    private static (SimDisk Disk, LogModel Model) SmallLog(ulong seed)
    {
        var disk = LogBench.NewDisk(seed);
        var random = new SimRandom(seed);
        using var log = LogBench.Open(disk);
        var model = new LogModel();
        model.HardState = LogBench.State(3, 1);
        log.Stage(model.HardState);
        while (log.SegmentCount < 2 || log.CommittedBytes < 5000)
        {
            var index = log.Last.Index.Value + 1;
            if (random.Chance(0.2) && index > 3)
                index -= 2;
            var payload = new byte[random.Below(700)];
            random.Fill(payload);
            var entry = new TestEntry(LogBench.At(index, 3), index, payload);
            model.Put(entry);
            log.Append(entry);
        }

        return (disk, model);
    }
}
