using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The disk of a node under test: what survives the end of its process, and what each fault does.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FaultyDiskTests
{
    private readonly SimDisk _below = new(new SimRandom(1));
    private readonly DiskFaults _faults = new();

    [Test]
    public void Bytes_that_were_not_synced_are_lost_with_the_process()
    {
        var disk = Open();
        using var file = disk.Create("a");
        file.Write(0, [1, 2]);
        file.SyncData();
        disk.SyncFolder();
        file.Write(1, [9, 9, 9]);
        Assert.That(BytesOf(disk, "a"), Is.EqualTo(new byte[] { 1, 9, 9, 9 }), "reads see the newest");

        Assert.That(BytesOf(Open(), "a"), Is.EqualTo(new byte[] { 1, 2 }));
    }

    [Test]
    public void Names_that_were_not_synced_are_lost_with_the_process()
    {
        var disk = Open();
        foreach (var name in new[] { "kept", "renamed", "deleted" })
            disk.Create(name).Dispose();
        disk.SyncFolder();
        disk.Create("new").Dispose();
        disk.Rename("renamed", "other");
        disk.Delete("deleted");
        Assert.That(disk.List(), Is.EqualTo(new[] { "kept", "new", "other" }));

        Assert.That(Open().List(), Is.EqualTo(new[] { "deleted", "kept", "renamed" }));
        Assert.That(_below.List(), Is.EqualTo(new[] { "deleted", "kept", "renamed" }), "what never got a name is removed");
    }

    [Test]
    public void Bytes_synced_before_the_name_is_are_there_once_it_is()
    {
        var disk = Open();
        using (var file = disk.Create("a.part"))
        {
            file.Write(0, [5, 6]);
            file.SyncData();
        }

        disk.Rename("a.part", "a");
        disk.SyncFolder();

        Assert.That(Open().List(), Is.EqualTo(new[] { "a" }));
        Assert.That(BytesOf(Open(), "a"), Is.EqualTo(new byte[] { 5, 6 }));
    }

    [Test]
    public void A_file_written_closed_and_opened_again_shows_what_was_written()
    {
        var disk = Open();
        using (var file = disk.Create("a"))
            file.Write(0, [5, 6]);
        Assert.That(BytesOf(disk, "a"), Is.EqualTo(new byte[] { 5, 6 }));
    }

    [Test]
    public void A_file_that_replaces_another_is_the_old_one_until_the_folder_is_synced()
    {
        var disk = Open();
        Fill(disk, "old", 1);
        disk.SyncFolder();
        Fill(disk, "new", 2);
        disk.Rename("new", "old");
        Assert.That(BytesOf(disk, "old"), Is.EqualTo(new byte[] { 2 }));
        Assert.That(BytesOf(Open(), "old"), Is.EqualTo(new byte[] { 1 }));

        disk = Open();
        Fill(disk, "new", 2);
        disk.Rename("new", "old");
        disk.SyncFolder();
        Assert.That(BytesOf(Open(), "old"), Is.EqualTo(new byte[] { 2 }));
    }

    [Test]
    public void A_power_cut_keeps_any_of_the_sectors_that_were_not_synced_and_each_whole_or_not_at_all()
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 1; seed <= 60; seed++)
        {
            _below.Delete("a");
            var disk = Open();
            using var file = disk.Create("a");
            file.Write(0, new byte[4 * FaultyDisk.SectorSize]);
            file.SyncData();
            disk.SyncFolder();
            file.Write(100, Enumerable.Repeat((byte)7, 3 * FaultyDisk.SectorSize).ToArray());
            disk.CutPower(seed);

            var bytes = BytesOf(Open(), "a");
            Assert.That(bytes, Has.Length.EqualTo(4 * FaultyDisk.SectorSize));
            kept.Add(string.Concat(Enumerable.Range(0, 4).Select(sector => IsWhole(bytes, sector) ? '1' : '0')));
        }

        Assert.That(kept, Does.Contain("1111").And.Contain("0000"));
        Assert.That(kept, Has.Count.GreaterThan(8), "torn writes of many shapes");
    }

    [Test]
    public void A_power_cut_in_a_sync_is_the_end_of_everything()
    {
        var offs = 0;
        var disk = Open(() => offs++);
        using var file = disk.Create("a");
        file.Write(0, [1]);
        _faults.CutInSync = 3;
        Assert.That(file.SyncData, Throws.TypeOf<SimulatedCrashException>());
        Assert.That(() => disk.Create("b"), Throws.TypeOf<SimulatedCrashException>());
        disk.CutPower(4);
        Assert.That(offs, Is.EqualTo(1));
    }

    [Test]
    public void A_full_disk_refuses_what_grows_and_takes_what_does_not()
    {
        var disk = Open();
        using var file = disk.Create("a");
        file.Write(0, [1, 2, 3]);
        file.SyncData();
        _faults.IsFull = true;
        Assert.That(() => disk.Create("b"), Throws.TypeOf<DiskFullException>());
        file.Write(1, [8]);
        Assert.That(() => file.Write(2, [9, 9]), Throws.TypeOf<DiskFullException>());
        Assert.That(() => file.Write(0, [1]), Throws.TypeOf<IOException>(), "it is to be opened again");
        Assert.That(_faults.RefusedWrites, Is.EqualTo(2));

        _faults.IsFull = false;
        using var again = disk.Open("a");
        again.Write(3, [7]);
        again.SyncData();
        Assert.That(BytesOf(disk, "a"), Is.EqualTo(new byte[] { 1, 8, 9, 7 }));
    }

    [Test]
    public void What_a_failed_sync_should_have_kept_is_read_until_the_process_ends_and_never_again()
    {
        for (var round = 0; ; round++)
        {
            Assert.That(round, Is.LessThan(50), "now and then nothing of it reaches the disk");
            _below.Delete("a");
            var disk = Open();
            var file = disk.Create("a");
            file.Write(0, new byte[1024]);
            file.SyncData();
            disk.SyncFolder();
            file.Write(0, Enumerable.Repeat((byte)1, 1024).ToArray());
            _faults.SyncFails = true;
            Assert.That(file.SyncData, Throws.TypeOf<IOException>());
            Assert.That(file.SyncData, Throws.TypeOf<IOException>(), "a later sync proves nothing");
            Assert.That(() => file.Write(0, [1]), Throws.TypeOf<IOException>());
            Assert.That(BytesOf(disk, "a"), Has.All.EqualTo(1));
            if (BytesOf(Open(), "a").All(static each => each == 0))
                return;
        }
    }

    [Test]
    public void A_failed_sync_of_the_folder_loses_its_names()
    {
        var disk = Open();
        Fill(disk, "a", 1);
        _faults.SyncFails = true;
        Assert.That(disk.SyncFolder, Throws.TypeOf<IOException>());
        Assert.That(disk.SyncFolder, Throws.TypeOf<IOException>());
        Assert.That(disk.List(), Is.EqualTo(new[] { "a" }));
        Assert.That(Open().List(), Is.Empty);
        Assert.That(_faults.FailedSyncs, Is.EqualTo(1));
    }

    [Test]
    public void A_slow_disk_counts_what_it_held_up()
    {
        _faults.SlowMs = 1;
        var disk = Open();
        Fill(disk, "a", 1);
        disk.SyncFolder();
        Assert.That(_faults.SlowOperations, Is.EqualTo(3));
    }

    [Test]
    public void More_than_the_memory_may_hold_is_refused_with_a_sentence()
    {
        var disk = Open();
        using var file = disk.Create("a");
        var piece = new byte[16 * 1024 * 1024];
        for (var written = 0L; written < FaultyDisk.MaxUnsynced; written += piece.Length)
            file.Write(0, piece);
        Assert.That(() => file.Write(0, [1]), Throws.TypeOf<IOException>().With.Message.Contains("without a sync"));
    }

    // As after the end of a process: the disk below is as it was left.
    private FaultyDisk Open(Action? powerOff = null)
    {
        _below.Kill();
        return new(_below, _faults, powerOff ?? (static () => { }));
    }

    private static bool IsWhole(byte[] bytes, int sector)
    {
        var (from, to) = (Math.Max(100, sector * FaultyDisk.SectorSize), Math.Min(100 + (3 * FaultyDisk.SectorSize), (sector + 1) * FaultyDisk.SectorSize));
        var values = bytes[from..to].Distinct().ToArray();
        Assert.That(values, Has.Length.EqualTo(1), "a sector is torn");
        return values[0] == 7;
    }

    private static void Fill(FaultyDisk disk, string name, byte value)
    {
        using var file = disk.Create(name);
        file.Write(0, [value]);
        file.SyncData();
    }

    private static byte[] BytesOf(FaultyDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        Assert.That(file.Read(0, bytes), Is.EqualTo(bytes.Length));
        return bytes;
    }
}
