using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>Snapshots that share chunks on a disk: what is written, what is looked at, what stays and what goes.</summary>
[TestFixture]
internal sealed class SnapshotSharingTests
{
    private static readonly ChunkSizes Small = new(Min: 64, TailBits: 7, Max: 1024);

    [Test]
    public void A_snapshot_is_the_same_pieces_whatever_snapshots_were_taken_before()
    {
        var random = new SimRandom(5);
        using var always = Open(LogBench.NewDisk());
        var state = SnapshotStoreTests.StateOf(40_000);
        for (var index = 1; index <= 20; index++)
            SnapshotStoreTests.Write(always, LogBench.At(index, 1), state = Changed(random, state));
        using var once = Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(once, LogBench.At(20, 1), state, portion: 777);
        using var later = Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(later, LogBench.At(7, 1), SnapshotStoreTests.StateOf(40_000));
        SnapshotStoreTests.Transfer(once, later, LogBench.At(20, 1));
        later.PublishReceived();

        Assert.That(PiecesOf(always), Is.EqualTo(PiecesOf(once)).And.EqualTo(PiecesOf(later)));
        Assert.That(always.Counters.Reused.Value, Is.GreaterThan(10 * always.Counters.Written.Value));
        Assert.That(later.Counters.Spared.Value, Is.GreaterThan(100));

        static List<string> PiecesOf(SnapshotStore store) =>
            [.. Enumerable.Range(0, SnapshotStoreTests.PiecesOf(store, LogBench.At(20, 1))).Select(piece => Convert.ToHexString(SnapshotStoreTests.Piece(store, LogBench.At(20, 1), piece)))];
    }

    [Test]
    public void What_is_put_in_at_the_front_changes_the_chunk_it_falls_into_and_none_far_behind()
    {
        var state = SnapshotStoreTests.StateOf(8 * SnapshotChunk.MaxLength);
        using var store = SnapshotStore.Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(store, LogBench.At(1, 1), state);
        var first = store.Counters.Written.Value;
        SnapshotStoreTests.Write(store, LogBench.At(2, 1), [1, 2, 3, .. state]);

        Assert.That(first, Is.InRange(20, 60), "256 KiB on average");
        Assert.That(store.Counters.Written.Value - first, Is.InRange(1, 3));
        Assert.That(store.Counters.Reused.Value, Is.GreaterThanOrEqualTo(first - 3));
    }

    [Test]
    public void A_chunk_that_repeats_in_a_state_is_written_once()
    {
        using var store = SnapshotStore.Open(LogBench.NewDisk());
        var state = new byte[5 * SnapshotChunk.MaxLength];
        SnapshotStoreTests.Write(store, LogBench.At(1, 1), state);

        Assert.That(store.Counters.WrittenBytes.Value, Is.LessThan(3 * SnapshotChunk.MaxLength));
        Assert.That(SnapshotStoreTests.ReadAll(store, LogBench.At(1, 1)).AsSpan().SequenceEqual(state));
    }

    [Test]
    public void A_chunk_to_be_reused_that_changed_on_the_disk_or_cannot_be_read_is_written_anew([Values] bool unreadable)
    {
        var disk = LogBench.NewDisk();
        var state = SnapshotStoreTests.StateOf(20_000);
        using (var store = Open(disk))
        {
            SnapshotStoreTests.Write(store, LogBench.At(1, 1), state);
            if (unreadable)
                disk.BreakSector(SnapshotFile.NameOf(LogBench.At(1, 1)), 9);
            else
                disk.FlipBit(SnapshotFile.NameOf(LogBench.At(1, 1)), 5000 * 8);
            var before = store.Counters.Written.Value;
            SnapshotStoreTests.Write(store, LogBench.At(2, 1), state);
            Assert.That(store.Counters.Damaged.Value, unreadable ? Is.InRange(1, 8) : Is.EqualTo(1), "a sector holds more than one chunk");
            Assert.That(store.Counters.Written.Value - before, Is.EqualTo(store.Counters.Damaged.Value));
        }

        disk.Crash();
        using var again = Open(disk);
        Assert.That(again.Newest!.Position, Is.EqualTo(LogBench.At(2, 1)));
        Assert.That(SnapshotStoreTests.ReadAll(again, LogBench.At(2, 1)), Is.EqualTo(state));
    }

    [Test]
    public void A_file_stays_as_long_as_a_snapshot_held_needs_it_and_goes_then()
    {
        var disk = LogBench.NewDisk();
        using var store = Open(disk);
        var state = SnapshotStoreTests.StateOf(20_000);
        for (var index = 1; index <= 6; index++)
            SnapshotStoreTests.Write(store, LogBench.At(index, 1), [(byte)index, .. state]);
        Assert.That(store.Held, Is.EqualTo(new[] { LogBench.At(5, 1), LogBench.At(6, 1) }));
        Assert.That(disk.List(), Has.Some.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))));
        Assert.That(disk.List(), Has.Count.EqualTo(3), "the first byte stands in a chunk that changes each time");

        SnapshotStoreTests.Write(store, LogBench.At(7, 1), SnapshotStoreTests.StateOf(10_000));
        Assert.That(disk.List(), Has.Some.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))));
        SnapshotStoreTests.Write(store, LogBench.At(8, 1), SnapshotStoreTests.StateOf(10_001));
        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.NameOf(LogBench.At(7, 1)), SnapshotFile.NameOf(LogBench.At(8, 1)) }));
    }

    [Test]
    public void One_that_is_here_for_its_chunks_alone_is_neither_damaged_nor_removed_where_the_newest_is_lost()
    {
        var disk = LogBench.NewDisk();
        var (first, second) = (SnapshotStoreTests.StateOf(6000), SnapshotStoreTests.StateOf(12_000).AsSpan(6000).ToArray());
        byte[] third = [.. second, .. SnapshotStoreTests.StateOf(15_000).AsSpan(12_000)];
        using (var store = Open(disk))
        {
            // The second stands on the first, the third and fourth on the second alone: so the first goes, and the second is no snapshot any more.
            SnapshotStoreTests.Write(store, LogBench.At(1, 1), first);
            SnapshotStoreTests.Write(store, LogBench.At(2, 1), [.. first, .. second]);
            SnapshotStoreTests.Write(store, LogBench.At(3, 1), second);
            SnapshotStoreTests.Write(store, LogBench.At(4, 1), third);
        }

        Assert.That(disk.List(), Has.None.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))).And.Some.EqualTo(SnapshotFile.NameOf(LogBench.At(2, 1))));
        disk.FlipBit(SnapshotFile.NameOf(LogBench.At(4, 1)), 200 * 8);
        using var again = Open(disk);
        Assert.That(again.Damage, Does.Contain(SnapshotFile.NameOf(LogBench.At(4, 1))));
        Assert.That(again.Held, Is.EqualTo(new[] { LogBench.At(3, 1) }));
        again.RemoveDamaged();
        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.NameOf(LogBench.At(2, 1)), SnapshotFile.NameOf(LogBench.At(3, 1)) }));
        Assert.That(SnapshotStoreTests.ReadAll(again, LogBench.At(3, 1)), Is.EqualTo(second));
    }

    [Test]
    public void A_file_of_which_less_than_half_is_used_is_not_referred_to_for_ever()
    {
        var disk = LogBench.NewDisk();
        using var store = Open(disk);
        var state = SnapshotStoreTests.StateOf(20_000);
        SnapshotStoreTests.Write(store, LogBench.At(1, 1), state);
        state = [.. state.AsSpan(0, 6000), .. SnapshotStoreTests.StateOf(14_000)];
        for (var index = 2; index <= 3; index++)
            SnapshotStoreTests.Write(store, LogBench.At(index, 1), state);
        Assert.That(disk.List(), Has.Some.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))), "the first one was held itself when these referred to it");
        for (var index = 4; index <= 6; index++)
            SnapshotStoreTests.Write(store, LogBench.At(index, 1), state);

        Assert.That(disk.List(), Has.None.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))));
        Assert.That(SnapshotStoreTests.ReadAll(store, LogBench.At(6, 1)), Is.EqualTo(state));
    }

    [Test]
    public void The_files_of_a_snapshot_are_few_and_take_little_more_room_than_three_states()
    {
        var disk = LogBench.NewDisk();
        var random = new SimRandom(3);
        using var store = SnapshotStore.Open(disk, new ChunkSizes(Min: 512, TailBits: 9, Max: 4096));
        var state = SnapshotStoreTests.StateOf(60_000);
        var most = 0L;
        for (var index = 1; index <= 200; index++)
        {
            SnapshotStoreTests.Write(store, LogBench.At(index, 1), state = Changed(random, state));
            most = Math.Max(most, disk.BytesUsed);
            using var file = SnapshotFile.Open(disk, LogBench.At(index, 1), out _)!;
            Assert.That(file.Layout.Bases, Has.Length.LessThanOrEqualTo(SnapshotLayout.MaxBases));
        }

        Assert.That(disk.List(), Has.Count.LessThan(2 * SnapshotLayout.MaxBases));
        Assert.That(most, Is.LessThan(4 * 60_000));
        Assert.That(SnapshotStoreTests.ReadAll(store, LogBench.At(200, 1)), Is.EqualTo(state));
    }

    [Test]
    public void A_receiver_pulls_only_the_chunks_that_no_snapshot_here_holds_and_passes_by_none_that_is_damaged()
    {
        var state = SnapshotStoreTests.StateOf(40_000);
        var newer = (byte[])state.Clone();
        newer[30_000] ^= 1;
        using var source = Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(source, LogBench.At(9, 2), newer);
        var disk = LogBench.NewDisk();
        using var target = Open(disk);
        SnapshotStoreTests.Write(target, LogBench.At(4, 1), state);
        disk.FlipBit(SnapshotFile.NameOf(LogBench.At(4, 1)), 1000 * 8);
        var pulled = SnapshotStoreTests.Transfer(source, target, LogBench.At(9, 2));
        target.PublishReceived();

        Assert.That(pulled, Has.Count.InRange(4, 6), "manifest, list, the damaged chunk and the changed one, at which a cut may be another");
        Assert.That(target.Counters.Spared.Value, Is.EqualTo(SnapshotStoreTests.PiecesOf(source, LogBench.At(9, 2)) - pulled.Count).And.GreaterThan(100));
        Assert.That(target.Counters.Damaged.Value, Is.EqualTo(1));
        Assert.That(SnapshotStoreTests.ReadAll(target, LogBench.At(9, 2)), Is.EqualTo(newer));
    }

    [Test]
    public void What_a_transfer_refers_to_stays_while_own_snapshots_push_out_the_ones_it_belongs_to()
    {
        var disk = LogBench.NewDisk();
        var state = SnapshotStoreTests.StateOf(40_000);
        byte[] newer = [.. state, .. SnapshotStoreTests.StateOf(5000)];
        using var source = Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(source, LogBench.At(50, 2), newer);
        using (var target = Open(disk))
        {
            SnapshotStoreTests.Write(target, LogBench.At(1, 1), state);
            SnapshotStoreTests.Transfer(source, target, LogBench.At(50, 2), most: 3);
            for (var index = 2; index <= 4; index++)
                SnapshotStoreTests.Write(target, LogBench.At(index, 1), SnapshotStoreTests.StateOf(index * 100));
            Assert.That(disk.List(), Has.Some.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))), "the transfer needs it");
            SnapshotStoreTests.Transfer(source, target, LogBench.At(50, 2));
            target.PublishReceived();
        }

        disk.Crash();
        using var again = Open(disk);
        Assert.That(again.Damage, Is.Null);
        Assert.That(SnapshotStoreTests.ReadAll(again, LogBench.At(50, 2)), Is.EqualTo(newer));
    }

    [Test]
    public void A_transfer_given_up_sets_free_what_only_it_needed()
    {
        var disk = LogBench.NewDisk();
        using var source = Open(LogBench.NewDisk());
        SnapshotStoreTests.Write(source, LogBench.At(50, 2), [.. SnapshotStoreTests.StateOf(40_000), .. SnapshotStoreTests.StateOf(5000)]);
        using var target = Open(disk);
        SnapshotStoreTests.Write(target, LogBench.At(1, 1), SnapshotStoreTests.StateOf(40_000));
        SnapshotStoreTests.Transfer(source, target, LogBench.At(50, 2), most: 3);
        for (var index = 2; index <= 4; index++)
            SnapshotStoreTests.Write(target, LogBench.At(index, 1), SnapshotStoreTests.StateOf(index * 100));
        target.AbandonReceive();

        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.NameOf(LogBench.At(3, 1)), SnapshotFile.NameOf(LogBench.At(4, 1)) }));
    }

    [Test]
    public void A_reader_goes_on_when_the_files_it_reads_are_gone()
    {
        var disk = LogBench.NewDisk();
        var state = SnapshotStoreTests.StateOf(40_000);
        using var store = Open(disk);
        SnapshotStoreTests.Write(store, LogBench.At(1, 1), state);
        SnapshotStoreTests.Write(store, LogBench.At(2, 1), state);
        using var reader = store.OpenReader(LogBench.At(2, 1));
        var read = new byte[state.Length];
        var count = reader.Read(read.AsSpan(0, 100));
        for (var index = 3; index <= 5; index++)
            SnapshotStoreTests.Write(store, LogBench.At(index, 1), SnapshotStoreTests.StateOf(index * 100));
        Assert.That(disk.List(), Has.None.EqualTo(SnapshotFile.NameOf(LogBench.At(1, 1))));
        for (var more = count; more > 0; count += more)
            more = reader.Read(read.AsSpan(count));

        Assert.That(read, Is.EqualTo(state));
    }

    [Test]
    public void Rot_in_a_chunk_that_both_snapshots_share_is_told_with_the_file_that_holds_it_and_nothing_is_removed()
    {
        var disk = LogBench.NewDisk();
        using (var store = Open(disk))
        {
            for (var index = 1; index <= 3; index++)
                SnapshotStoreTests.Write(store, LogBench.At(index, 1), SnapshotStoreTests.StateOf(20_000));
        }

        var before = disk.List();
        disk.FlipBit(SnapshotFile.NameOf(LogBench.At(1, 1)), 5000 * 8);
        using var again = Open(disk);
        Assert.That(again.Newest, Is.Null);
        Assert.That(again.Damage, Does.StartWith($"'{SnapshotFile.NameOf(LogBench.At(1, 1))}' is damaged at byte").And.Contain($"of '{SnapshotFile.NameOf(LogBench.At(3, 1))}'"));
        Assert.That(disk.List(), Is.EqualTo(before), "the evidence stays");
    }

    [Test]
    public void A_file_that_is_missing_is_told_by_its_name()
    {
        var disk = LogBench.NewDisk();
        using (var store = Open(disk))
        {
            for (var index = 1; index <= 3; index++)
                SnapshotStoreTests.Write(store, LogBench.At(index, 1), SnapshotStoreTests.StateOf(20_000));
        }

        disk.Delete(SnapshotFile.NameOf(LogBench.At(1, 1)));
        using var again = Open(disk);
        Assert.That(again.Damage, Is.EqualTo($"'{SnapshotFile.NameOf(LogBench.At(1, 1))}', in which chunks of '{SnapshotFile.NameOf(LogBench.At(3, 1))}' stand, is not there"));
    }

    [Test]
    public void A_crash_at_any_operation_of_taking_one_that_shares_leaves_the_older_or_the_new_one_and_no_file_too_many([Values] CrashMoment moment, [Values] bool powerCut)
    {
        var (kept, crashes) = (0, 0);
        for (var operation = 1L; operation < 100; operation++)
        {
            var disk = LogBench.NewDisk((ulong)operation);
            using var store = Open(disk);
            var states = new List<byte[]> { SnapshotStoreTests.StateOf(6000) };
            for (var index = 1; index <= 3; index++)
            {
                states.Add(index == 2 ? SnapshotStoreTests.StateOf(5000) : [.. SnapshotStoreTests.StateOf(6000), (byte)index]);
                SnapshotStoreTests.Write(store, LogBench.At(index, 1), states[index]);
            }

            states.Add([.. SnapshotStoreTests.StateOf(6000), .. SnapshotStoreTests.StateOf(1500)]);
            disk.CrashAt(operation, moment);
            try
            {
                SnapshotStoreTests.Write(store, LogBench.At(4, 1), states[4], portion: 500);
                break; // There are no more operations than this.
            }
            catch (SimulatedCrashException)
            {
                crashes++;
            }

            if (powerCut)
                disk.Crash();
            else
                disk.Kill();
            using var again = Open(disk);
            Assert.That(again.Damage, Is.Null, $"operation {operation}");
            var newest = (int)again.Newest!.Position.Index.Value;
            Assert.That(newest, Is.InRange(3, 4), $"operation {operation}");
            kept += newest == 3 ? 1 : 0;
            foreach (var held in again.Held)
                Assert.That(SnapshotStoreTests.ReadAll(again, held), Is.EqualTo(states[(int)held.Index.Value]), $"operation {operation}, {held}");
            Assert.That(again.Held, Has.Count.EqualTo(2));
            Assert.That(disk.List(), Has.Count.LessThanOrEqualTo(3).And.All.EndsWith(".snap"));
        }

        Assert.That(kept, Is.InRange(3, crashes - 1), "some crashes came before the new one counted, some after");
    }

    private static SnapshotStore Open(SimDisk disk) => SnapshotStore.Open(disk, Small);

    /// <summary>A state of about the same length of which a few bytes are others, somewhere.</summary>
    private static byte[] Changed(SimRandom random, byte[] state)
    {
        var start = random.Below(state.Length - 100);
        var put = new byte[random.Below(60)];
        random.Fill(put);
        return [.. state.AsSpan(0, start), .. put, .. state.AsSpan(start + random.Below(60))];
    }
}
