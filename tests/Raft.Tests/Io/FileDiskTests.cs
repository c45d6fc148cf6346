using System.Diagnostics;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Tests.Io;

[TestFixture]
internal sealed class FileDiskTests
{
    private static readonly LogIdentity Identity = new(Guid.Empty, new NodeId(1));

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_folder_is_open_once_and_free_again_afterwards()
    {
        using (FileDisk.OpenFolder(_folder.Path))
            Assert.That(() => FileDisk.OpenFolder(_folder.Path), Throws.TypeOf<IOException>().With.Message.Contains("in use by another process"));
        FileDisk.OpenFolder(_folder.Path).Dispose();
    }

    [Test]
    public void The_lock_is_no_file_of_the_folder()
    {
        using var disk = FileDisk.OpenFolder(_folder.Path);
        Assert.That(disk.List(), Is.Empty);
        Assert.That(() => disk.Create(FileDisk.LockName), Throws.ArgumentException);
        Assert.That(() => disk.Create("a/b"), Throws.ArgumentException);
    }

    [Test]
    public void A_missing_folder_is_made()
    {
        var path = Path.Combine(_folder.Path, "x", "y");
        using var disk = FileDisk.OpenFolder(path);
        disk.Create("a").Dispose();
        Assert.That(File.Exists(Path.Combine(path, "a")), Is.True);
    }

    [Test]
    public void A_folder_that_cannot_be_made_is_an_input_output_error()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "x");
        Assert.That(() => FileDisk.OpenFolder(Path.Combine(file, "below")), Throws.InstanceOf<IOException>());
    }

    [TestCase("file")]
    [TestCase("file/below/it")]
    public void A_file_in_place_of_a_folder_is_told_with_the_mend(string folder)
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "x");
        Assert.That(() => FileDisk.OpenFolder(Path.Combine(_folder.Path, folder)), Throws.TypeOf<IOException>().With.Message.EqualTo($"'{file}' is a file where a folder is needed: move it away."));
        Assert.That(File.ReadAllText(file), Is.EqualTo("x"));
    }

    [Test]
    public void A_file_that_failed_once_refuses_all_further_writes_and_syncs()
    {
        var path = Path.Combine(_folder.Path, "a");
        File.WriteAllText(path, "x");
        using var readOnly = new DiskFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read));
        Assert.That(() => readOnly.Write(0, [1]), Throws.Exception);
        Assert.That(readOnly.SyncData, Throws.TypeOf<IOException>().With.Message.Contains("takes no more writes"));
        Assert.That(() => readOnly.Write(0, [1]), Throws.TypeOf<IOException>().With.Message.Contains("takes no more writes"));
        Assert.That(readOnly.Read(0, new byte[1]), Is.EqualTo(1));
    }

    [Test]
    [Platform("Linux")]
    public void A_sync_of_what_cannot_be_synced_tells_the_error_number()
    {
        using var stream = new FileStream("/proc/self/comm", FileMode.Open, FileAccess.Read);
        Assert.That(() => Posix.SyncData(stream.SafeFileHandle, "comm"), Throws.TypeOf<IOException>().With.Message.Contains("fdatasync of 'comm' failed with errno 22"));
        Assert.That(() => Posix.SyncFolder(Path.Combine(_folder.Path, "none")), Throws.TypeOf<IOException>().With.Message.Contains("errno 2 "));
    }

    [Test]
    [Platform("Linux")]
    public void A_write_without_room_is_told_from_a_fault_of_the_medium()
    {
        using var full = new DiskFile("/dev/full", File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write));
        Assert.That(() => full.Write(0, [1]), Throws.TypeOf<DiskFullException>().With.Message.Contains("no room to write '/dev/full'"));
        Assert.That(() => full.Write(0, [1]), Throws.TypeOf<IOException>().With.Message.Contains("takes no more writes"));
        Assert.That(Posix.IsOutOfSpace(new("quota", 122)), Is.True);
        Assert.That(Posix.IsOutOfSpace(new("medium", 5)), Is.False);
    }

    [Test]
    public void An_empty_log_is_made_in_a_moment()
    {
        // The first round pays for compiling; the median of the others is the product's.
        var times = new List<double>();
        for (var round = 0; round < 6; round++)
        {
            using var disk = FileDisk.OpenFolder(Path.Combine(_folder.Path, $"{round}"));
            var start = Stopwatch.GetTimestamp();
            using var log = SegmentedLog.Open(disk, Identity, new LogOptions(), (ulong)round).Log!;
            log.Stage(new HardState(new(1), new(1)));
            log.Commit();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        var median = times.Skip(1).Order().ElementAt(2);
        TestContext.Out.WriteLine($"empty log, first vote included: {median:0.00} ms");
        Assert.That(median, Is.LessThan(100));
    }

    [Test]
    public void A_log_on_a_real_folder_comes_back_after_many_segments_a_reset_and_a_compaction()
    {
        var options = new LogOptions { FirstSegmentSize = 8192, MaxSegmentSize = 65536 };
        using (var disk = FileDisk.OpenFolder(_folder.Path))
        using (var storage = Storage.Open(disk, Identity, options, 3).Storage!)
        {
            Append(storage.Log, 1, 500);
            storage.Log.Reset(new(new(900), new(1)), 5);
            Append(storage.Log, 901, 1400);
            storage.Log.CompactTo(new(1200));
            Assert.That(storage.Log.Base.Index.Value, Is.InRange(901, 1200));
        }

        using var again = FileDisk.OpenFolder(_folder.Path);
        using var log = SegmentedLog.Open(again, Identity, options, 4).Log!;
        Assert.That(log.Last, Is.EqualTo(new LogPosition(new(1400), new(1))));
        Assert.That(log.Base.Index.Value, Is.InRange(901, 1200));
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        Assert.That(log.Read(log.Base.Index.Next, log.Last.Index, int.MaxValue, bytes), Is.EqualTo(log.EntryCount));
    }

    [Test]
    public void A_warm_commit_to_a_real_file_allocates_nothing()
    {
        using var disk = FileDisk.OpenFolder(_folder.Path);
        using var log = SegmentedLog.Open(disk, Identity, new LogOptions { FirstSegmentSize = 1024 * 1024 }, 1).Log!;
        Append(log, 1, 70);
        var record = Record(71);
        CommitAgain(log, record);
        var before = GC.GetAllocatedBytesForCurrentThread();
        CommitAgain(log, record);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static void CommitAgain(SegmentedLog log, byte[] record)
    {
        for (var round = 0; round < 50; round++)
        {
            log.Stage(record, new(71), 1);
            log.Commit();
        }
    }

    private static void Append(SegmentedLog log, long from, long to)
    {
        for (var index = from; index <= to; index++)
        {
            log.Stage(Record(index), new(index), 1);
            if (index % 25 == 0 || index == to)
                log.Commit();
        }
    }

    private static byte[] Record(long index)
    {
        var payload = new byte[index % 300];
        var record = new LogRecord(new(new(index), new(1)), index, EntryKind.Command, payload.Length);
        var bytes = new byte[record.Size];
        record.Write(bytes, payload);
        return bytes;
    }
}
