using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class PendingWritesTests
{
    /// <summary>
    /// The model keeps what the disk really holds: a list of entry versions. "Durable" must be the longest prefix of the present log that is on disk.
    /// </summary>
    [Test]
    public void What_is_called_durable_is_on_the_disk_in_its_present_version([Range(0, 7)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var writes = new PendingWrites();
        writes.Recover(LogIndex.Zero);
        var log = new List<int>();
        var disk = new List<int>();
        var underWay = new Queue<(long Sequence, int From, int[] Entries)>();
        var version = 0;
        for (var step = 0; step < 1_500; step++)
        {
            if (prng.Next() % 3 != 0)
            {
                var from = log.Count > 0 && prng.Next() % 4 == 0 ? (int)(prng.Next() % (ulong)log.Count) : log.Count;
                if (from < log.Count)
                    writes.Truncated(new(from));
                log.RemoveRange(from, log.Count - from);
                for (var i = (int)(prng.Next() % 3); i >= 0; i--)
                    log.Add(++version);
                var sequence = writes.Reserve();
                writes.Issue(sequence, new(log.Count), new(step));
                underWay.Enqueue((sequence, from, [.. log[from..]]));
            }
            else if (underWay.Count > 0)
            {
                var upTo = underWay.Peek().Sequence + (long)(prng.Next() % 3);
                while (underWay.TryPeek(out var write) && write.Sequence <= upTo)
                {
                    disk.RemoveRange(write.From, disk.Count - write.From);
                    disk.AddRange(underWay.Dequeue().Entries);
                }

                writes.Complete(upTo);
                writes.Complete(upTo - 1);
            }

            var onDisk = 0;
            while (onDisk < log.Count && onDisk < disk.Count && log[onDisk] == disk[onDisk])
                onDisk++;
            Assert.That(writes.Durable.Value, Is.LessThanOrEqualTo(onDisk));
            if (underWay.Count == 0)
                Assert.That(writes.Durable.Value, Is.EqualTo(log.Count));
            AssertCovered(writes, log.Count, underWay.Count == 0 ? 0 : writes.LastSequence);
        }
    }

    [Test]
    public void A_completion_from_before_a_truncation_proves_nothing_behind_it()
    {
        var writes = new PendingWrites();
        writes.Issue(writes.Reserve(), new(5), new(1));
        writes.Truncated(new(4));
        writes.Issue(writes.Reserve(), new(5), new(2));
        writes.Complete(1);
        Assert.That(writes.Durable, Is.EqualTo(new LogIndex(4)));
        Assert.That(writes.SequenceCovering(new(5)), Is.EqualTo(2));
        writes.Complete(2);
        Assert.That(writes.Durable, Is.EqualTo(new LogIndex(5)));
    }

    [Test]
    public void The_oldest_write_tells_how_long_the_disk_has_been_silent()
    {
        var writes = new PendingWrites();
        Assert.That(writes.OldestIssued, Is.EqualTo(Instant.Never));
        writes.Issue(writes.Reserve(), new(1), new(10));
        writes.Issue(writes.Reserve(), new(2), new(20));
        Assert.That(writes.OldestIssued, Is.EqualTo(new Instant(10)));
        writes.Complete(1);
        Assert.That(writes.OldestIssued, Is.EqualTo(new Instant(20)));
        writes.Complete(2);
        Assert.That(writes.OldestIssued, Is.EqualTo(Instant.Never));
    }

    private static void AssertCovered(PendingWrites writes, int last, long newest)
    {
        var covering = writes.SequenceCovering(new(last));
        Assert.That(covering, Is.InRange(0, newest), "the end of the log is durable, or some write under way makes it so");
        Assert.That(covering == 0, Is.EqualTo(writes.Durable.Value >= last));
        Assert.That(writes.SequenceCovering(new(last + 1)), Is.EqualTo(-1));
    }
}
