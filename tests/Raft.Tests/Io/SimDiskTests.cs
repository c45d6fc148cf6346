using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Io;

/// <summary>The simulated disk is as bad as a real one may be, and as good as it must be.</summary>
[TestFixture]
internal sealed class SimDiskTests
{
    [Test]
    public void What_was_synced_survives_a_crash_and_the_rest_in_any_subset_of_sectors()
    {
        var seen = new HashSet<int>();
        for (var seed = 1UL; seed <= 200; seed++)
        {
            var disk = new SimDisk(new SimRandom(seed));
            var file = disk.Create("a");
            file.Write(0, new byte[4 * SimDisk.SectorSize]);
            file.SyncData();
            disk.SyncFolder();
            for (var sector = 1; sector < 4; sector++)
                file.Write(sector * SimDisk.SectorSize, [1]);
            disk.Crash();
            var bytes = new byte[4 * SimDisk.SectorSize];
            Assert.That(disk.Open("a").Read(0, bytes), Is.EqualTo(bytes.Length));
            seen.Add(bytes[512] + (2 * bytes[1024]) + (4 * bytes[1536]));
        }

        Assert.That(seen, Has.Count.EqualTo(8), "every subset of three sectors turns up");
    }

    [Test]
    public void Names_that_were_not_synced_are_lost_in_any_subset()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 1UL; seed <= 200; seed++)
        {
            var disk = new SimDisk(new SimRandom(seed));
            disk.Create("old").Dispose();
            disk.SyncFolder();
            disk.Create("a").Dispose();
            disk.Rename("a", "b");
            disk.Delete("old");
            disk.Crash();
            seen.Add(string.Join(' ', disk.List()));
        }

        Assert.That(seen, Is.EquivalentTo(new[] { "", "a", "b", "old", "a old", "b old" }));
    }

    [Test]
    public void A_deleted_file_whose_deletion_is_lost_has_lost_its_unsynced_bytes_as_well()
    {
        var lost = 0;
        for (var seed = 1UL; seed <= 100; seed++)
        {
            var disk = new SimDisk(new SimRandom(seed));
            var file = disk.Create("a");
            file.Write(0, new byte[512]);
            file.SyncData();
            disk.SyncFolder();
            file.Write(0, [1]);
            disk.Delete("a");
            disk.Crash();
            var bytes = new byte[1];
            if (disk.List().Count == 1 && disk.Open("a").Read(0, bytes) == 1 && bytes[0] == 0)
                lost++;
        }

        Assert.That(lost, Is.GreaterThan(5));
    }

    [Test]
    public void After_a_failed_sync_a_later_one_succeeds_and_means_nothing()
    {
        var lost = 0;
        for (var seed = 1UL; seed <= 50; seed++)
        {
            var disk = new SimDisk(new SimRandom(seed));
            var file = disk.Create("a");
            file.Write(0, new byte[1024]);
            file.SyncData();
            disk.SyncFolder();
            file.Write(0, [1]);
            disk.Fault = static (operation, _) => operation == DiskOperation.SyncData ? DiskFault.IoError : DiskFault.None;
            Assert.That(file.SyncData, Throws.TypeOf<IOException>());
            disk.Fault = null;
            file.SyncData();
            disk.Crash();
            var bytes = new byte[1];
            disk.Open("a").Read(0, bytes);
            lost += 1 - bytes[0];
        }

        Assert.That(lost, Is.InRange(10, 40));
    }

    [Test]
    public void A_kill_loses_nothing_and_closes_everything()
    {
        var disk = new SimDisk(new SimRandom(1));
        var file = disk.Create("a");
        file.Write(0, [1, 2]);
        disk.Kill();
        Assert.That(() => file.Length, Throws.TypeOf<SimulatedCrashException>());
        Assert.That(disk.Open("a").Length, Is.EqualTo(2));
    }

    [Test]
    public void Nothing_works_between_a_crash_and_what_follows_it()
    {
        var disk = new SimDisk(new SimRandom(1));
        disk.CrashAt(2, CrashMoment.After);
        var file = disk.Create("a");
        Assert.That(() => file.Write(0, [1]), Throws.TypeOf<SimulatedCrashException>());
        Assert.That(disk.List, Throws.TypeOf<SimulatedCrashException>());
        Assert.That(() => file.Length, Throws.TypeOf<SimulatedCrashException>());
        disk.Kill();
        Assert.That(disk.Open("a").Length, Is.EqualTo(1), "it came after the write");
    }

    [Test]
    public void A_full_disk_refuses_growth_alone()
    {
        var disk = new SimDisk(new SimRandom(1)) { Capacity = 100 };
        var file = disk.Create("a");
        file.Write(0, new byte[100]);
        Assert.That(() => file.Write(100, [1]), Throws.TypeOf<DiskFullException>().With.Message.Contains("errno 28"));
        file.Write(50, [1]);
        Assert.That(file.Length, Is.EqualTo(100));
        Assert.That(() => disk.Create("b"), Throws.TypeOf<DiskFullException>());
    }

    [Test]
    public void A_write_that_meets_a_full_disk_writes_what_fits_and_a_delete_gives_its_bytes_back()
    {
        var disk = new SimDisk(new SimRandom(1));
        using (var other = disk.Create("other"))
            other.Write(0, new byte[500]);
        disk.FreeBytes = 30;
        var file = disk.Create("a");
        Assert.That(() => file.Write(0, new byte[100]), Throws.TypeOf<DiskFullException>());
        Assert.That((file.Length, disk.FreeBytes), Is.EqualTo((30L, 0L)));
        disk.Delete("other");
        Assert.That(disk.FreeBytes, Is.EqualTo(500));
        file.Write(0, new byte[530]);
        Assert.That(() => file.Write(530, [1]), Throws.TypeOf<DiskFullException>());
    }

    [Test]
    public void The_same_seed_gives_the_same_disk()
    {
        var first = Life(7);
        var second = Life(7);
        Assert.That(second, Is.EqualTo(first));
        Assert.That(Life(8), Is.Not.EqualTo(first));
    }

    [Test]
    public void The_random_numbers_of_a_seed_never_change()
    {
        var random = new SimRandom(42);
        Assert.That(new[] { random.NextBits(), random.NextBits() }, Is.EqualTo(new[] { 1546998764402558742UL, 6990951692964543102UL }));
    }

    private static string Life(ulong seed)
    {
        var random = new SimRandom(seed);
        var disk = new SimDisk(random.Fork());
        var bytes = new byte[4000];
        for (var round = 0; round < 20; round++)
        {
            disk.Delete("a");
            using (var file = disk.Create("a"))
            {
                random.Fill(bytes);
                file.Write(random.Below(500), bytes);
            }

            if (random.Chance(0.5))
                disk.SyncFolder();
            disk.Crash();
        }

        return $"{disk.BytesUsed} {disk.Counters.SectorsLost} {disk.Counters.NamesLost}";
    }
}
