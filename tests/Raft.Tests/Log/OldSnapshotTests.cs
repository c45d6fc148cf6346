using System.Buffers.Binary;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>Snapshots of version 1, written here byte for byte as that version wrote them; and snapshots as one file.</summary>
[TestFixture]
internal sealed class OldSnapshotTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(SnapshotChunk.MaxLength)]
    [TestCase((2 * SnapshotChunk.MaxLength) + 12_345)]
    public void A_snapshot_of_version_1_is_read_and_handed_on_and_makes_room_for_those_of_version_2(int length)
    {
        var state = SnapshotStoreTests.StateOf(length);
        var disk = LogBench.NewDisk();
        Put(disk, LogBench.At(40, 3), state);
        using var store = SnapshotStore.Open(disk);
        Assert.That(store.Damage, Is.Null);
        Assert.That((store.Newest!.Position, store.Newest.Length, store.Newest.Description.StateHash), Is.EqualTo((LogBench.At(40, 3), (long)length, 0xABCDUL)));
        Assert.That(SnapshotStoreTests.ReadAll(store, LogBench.At(40, 3)).AsSpan().SequenceEqual(state));

        using var target = SnapshotStore.Open(LogBench.NewDisk());
        SnapshotStoreTests.Transfer(store, target, LogBench.At(40, 3));
        target.PublishReceived();
        Assert.That(SnapshotStoreTests.ReadAll(target, LogBench.At(40, 3)).AsSpan().SequenceEqual(state));

        SnapshotStoreTests.Write(store, LogBench.At(41, 3), state);
        SnapshotStoreTests.Write(store, LogBench.At(42, 3), state);
        Assert.That(disk.List(), Has.None.EqualTo(SnapshotFile.NameOf(LogBench.At(40, 3))), "nothing refers to it");
        Assert.That(SnapshotStoreTests.ReadAll(store, LogBench.At(42, 3)).AsSpan().SequenceEqual(state));
    }

    [Test]
    public void One_bit_changed_anywhere_in_a_snapshot_of_version_1_is_found()
    {
        var whole = LogBench.NewDisk();
        Put(whole, LogBench.At(40, 3), SnapshotStoreTests.StateOf(200));
        var name = SnapshotFile.NameOf(LogBench.At(40, 3));
        for (var bit = 0L; bit < whole.Bytes(name).Length * 8L; bit++)
        {
            var damaged = whole.Clone(new SimRandom(1));
            damaged.FlipBit(name, bit);
            using var store = SnapshotStore.Open(damaged);
            Assert.That((store.Newest, store.Damage), Is.EqualTo(((SnapshotManifest?)null, store.Damage)), $"bit {bit}");
            Assert.That(store.Damage, Does.Contain(name), $"bit {bit}");
        }
    }

    [Test]
    public void A_backup_is_the_file_that_a_replica_without_older_snapshots_writes_and_needs_no_other()
    {
        using var folder = new TemporaryFolder();
        var state = SnapshotStoreTests.StateOf(3_000_000);
        using (var disk = FileDisk.OpenFolder(folder.Path))
        using (var store = SnapshotStore.Open(disk))
        {
            for (var index = 1; index <= 4; index++)
                SnapshotStoreTests.Write(store, LogBench.At(index, 1), state = [.. state, (byte)index]);
            Assert.That(store.Counters.Reused.Value, Is.GreaterThan(10));
        }

        var once = LogBench.NewDisk();
        using (var store = SnapshotStore.Open(once))
            SnapshotStoreTests.Write(store, LogBench.At(4, 1), state);
        using (var stream = BackupFile.OpenNewest(folder.Path, new(4))!)
        {
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            Assert.That((stream.ReadByte(), bytes.AsSpan().SequenceEqual(once.Bytes(SnapshotFile.NameOf(LogBench.At(4, 1))))), Is.EqualTo((-1, true)));
        }

        Assert.That(BackupFile.OpenNewest(folder.Path, new(5)), Is.Null);
    }

    /// <summary>A file as version 1 wrote it: chunks of 1 MiB with numbers, then the manifest.</summary>
    private static void Put(SimDisk disk, LogPosition position, byte[] state)
    {
        using var file = disk.Create(SnapshotFile.NameOf(position));
        var (offset, number) = (0L, 0);
        for (; number * SnapshotChunk.MaxLength < state.Length; number++)
        {
            byte[] chunk = [.. new byte[16], .. state.Skip(number * SnapshotChunk.MaxLength).Take(SnapshotChunk.MaxLength)];
            "RSCK"u8.CopyTo(chunk);
            BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), number);
            BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(8), chunk.Length - 16);
            BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(12), Crc32C.Of([.. chunk[..12], .. chunk[16..]]));
            file.Write(offset, chunk);
            offset += chunk.Length;
        }

        var manifest = new byte[64 + 8 + 8];
        "RSSNAPM1"u8.CopyTo(manifest);
        BinaryPrimitives.WriteInt32LittleEndian(manifest.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(manifest.AsSpan(12), 5);
        BinaryPrimitives.WriteInt64LittleEndian(manifest.AsSpan(16), position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(manifest.AsSpan(24), position.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(manifest.AsSpan(32), 40_000);
        BinaryPrimitives.WriteInt64LittleEndian(manifest.AsSpan(40), 0xABCD);
        BinaryPrimitives.WriteInt64LittleEndian(manifest.AsSpan(48), state.Length);
        BinaryPrimitives.WriteInt32LittleEndian(manifest.AsSpan(56), number);
        new byte[] { 1, 2, 3, 4, 5 }.CopyTo(manifest.AsSpan(64));
        BinaryPrimitives.WriteInt32LittleEndian(manifest.AsSpan(72), manifest.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(manifest.AsSpan(76), Crc32C.Of(manifest.AsSpan(..^4)));
        file.Write(offset, manifest);
        file.SyncData();
        disk.SyncFolder();
    }
}
