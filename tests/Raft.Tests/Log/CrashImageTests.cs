using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>
/// Every image that a power cut can leave of a life of the storage opens, and holds what was acknowledged or what was being written.
/// The laboratory looks at ten times as many: <c>raftstream-lab crashes</c>.
/// </summary>
[TestFixture]
[Parallelizable] // It computes, alone, on one core.
internal sealed class CrashImageTests
{
    [Test]
    public void No_image_of_a_power_cut_loses_what_was_acknowledged_or_holds_what_was_not_written()
    {
        var report = CrashEnumeration.Run(new() { Seed = 1, Images = 10_000, ImagesPerPlace = 24, StepsPerLife = 25 });

        Assert.That(report.Violation, Is.Null);
        Assert.That(report.Images, Is.GreaterThanOrEqualTo(10_000));
        Assert.That(report.Lives, Is.GreaterThan(1), "leftovers of one life meet the next");
        Assert.That(new[] { report.FoundAcknowledged, report.FoundWritten, report.TornTails, report.CrashesInRecovery }, Has.All.GreaterThan(300));
    }

    [TestCase(DiskOperation.SyncFolder)]
    [TestCase(DiskOperation.SyncData)]
    public void A_disk_that_forgets_a_kind_of_sync_is_found_out(DiskOperation forgotten)
    {
        var report = CrashEnumeration.Run(new() { Seed = 1, Images = 10_000, ImagesPerPlace = 24, Disk = disk => new ForgetfulDisk(disk, forgotten) });

        Assert.That(report.Violation, Does.Contain("crash behind operation"));
    }

    [Test]
    public void The_same_seed_looks_at_the_same_images()
    {
        static (int, int, int) Run()
        {
            var report = CrashEnumeration.Run(new() { Seed = 7, Images = 400, ImagesPerPlace = 16 });
            return (report.Openings, report.Operations, report.FoundWritten);
        }

        var first = Run();
        Assert.That(Run(), Is.EqualTo(first));
    }

    /// <summary>A disk that says "done" to a sync and does nothing.</summary>
    private sealed class ForgetfulDisk(IDisk disk, DiskOperation forgotten) : IDisk
    {
        public IReadOnlyList<string> List() => disk.List();

        public IDiskFile Create(string name) => new ForgetfulFile(disk.Create(name), forgotten);

        public IDiskFile Open(string name) => new ForgetfulFile(disk.Open(name), forgotten);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string name) => disk.Delete(name);

        public void SyncFolder()
        {
            if (forgotten != DiskOperation.SyncFolder)
                disk.SyncFolder();
        }
    }

    private sealed class ForgetfulFile(IDiskFile file, DiskOperation forgotten) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> destination) => file.Read(offset, destination);

        public void Write(long offset, ReadOnlySpan<byte> source) => file.Write(offset, source);

        public void SyncData()
        {
            if (forgotten != DiskOperation.SyncData)
                file.SyncData();
        }

        public void Dispose() => file.Dispose();
    }
}
