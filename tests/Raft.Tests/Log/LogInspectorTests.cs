using RaftStream.Raft.Log;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

[TestFixture]
internal sealed class LogInspectorTests
{
    [Test]
    public void A_whole_folder_is_told_with_all_that_it_holds()
    {
        var disk = Folder();
        var report = Inspect(disk);

        Assert.That(report.IsSound, Is.True);
        Assert.That(report.Findings, Is.Empty);
        Assert.That((report.Cluster, report.Node), Is.EqualTo((LogBench.Identity.ClusterId.ToString(), 2)));
        Assert.That((report.Term, report.Vote, report.FirstIndex, report.LastIndex, report.LastTerm), Is.EqualTo((3L, 1, 1L, 60L, 3L)));
        Assert.That(report.Kinds, Is.EqualTo(new Dictionary<string, long>(StringComparer.Ordinal) { ["Command"] = 60 }));
        Assert.That(report.Snapshots.Select(static snapshot => (snapshot.Index, snapshot.Term, snapshot.Chunks, snapshot.StateHash)), Is.EqualTo(new[] { (40L, 3L, 1, "000000000000abcd") }));
        Assert.That(report.Segments.Select(static segment => segment.Number), Is.EqualTo(Enumerable.Range(1, report.Segments.Count)));
        Assert.That(report.Segments.Sum(static segment => segment.Entries), Is.EqualTo(60));
        Assert.That(report.Segments.Sum(static segment => segment.Batches), Is.EqualTo(61));
        Assert.That(report.Segments[0].LastIndex, Is.EqualTo(report.Segments[1].BaseIndex));
    }

    [Test]
    public void A_torn_tail_is_harmless()
    {
        for (var seed = 1UL; ; seed++)
        {
            Assert.That(seed, Is.LessThan(100), "some seed tears the batch");
            var disk = LogBench.NewDisk(seed);
            var log = LogBench.Open(disk);
            log.Append(LogBench.Entry(1, 1));
            log.Stage(LogBench.Entry(2, 1, 2500));
            disk.CrashAt(2, CrashMoment.Before);
            Assert.That(() => log.Commit(), Throws.TypeOf<SimulatedCrashException>());
            disk.Crash();
            var report = Inspect(disk.Clone(new SimRandom(1)));
            Assert.That(report.IsSound, Is.True);
            if (report.Findings.Count == 0)
                continue;
            var torn = report.Findings.Single();
            Assert.That((torn.Kind, torn.File, torn.Offset), Is.EqualTo((FindingKind.Torn, Segment.NameOf(1), (long?)report.Segments[0].Used)));
            return;
        }
    }

    [Test]
    public void Damage_is_told_with_file_and_place_and_what_to_do()
    {
        var disk = Folder();
        disk.FlipBit(Segment.NameOf(2), 700 * 8);
        var finding = Inspect(disk).Findings[0];

        Assert.That((finding.Kind, finding.File, finding.Offset), Is.EqualTo((FindingKind.Refused, Segment.NameOf(2), (long?)SegmentHeader.Size)));
        Assert.That(finding.Sentence, Does.Contain("is damaged at byte 512").And.Contain("'raftstream members replace'"));
    }

    [Test]
    public void A_damaged_snapshot_counts_even_where_a_start_does_without_it()
    {
        var disk = Folder();
        disk.FlipBit(SnapshotFile.NameOf(LogBench.At(40, 3)), 400);
        var report = Inspect(disk);

        Assert.That(report.IsSound, Is.False);
        Assert.That(report.Findings.Single().Kind, Is.EqualTo(FindingKind.Damaged));
        Assert.That(report.LastIndex, Is.EqualTo(60), "the log stands in");
    }

    [Test]
    public void Files_of_nobody_and_unfinished_ones_are_noted()
    {
        var disk = Folder();
        foreach (var name in new[] { "notes.txt", SegmentBuilder.TemporaryName, SnapshotStore.TakingName })
            disk.Create(name).Dispose();
        var report = Inspect(disk);

        Assert.That(report.IsSound, Is.True);
        Assert.That(report.Findings.Select(static finding => finding.Kind), Is.EqualTo(new[] { FindingKind.Note, FindingKind.Note, FindingKind.Note }));
    }

    [Test]
    public void An_empty_folder_is_no_log()
    {
        Assert.That(LogInspector.Inspect(LogBench.NewDisk()), Is.Null);
    }

    [Test]
    public void A_real_folder_is_left_as_it_is_byte_for_byte_while_a_recovery_runs_over_it()
    {
        using var folder = new TemporaryFolder();
        CopyTo(folder, TornFolder());
        var before = Contents(folder);
        using (var frozen = FrozenFolder.Open(folder.Path))
        {
            Assert.That(Inspect(frozen).Findings, Is.Not.Empty);
            frozen.Delete(Segment.NameOf(1));
            Assert.That(frozen.List(), Has.None.EqualTo(Segment.NameOf(1)));
        }

        Assert.That(Contents(folder), Is.EqualTo(before));
    }

    [Test]
    public void A_folder_in_use_or_missing_is_refused_in_one_sentence()
    {
        using var folder = new TemporaryFolder();
        using (FileDisk.OpenFolder(folder.Path))
            Assert.That(() => FrozenFolder.Open(folder.Path), Throws.TypeOf<IOException>().With.Message.Contains("in use by a running node"));
        using (FrozenFolder.Open(folder.Path))
            Assert.That(() => FileDisk.OpenFolder(folder.Path), Throws.TypeOf<IOException>());
        Assert.That(() => FrozenFolder.Open(Path.Combine(folder.Path, "none")), Throws.TypeOf<IOException>().With.Message.Contains("There is no folder"));
    }

    [Test]
    public void A_frozen_file_reads_back_what_was_written_over_it_in_memory()
    {
        using var folder = new TemporaryFolder();
        var real = LogBench.NewDisk();
        var random = new SimRandom(4);
        var bytes = new byte[20_000];
        random.Fill(bytes);
        File.WriteAllBytes(Path.Combine(folder.Path, "a"), bytes);
        using (var file = real.Create("a"))
            file.Write(0, bytes);
        using var frozen = FrozenFolder.Open(folder.Path);
        using var first = real.Open("a");
        using var second = ((IDisk)frozen).Open("a");
        for (var round = 0; round < 200; round++)
        {
            var (offset, part) = (random.Below(22_000), new byte[random.Between(1, 9000)]);
            random.Fill(part);
            offset = Math.Min(offset, (int)first.Length);
            first.Write(offset, part);
            second.Write(offset, part);
            Assert.That(second.Length, Is.EqualTo(first.Length));
            var (expected, found) = (new byte[part.Length + 500], new byte[part.Length + 500]);
            var at = Math.Max(0, offset - 250);
            Assert.That(second.Read(at, found), Is.EqualTo(first.Read(at, expected)));
            Assert.That(found.AsSpan().SequenceEqual(expected), Is.True, $"round {round}");
        }
    }

    private static LogReport Inspect(IDisk disk)
    {
        var report = LogInspector.Inspect(disk);
        Assert.That(report, Is.Not.Null);
        return report!;
    }

    private static SimDisk Folder()
    {
        var disk = LogBench.NewDisk();
        using var storage = Storage.Open(disk, LogBench.Identity, LogBench.Small, 5).Storage!;
        storage.Log.Stage(LogBench.State(3, 1));
        storage.Log.Commit();
        storage.Log.AppendMany(1, 60, 3);
        SnapshotStoreTests.Write(storage.Snapshots, LogBench.At(40, 3), SnapshotStoreTests.StateOf(500));
        return disk;
    }

    private static SimDisk TornFolder()
    {
        var disk = Folder();
        var last = disk.List().Last(static name => Segment.TryParse(name, out _));
        using var file = disk.Open(last);
        file.Write(file.Length - Sectors.Size, new byte[] { 0, 0, 0, 7 });
        return disk;
    }

    private static void CopyTo(TemporaryFolder folder, SimDisk disk)
    {
        foreach (var name in disk.List())
            File.WriteAllBytes(Path.Combine(folder.Path, name), disk.Bytes(name));
    }

    private static Dictionary<string, string> Contents(TemporaryFolder folder) =>
        Directory.GetFiles(folder.Path).ToDictionary(static path => Path.GetFileName(path), static path => Convert.ToHexString(File.ReadAllBytes(path)), StringComparer.Ordinal);
}
