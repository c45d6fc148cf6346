using RaftStream.Testing;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Runtime.Outboxes;

/// <summary>What is read back of an outbox, and what is told of one that is damaged.</summary>
[TestFixture]
internal sealed class OutboxFileTests
{
    private const int HeaderSize = 64;

    // Five bytes of command, and three of padding.
    private const int RecordSize = 32;

    [Test]
    public void What_was_committed_reads_back()
    {
        var disk = LogBench.NewDisk();
        Write(disk, 1, 3, 2);
        var read = Read(disk, out var commands);
        Assert.That((read.Last, read.Start, read.IsSealed), Is.EqualTo((6L, 1L, true)));
        Assert.That(commands, Is.EqualTo(Enumerable.Range(1, 6).Select(static number => (new OutboxPlace(1, 9, number), number))));
    }

    [Test]
    public void A_torn_end_is_cut_wherever_it_was_torn()
    {
        var disk = LogBench.NewDisk();
        Write(disk, 2, 3);
        var whole = disk.Bytes(OutboxFile.NameOf(1));
        for (var length = HeaderSize; length < whole.Length; length++)
        {
            Replace(disk, whole[..length]);
            Read(disk, out var commands);
            Assert.That(commands, Has.Count.EqualTo((length - HeaderSize) / RecordSize));
        }
    }

    [Test]
    public void Of_a_batch_that_a_power_cut_took_in_part_what_is_before_the_gap_counts()
    {
        var disk = LogBench.NewDisk();
        Write(disk, 2, 3);
        var bytes = disk.Bytes(OutboxFile.NameOf(1));
        bytes.AsSpan(HeaderSize + (3 * RecordSize), RecordSize).Clear();
        Replace(disk, bytes);
        Read(disk, out var commands);
        Assert.That(commands, Has.Count.EqualTo(3));
    }

    [Test]
    public void Damage_in_what_was_accepted_is_told_and_nothing_is_read()
    {
        var disk = LogBench.NewDisk();
        Write(disk, 2, 2, 1);
        var whole = disk.Bytes(OutboxFile.NameOf(1));
        for (var bit = 0; bit < (HeaderSize + (4 * RecordSize)) * 8; bit += 5)
        {
            var bytes = (byte[])whole.Clone();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Replace(disk, bytes);
            Assert.That(() => Read(disk, out _), Throws.TypeOf<ReplicaException>().With.Message.Contains("damaged").And.Message.EndsWith("."), $"bit {bit}");
        }
    }

    [Test]
    public void The_file_of_another_node_or_epoch_is_refused()
    {
        var disk = LogBench.NewDisk();
        Write(disk, 1);
        Assert.That(() => OutboxFile.Read(disk, OutboxFile.NameOf(1), OutboxBench.Identity with { Node = new(4) }, static (_, _) => { }), Throws.TypeOf<ReplicaException>().With.Message.Contains("another node"));
        disk.Rename(OutboxFile.NameOf(1), OutboxFile.NameOf(2));
        Assert.That(() => OutboxFile.Read(disk, OutboxFile.NameOf(2), OutboxBench.Identity, static (_, _) => { }), Throws.TypeOf<ReplicaException>().With.Message.Contains("its name"));
    }

    [Test]
    public void Pending_commands_keep_what_a_view_shows()
    {
        var pending = new PendingCommands();
        for (var number = 1; number <= 300; number++)
            pending.Add(new(1, 9, number), new byte[number], new(number));
        var view = pending.View();
        pending.DropTo(1, 250);
        pending.Add(new(2, 9, 1), new byte[1], new(301));
        Assert.That((view.Count, view.Places[0].Sequence, view.Oldest), Is.EqualTo((300, 1L, new Instant(1))));
        Assert.That((pending.Count, pending.Bytes, pending.View().Oldest), Is.EqualTo((51, Enumerable.Range(251, 50).Sum() + 1L, new Instant(251))));
        Assert.That(pending.CommandOf(1, 260).Length, Is.EqualTo(260));
        Assert.That(pending.View().Behind(new(1, 9, 299)).Length, Is.EqualTo(2));
        Assert.That(pending.View().Behind(new(2, 9, 1)).Length, Is.Zero);
        Assert.That(pending.View().Behind(new(2, 8, 7)).Length, Is.Zero, "another epoch has their number: they never will be in the log");
    }

    private static void Write(IDisk disk, params int[] batches)
    {
        using var file = OutboxFile.Create(disk, OutboxBench.Identity, 1, 9);
        var number = 0;
        foreach (var batch in batches)
        {
            for (var place = 1; place <= batch; place++)
                file.Stage([(byte)++number, 0, 0, 0, 1], place);
            file.Commit(batch);
        }
    }

    private static OutboxFile Read(IDisk disk, out List<(OutboxPlace, int)> commands)
    {
        var read = new List<(OutboxPlace, int)>();
        commands = read;
        return OutboxFile.Read(disk, OutboxFile.NameOf(1), OutboxBench.Identity, (place, command) => read.Add((place, command[0])));
    }

    private static void Replace(SimDisk disk, byte[] bytes)
    {
        disk.Delete(OutboxFile.NameOf(1));
        using var file = disk.Create(OutboxFile.NameOf(1));
        file.Write(0, bytes);
    }
}
