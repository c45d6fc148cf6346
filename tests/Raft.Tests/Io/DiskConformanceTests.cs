using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Io;

/// <summary>What every <see cref="IDisk"/> must do: the real one, the simulated one, and the one of the fault lab over a real one while nothing is wrong.</summary>
[TestFixture("real")]
[TestFixture("simulated")]
[TestFixture("faulty")]
internal sealed class DiskConformanceTests(string kind)
{
    private TemporaryFolder? _folder;
    private IDisk _disk = null!;

    [SetUp]
    public void Open()
    {
        _folder = kind == "simulated" ? null : new TemporaryFolder();
        _disk = _folder is null ? new SimDisk(new SimRandom(1)) : FileDisk.OpenFolder(_folder.Path);
        if (kind == "faulty")
            _disk = new FaultyDisk(_disk, new DiskFaults(), static () => { });
    }

    [TearDown]
    public void Close()
    {
        (_disk as IDisposable)?.Dispose();
        _folder?.Dispose();
    }

    [Test]
    public void Bytes_written_anywhere_are_read_back_and_the_file_grows()
    {
        using var file = _disk.Create("a");
        file.Write(10, [1, 2, 3]);
        file.Write(5, [9]);
        file.SyncData();
        Assert.That(file.Length, Is.EqualTo(13));
        var bytes = new byte[20];
        Assert.That(file.Read(0, bytes), Is.EqualTo(13));
        Assert.That(bytes.Take(13), Is.EqualTo(new byte[] { 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 1, 2, 3 }));
        Assert.That(file.Read(12, bytes), Is.EqualTo(1));
        Assert.That(file.Read(13, bytes), Is.Zero);
        Assert.That(file.Read(99, bytes), Is.Zero);
    }

    [Test]
    public void Names_are_listed_in_ordinal_order()
    {
        foreach (var name in new[] { "b", "a", "B", "a1" })
            _disk.Create(name).Dispose();
        Assert.That(_disk.List(), Is.EqualTo(new[] { "B", "a", "a1", "b" }));
    }

    [Test]
    public void A_file_that_exists_is_not_created_again()
    {
        _disk.Create("a").Dispose();
        Assert.That(() => _disk.Create("a"), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void A_file_that_is_missing_is_not_opened_and_its_deletion_is_no_error()
    {
        Assert.That(() => _disk.Open("a"), Throws.TypeOf<FileNotFoundException>());
        _disk.Delete("a");
        Assert.That(_disk.List(), Is.Empty);
    }

    [Test]
    public void A_rename_replaces_and_the_open_file_stays_good()
    {
        using var old = _disk.Create("b");
        old.Write(0, [1]);
        using var file = _disk.Create("a");
        file.Write(0, [7, 8]);
        _disk.Rename("a", "b");
        _disk.SyncFolder();
        file.Write(2, [9]);
        file.SyncData();
        Assert.That(_disk.List(), Is.EqualTo(new[] { "b" }));
        using var again = _disk.Open("b");
        var bytes = new byte[4];
        Assert.That(again.Read(0, bytes), Is.EqualTo(3));
        Assert.That(bytes, Is.EqualTo(new byte[] { 7, 8, 9, 0 }));
    }

    [Test]
    public void A_deleted_file_can_be_read_by_who_has_it_open()
    {
        using var file = _disk.Create("a");
        file.Write(0, [5]);
        _disk.Delete("a");
        Assert.That(_disk.List(), Is.Empty);
        var bytes = new byte[1];
        Assert.That(file.Read(0, bytes), Is.EqualTo(1));
        Assert.That(bytes[0], Is.EqualTo(5));
    }
}
