using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The disk under files that are made anew at each start.</summary>
internal sealed class PassingDiskTests
{
    [Test]
    public void What_is_written_is_there_at_once_and_no_file_begins_or_grows_on_a_full_disk()
    {
        using var folder = new TemporaryFolder();
        var faults = new DiskFaults();
        using var disk = new PassingDisk(FileDisk.OpenFolder(folder.Path), faults);
        using var file = disk.Create("a");
        file.Write(0, [1, 2, 3]);
        Assert.That(File.ReadAllBytes(Path.Combine(folder.Path, "a")), Is.EqualTo(new byte[] { 1, 2, 3 }));

        faults.IsFull = true;
        Assert.That(() => file.Write(3, [4]), Throws.TypeOf<DiskFullException>());
        Assert.That(() => disk.Create("b"), Throws.TypeOf<DiskFullException>());
        file.Write(1, [5]);
        Assert.That(faults.RefusedWrites, Is.EqualTo(2));

        faults.IsFull = false;
        file.Write(3, [4]);
        Assert.That(File.ReadAllBytes(Path.Combine(folder.Path, "a")), Is.EqualTo(new byte[] { 1, 5, 3, 4 }));
        disk.Delete("a");
        Assert.That(disk.List(), Is.Empty);
    }
}
