using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

[TestFixture]
internal sealed class StorageTests
{
    private static readonly LogPosition Installed = LogBench.At(500, 4);

    [Test]
    public void A_snapshot_that_the_log_leads_up_to_changes_nothing()
    {
        var disk = LogBench.NewDisk();
        using var storage = OpenWell(disk).Storage!;
        storage.Log.AppendMany(1, 30, 1);
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(20, 1), SnapshotStoreTests.StateOf(50));
        Assert.That(storage.Install(), Is.EqualTo(InstallOutcome.Kept));
        disk.Crash();

        var opening = OpenWell(disk);
        Assert.That(opening.LogWasReset, Is.False);
        Assert.That(opening.Storage!.Log.Last, Is.EqualTo(LogBench.At(30, 1)));
    }

    [TestCase(500, 4, TestName = "A_snapshot_ahead_of_the_log_resets_it_at_the_next_start")]
    [TestCase(20, 2, TestName = "A_snapshot_whose_term_the_log_contradicts_resets_it_at_the_next_start")]
    public void A_snapshot_resets_the_log(long index, long term)
    {
        var disk = LogBench.NewDisk();
        using var storage = OpenWell(disk).Storage!;
        storage.Log.Stage(LogBench.State(6, 1));
        storage.Log.AppendMany(1, 30, 1);
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(index, term), SnapshotStoreTests.StateOf(50));
        disk.Crash();

        var opening = OpenWell(disk);
        using var again = opening.Storage!;
        Assert.That(opening.LogWasReset, Is.True);
        Assert.That(again.Log.Last, Is.EqualTo(LogBench.At(index, term)));
        Assert.That(again.Log.LastTime, Is.EqualTo(index * 1000));
        Assert.That(again.Log.HardState, Is.EqualTo(LogBench.State(6, 1)));
    }

    [Test]
    public void Compaction_keeps_what_the_older_snapshot_needs()
    {
        var disk = LogBench.NewDisk();
        using var storage = OpenWell(disk).Storage!;
        storage.Log.AppendMany(1, 200, 1);
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(100, 1), SnapshotStoreTests.StateOf(50));
        storage.Compact();
        Assert.That(storage.Log.Base, Is.EqualTo(LogPosition.Zero), "with one snapshot the log is the way out");
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(190, 1), SnapshotStoreTests.StateOf(60));
        storage.Compact();
        Assert.That(storage.Log.Base.Index.Value, Is.InRange(30, 100));

        disk.FlipBit(SnapshotFile.NameOf(LogBench.At(190, 1)), 300);
        disk.Crash();
        var opening = OpenWell(disk);
        Assert.That(opening.Storage!.Snapshots.Newest!.Position, Is.EqualTo(LogBench.At(100, 1)));
        Assert.That(opening.SnapshotDamage, Does.Contain("chunk 0 of 1"));
        Assert.That(disk.List(), Has.None.EqualTo(SnapshotFile.NameOf(LogBench.At(190, 1))));
    }

    [Test]
    public void A_damaged_snapshot_that_the_log_does_not_reach_back_over_is_corrupt()
    {
        var disk = LogBench.NewDisk();
        using (var storage = OpenWell(disk).Storage!)
        {
            SnapshotStoreTests.Write(storage.Snapshots, Installed, SnapshotStoreTests.StateOf(50));
            Assert.That(storage.Install(), Is.EqualTo(InstallOutcome.Reset));
        }

        disk.FlipBit(SnapshotFile.NameOf(Installed), 300);
        var opening = Storage.Open(disk, LogBench.Identity, LogBench.Small, 1);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Corrupt));
        Assert.That(opening.Problem!.Sentence, Does.StartWith("The log begins behind entry 500@4").And.Contain("is damaged at byte 0"));
        Assert.That(disk.List(), Has.Some.EqualTo(SnapshotFile.NameOf(Installed)), "the evidence stays");
    }

    [Test]
    public void A_snapshot_without_a_log_is_corrupt_because_the_vote_is_lost()
    {
        var disk = LogBench.NewDisk();
        using (var snapshots = SnapshotStore.Open(disk))
            SnapshotStoreTests.Write(snapshots, Installed, SnapshotStoreTests.StateOf(50));
        var opening = Storage.Open(disk, LogBench.Identity, LogBench.Small, 1);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Corrupt));
        Assert.That(opening.Problem!.Sentence, Does.Contain("no log"));
    }

    [Test]
    public void A_snapshot_of_another_version_is_neither_passed_over_nor_removed()
    {
        var disk = LogBench.NewDisk();
        using (var storage = OpenWell(disk).Storage!)
            SnapshotStoreTests.Write(storage.Snapshots, Installed, SnapshotStoreTests.StateOf(50));
        var name = SnapshotFile.NameOf(Installed);
        var bytes = disk.Bytes(name);
        var start = bytes.Length - BitConverter.ToInt32(bytes.AsSpan(^8));
        bytes[start + 8] = 7;
        BitConverter.TryWriteBytes(bytes.AsSpan(^4), Crc32C.Of(bytes.AsSpan(start..^4)));
        using (var file = disk.Open(name))
            file.Write(0, bytes);

        Assert.That(Storage.Open(disk, LogBench.Identity, LogBench.Small, 1).Kind, Is.EqualTo(OpeningKind.UnsupportedVersion));
        Assert.That(disk.List(), Has.Some.EqualTo(name));
    }

    [Test]
    public void A_crash_at_any_operation_of_an_installation_leaves_the_old_past_or_the_new_one([Values] CrashMoment moment, [Range(1, 5)] int seed)
    {
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(source, Installed, SnapshotStoreTests.StateOf(5000));
        var operations = Install(LogBench.NewDisk(), source, null, moment);
        Assert.That(operations, Is.GreaterThan(10));
        var (old, replaced) = (0, 0);
        for (var operation = 1L; operation <= operations; operation++)
        {
            var disk = LogBench.NewDisk((ulong)(seed * 100) + (ulong)operation);
            var at = operation;
            Assert.That(() => Install(disk, source, at, moment), Throws.TypeOf<SimulatedCrashException>());
            if ((operation + seed) % 3 == 0)
                disk.Kill();
            else
                disk.Crash();
            using (var storage = OpenWell(disk).Storage!)
            {
                var log = storage.Log;
                Assert.That(log.HardState, Is.EqualTo(LogBench.State(6, 1)), $"operation {operation}");
                var isNew = storage.Snapshots.Newest?.Position == Installed;
                Assert.That(log.Last, Is.EqualTo(isNew ? Installed : LogBench.At(60, 3)), $"operation {operation}");
                if (isNew)
                    replaced++;
                else
                    old++;
                log.Append(LogBench.Entry(log.Last.Index.Value + 1, 7));
            }

            disk.Crash();
            using var again = OpenWell(disk).Storage!;
            Assert.That(again.Log.Last.Term.Value, Is.EqualTo(7));
        }

        Assert.That(old, Is.GreaterThan(2));
        Assert.That(replaced, Is.GreaterThan(2));
    }

    private static long Install(SimDisk disk, SnapshotStore source, long? crashAt, CrashMoment moment)
    {
        using var storage = OpenWell(disk).Storage!;
        storage.Log.Stage(LogBench.State(6, 1));
        storage.Log.AppendMany(1, 60, 3);
        var before = disk.Operations;
        if (crashAt is { } operation)
            disk.CrashAt(operation, moment);
        Assert.That(SnapshotStoreTests.Transfer(source, storage.Snapshots, Installed), Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(storage.Install(), Is.EqualTo(InstallOutcome.Reset));
        Assert.That(storage.Log.Last, Is.EqualTo(Installed));
        return disk.Operations - before;
    }

    private static StorageOpening OpenWell(IDisk disk)
    {
        var opening = Storage.Open(disk, LogBench.Identity, LogBench.Small, saltSeed: 4);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Opened), opening.Problem?.Sentence);
        return opening;
    }
}
