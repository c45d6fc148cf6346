using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Runtime;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>Files that are there and cannot be opened: each is told by its name in one sentence, none is passed over, and nothing is removed.</summary>
[TestFixture]
internal sealed class UnopenableFileTests
{
    private static readonly LogOptions Options = LogBench.Small with { Chunks = new ChunkSizes(Min: 64, TailBits: 7, Max: 1024) };
    private static readonly LogPosition Part = LogBench.At(400, 1);

    [TestCase(3, TestName = "The_newest_snapshot_that_cannot_be_opened_is_not_passed_over_for_the_older_one")]
    [TestCase(2, TestName = "The_older_snapshot_that_cannot_be_opened_is_not_given_up")]
    [TestCase(1, TestName = "A_file_that_both_snapshots_need_and_that_cannot_be_opened_makes_neither_damaged")]
    public void A_snapshot_that_cannot_be_opened_is_told_and_everything_stays(int number)
    {
        // Not even what a crash left of a snapshot of its own is tidied away.
        var disk = Filled();
        disk.Create(SnapshotStore.TakingName).Dispose();
        Stays(disk, SnapshotFile.NameOf(PositionOf(number)));
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_segment_that_cannot_be_opened_is_told_and_everything_stays(int number) => Stays(Filled(), Segment.NameOf(number));

    [Test]
    public void A_snapshot_is_not_damaged_because_a_file_that_it_stands_on_cannot_be_opened()
    {
        var name = SnapshotFile.NameOf(PositionOf(1));
        using var file = SnapshotFile.Open(new UnopenableDisk(Filled(), name), PositionOf(3), out var problem);
        Assert.That((file, problem?.Kind, problem?.Sentence), Is.EqualTo(((SnapshotFile?)null, (OpeningKind?)OpeningKind.Unreadable, Sentence(name))));
    }

    [Test]
    public void A_part_that_cannot_be_opened_is_fetched_anew()
    {
        var disk = Filled();
        var opening = Storage.Open(new UnopenableDisk(disk, SnapshotFile.PartNameOf(Part)), LogBench.Identity, Options, saltSeed: 5);
        using var storage = opening.Storage;
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Opened), opening.Problem?.Sentence);
        Assert.That(disk.List(), Has.None.EqualTo(SnapshotFile.PartNameOf(Part)));
    }

    [TestCase("snapshot")]
    [TestCase("segment")]
    [TestCase("outbox")]
    public void A_replica_does_not_open_and_says_why(string kind)
    {
        var options = new RaftNodeOptions
        {
            Id = LogBench.Identity.Node,
            ClusterId = LogBench.Identity.ClusterId,
            Members = new Dictionary<NodeId, System.Net.DnsEndPoint> { [LogBench.Identity.Node] = new("127.0.0.1", 1) },
            DataFolder = "data",
        };
        var disk = kind == "outbox" ? LogBench.NewDisk() : Filled();
        if (kind == "outbox")
            OutboxFile.Create(disk, LogBench.Identity, 1, 9).Dispose();
        var name = kind switch
        {
            "snapshot" => SnapshotFile.NameOf(PositionOf(3)),
            "segment" => Segment.NameOf(2),
            _ => OutboxFile.NameOf(1),
        };
        var parker = new Parker();
        var refused = Assert.Throws<ReplicaException>(() => Replica.Open(options.ToReplica(1), new UnopenableDisk(disk, name), new SumMachine(), new TestNetwork(), new HandClock(), new(parker, parker, parker)));
        Assert.That(refused!.Message, Is.EqualTo(Sentence(name)));
        Assert.That(disk.List(), Has.Some.EqualTo(name));
    }

    private static void Stays(SimDisk disk, string name)
    {
        var files = disk.List();
        var opening = Storage.Open(new UnopenableDisk(disk, name), LogBench.Identity, Options, saltSeed: 5);
        Assert.That((opening.Kind, opening.Problem?.Sentence), Is.EqualTo((OpeningKind.Unreadable, Sentence(name))));
        Assert.That(disk.List(), Is.EqualTo(files), "nothing was removed");

        var mended = Storage.Open(disk, LogBench.Identity, Options, saltSeed: 5);
        using var storage = mended.Storage;
        Assert.That((mended.Kind, mended.SnapshotDamage), Is.EqualTo((OpeningKind.Opened, (string?)null)), mended.Problem?.Sentence);
        Assert.That((storage!.Snapshots.Newest!.Position, storage.Log.Last), Is.EqualTo((PositionOf(3), LogBench.At(200, 1))));
    }

    private static string Sentence(string name) =>
        $"'{name}' cannot be opened (Access to the path '/data/{name}' is denied): see that it is a file which this user may read and write, on a disk that is well, and try again; nothing was changed.";

    /// <summary>A log that reaches back over all snapshots, of which the last two stand on chunks of the first, and one being received.</summary>
    private static SimDisk Filled()
    {
        var disk = LogBench.NewDisk();
        using var storage = Storage.Open(disk, LogBench.Identity, Options, saltSeed: 4).Storage!;
        storage.Log.AppendMany(1, 200, 1);
        for (var number = 1; number <= 3; number++)
            SnapshotStoreTests.Write(storage.Snapshots, PositionOf(number), SnapshotStoreTests.StateOf(20_000));
        using var source = SnapshotStore.Open(LogBench.NewDisk(2));
        SnapshotStoreTests.Write(source, Part, SnapshotStoreTests.StateOf(1_500_000));
        SnapshotStoreTests.Transfer(source, storage.Snapshots, Part, most: 3);
        Assert.That(disk.List(), Has.Some.EqualTo(SnapshotFile.NameOf(PositionOf(1))).And.Some.EqualTo(SnapshotFile.PartNameOf(Part)));
        return disk;
    }

    private static LogPosition PositionOf(int number) => LogBench.At(number * 50, 1);
}
