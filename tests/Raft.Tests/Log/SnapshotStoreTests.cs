using System.Buffers;
using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

[TestFixture]
internal sealed class SnapshotStoreTests
{
    private static readonly byte[] Members = [1, 2, 3, 4, 5];

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(SnapshotChunk.MaxLength)]
    [TestCase((2 * SnapshotChunk.MaxLength) + 12_345)]
    public void A_snapshot_reads_back_as_it_was_written(int length)
    {
        var disk = LogBench.NewDisk();
        var state = StateOf(length);
        using (var store = SnapshotStore.Open(disk))
            Write(store, LogBench.At(40, 3), state);
        disk.Crash();

        using var again = SnapshotStore.Open(disk);
        Assert.That(again.Damage, Is.Null);
        Assert.That(again.Newest!.Position, Is.EqualTo(LogBench.At(40, 3)));
        Assert.That(again.Newest.Description.Time, Is.EqualTo(40_000));
        Assert.That(again.Newest.Description.StateHash, Is.EqualTo(0xABCDUL));
        Assert.That(again.Newest.Description.Members.ToArray(), Is.EqualTo(Members));
        Assert.That(again.Newest.Length, Is.EqualTo(length));
        Assert.That(ReadAll(again, LogBench.At(40, 3)).AsSpan().SequenceEqual(state), Is.True);
    }

    [Test]
    public void Equal_states_give_equal_files_however_they_were_portioned()
    {
        var state = StateOf(1_500_000);
        var (first, second) = (LogBench.NewDisk(1), LogBench.NewDisk(2));
        using (var store = SnapshotStore.Open(first))
            Write(store, LogBench.At(9, 1), state, portion: 60_000);
        using (var store = SnapshotStore.Open(second))
            Write(store, LogBench.At(9, 1), state, portion: 999);
        var name = SnapshotFile.NameOf(LogBench.At(9, 1));
        Assert.That(first.Bytes(name).AsSpan().SequenceEqual(second.Bytes(name)), Is.True);
    }

    [Test]
    public void The_newest_two_are_kept_and_leftovers_are_removed()
    {
        var disk = LogBench.NewDisk();
        using (var store = SnapshotStore.Open(disk))
        {
            for (var index = 1; index <= 4; index++)
                Write(store, LogBench.At(index * 10, 1), StateOf(100 + index));
            Assert.That(store.Held, Is.EqualTo(new[] { LogBench.At(30, 1), LogBench.At(40, 1) }));
            using var unfinished = store.BeginWrite(new(LogBench.At(50, 1), 0, 0, default));
            Assert.That(disk.List(), Has.Count.EqualTo(3));
        }

        using var again = SnapshotStore.Open(disk);
        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.NameOf(LogBench.At(30, 1)), SnapshotFile.NameOf(LogBench.At(40, 1)) }));
        Assert.That(again.Newest!.Position, Is.EqualTo(LogBench.At(40, 1)));
    }

    [Test]
    public void One_bit_changed_anywhere_in_the_newest_makes_the_older_one_count()
    {
        var disk = LogBench.NewDisk();
        using (var store = SnapshotStore.Open(disk))
        {
            Write(store, LogBench.At(10, 1), StateOf(300));
            Write(store, LogBench.At(20, 1), StateOf(301));
        }

        var name = SnapshotFile.NameOf(LogBench.At(20, 1));
        var size = disk.Bytes(name).Length;
        for (var bit = 0L; bit < size * 8L; bit += 3)
        {
            var damaged = disk.Clone(new SimRandom(1));
            damaged.FlipBit(name, bit);
            using var store = SnapshotStore.Open(damaged);
            Assert.That(store.Newest!.Position, Is.EqualTo(LogBench.At(10, 1)), $"bit {bit}");
            Assert.That(store.Damage, Does.Contain(name));
        }
    }

    [Test]
    public void A_transfer_takes_pieces_in_order_from_whoever_has_them_and_goes_on_where_it_stopped()
    {
        var state = StateOf((2 * SnapshotChunk.MaxLength) + 77);
        var (giver, taker) = (LogBench.NewDisk(1), LogBench.NewDisk(2));
        using var source = SnapshotStore.Open(giver);
        Write(source, LogBench.At(70, 5), state);
        using var target = SnapshotStore.Open(taker);
        var position = LogBench.At(70, 5);

        var receiver = target.BeginReceive(position);
        Assert.That(receiver.Accept(1, Piece(source, position, 1)), Is.EqualTo(PieceOutcome.NotNext));
        var broken = Piece(source, position, 0);
        broken[20] ^= 4;
        Assert.That(receiver.Accept(0, broken), Is.EqualTo(PieceOutcome.Damaged));
        Assert.That(Offer(receiver, 0, Piece(source, position, 0)), Is.EqualTo(PieceOutcome.Taken));
        Assert.That(receiver.Accept(0, Piece(source, position, 0)), Is.EqualTo(PieceOutcome.NotNext));
        Assert.That(Offer(receiver, 1, Piece(source, position, 1)), Is.EqualTo(PieceOutcome.Taken));
        broken = Piece(source, position, 2);
        broken[1000] ^= 4;
        Assert.That(receiver.Accept(2, broken), Is.EqualTo(PieceOutcome.Damaged));
        Assert.That(receiver.Accept(2, Piece(source, position, 3)), Is.EqualTo(PieceOutcome.Damaged), "whole, but another one");

        Assert.That(target.BeginReceive(position), Is.SameAs(receiver), "the transfer goes on");
        Assert.That(Transfer(source, target, position), Is.EqualTo(Enumerable.Range(2, PiecesOf(source, position) - 2)));
        Assert.That(target.Newest, Is.Null, "not held before it is decided that it takes the log's place");
        target.PublishReceived();
        Assert.That(target.Newest!.Position, Is.EqualTo(position));
        taker.Crash();

        using var again = SnapshotStore.Open(taker);
        Assert.That(ReadAll(again, position).AsSpan().SequenceEqual(state), Is.True);
        var name = SnapshotFile.NameOf(position);
        Assert.That(giver.Bytes(name).AsSpan().SequenceEqual(taker.Bytes(name)), Is.True);
    }

    [Test]
    public void A_received_snapshot_that_is_not_wanted_pushes_out_none_that_is_held()
    {
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        Write(source, LogBench.At(9, 2), StateOf(10));
        var disk = LogBench.NewDisk();
        using (var target = SnapshotStore.Open(disk))
        {
            Write(target, LogBench.At(5, 1), StateOf(5));
            Transfer(source, target, LogBench.At(9, 2));
            Write(target, LogBench.At(6, 1), StateOf(6));
            Assert.That(target.Held, Is.EqualTo(new[] { LogBench.At(5, 1), LogBench.At(6, 1) }));
        }

        using var again = SnapshotStore.Open(disk);
        Assert.That(again.Newest!.Position, Is.EqualTo(LogBench.At(6, 1)));
    }

    [Test]
    public void Another_position_gives_up_the_transfer_under_way()
    {
        var disk = LogBench.NewDisk();
        using var source = SnapshotStore.Open(disk);
        Write(source, LogBench.At(5, 1), StateOf(10));
        Write(source, LogBench.At(6, 1), StateOf(20));
        using var target = SnapshotStore.Open(LogBench.NewDisk());
        var first = target.BeginReceive(LogBench.At(5, 1));
        first.Accept(0, Piece(source, LogBench.At(5, 1), 0));
        var second = target.BeginReceive(LogBench.At(6, 1));
        Assert.That(first.Accept(1, Piece(source, LogBench.At(5, 1), 1)), Is.EqualTo(PieceOutcome.NotNext));
        Assert.That(second.NextPiece, Is.Zero);
        Assert.That(source.ReadPiece(LogBench.At(7, 1), 0, new ArrayBufferWriter<byte>()), Is.Zero);
        Assert.That(source.ReadPiece(LogBench.At(6, 1), 3, new ArrayBufferWriter<byte>()), Is.Zero);
    }

    [Test]
    public void A_receiver_that_crashes_half_way_goes_on_with_the_chunks_that_are_whole([Values] bool powerCut, [Range(1, 6)] int seed)
    {
        var position = LogBench.At(70, 5);
        var state = StateOf((3 * SnapshotChunk.MaxLength) + 77);
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        Write(source, position, state);
        var disk = LogBench.NewDisk((ulong)seed);
        using (var target = SnapshotStore.Open(disk))
            Transfer(source, target, position, most: 7);
        disk.SyncFolder();
        if (powerCut)
            disk.Crash();
        else
            disk.Kill();
        var pieces = PiecesOf(source, position);
        using (var again = SnapshotStore.Open(disk))
        {
            var pulled = Transfer(source, again, position);
            Assert.That(pulled.Take(2), Is.EqualTo(new[] { 0, 1 }), "manifest and list are asked for again");
            Assert.That(pulled, powerCut ? Has.Count.InRange(pieces - 5, pieces) : Is.EqualTo(Enumerable.Range(0, 2).Concat(Enumerable.Range(7, pieces - 7))));
            again.PublishReceived();
        }

        disk.Crash();
        using var last = SnapshotStore.Open(disk);
        Assert.That(last.Damage, Is.Null);
        Assert.That(ReadAll(last, position).AsSpan().SequenceEqual(state), Is.True);
    }

    [Test]
    public void A_chunk_that_changed_on_disk_is_fetched_again_with_all_behind_it()
    {
        var position = LogBench.At(70, 5);
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        Write(source, position, StateOf(2 * SnapshotChunk.MaxLength));
        var disk = LogBench.NewDisk();
        using (var target = SnapshotStore.Open(disk))
            Transfer(source, target, position, most: 6);

        disk.FlipBit(SnapshotFile.PartNameOf(position), (Piece(source, position, 2).Length * 8L) + 300);
        using var again = SnapshotStore.Open(disk);
        Assert.That(Transfer(source, again, position), Is.EqualTo(new[] { 0, 1 }.Concat(Enumerable.Range(3, PiecesOf(source, position) - 3))));
    }

    [Test]
    public void A_part_that_nobody_asks_for_goes_when_another_is_begun_or_a_newer_snapshot_is_held()
    {
        using var source = SnapshotStore.Open(LogBench.NewDisk());
        Write(source, LogBench.At(40, 2), StateOf(900_000));
        Write(source, LogBench.At(50, 2), StateOf(900_001));
        var disk = LogBench.NewDisk();
        Begin(disk, source, 40);
        Begin(disk, source, 50);
        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.PartNameOf(LogBench.At(50, 2)) }), "one part at the most");
        using (var target = SnapshotStore.Open(disk))
            Write(target, LogBench.At(60, 2), StateOf(10));
        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.NameOf(LogBench.At(60, 2)) }));
        Begin(disk, source, 50);
        using var again = SnapshotStore.Open(disk);
        Assert.That(disk.List(), Is.EqualTo(new[] { SnapshotFile.NameOf(LogBench.At(60, 2)) }), "it is older than what is held");
    }

    private static void Begin(SimDisk disk, SnapshotStore source, long index)
    {
        using var target = SnapshotStore.Open(disk);
        Transfer(source, target, LogBench.At(index, 2), most: 3);
    }

    [Test]
    public void A_crash_at_any_operation_of_taking_leaves_the_older_or_the_new_one_whole([Values] CrashMoment moment)
    {
        var state = StateOf(5 * SnapshotChunk.MaxLength / 2);
        var operations = OperationsOfTaking(state);
        Assert.That(operations, Is.GreaterThan(5));
        for (var operation = 1L; operation <= 2 * operations; operation++)
        {
            var disk = LogBench.NewDisk((ulong)operation);
            using var store = SnapshotStore.Open(disk);
            Write(store, LogBench.At(10, 1), StateOf(500));
            Write(store, LogBench.At(20, 1), StateOf(600));
            disk.CrashAt((operation + 1) / 2, moment);
            Assert.That(() => Write(store, LogBench.At(30, 1), state, portion: 65_536), Throws.TypeOf<SimulatedCrashException>());
            if (operation % 2 == 0)
                disk.Crash();
            else
                disk.Kill();
            using var again = SnapshotStore.Open(disk);
            Assert.That(again.Damage, Is.Null, $"operation {operation}");
            Assert.That(again.Newest!.Position.Index.Value, Is.EqualTo(20).Or.EqualTo(30), $"operation {operation}");
            var expected = again.Newest.Position.Index.Value == 30 ? state : StateOf(600);
            Assert.That(ReadAll(again, again.Newest.Position).AsSpan().SequenceEqual(expected), Is.True);
            Assert.That(disk.List(), Has.All.EndsWith(".snap"));
            disk.Crash();
            using var third = SnapshotStore.Open(disk);
            Assert.That(third.Newest!.Position, Is.EqualTo(again.Newest.Position), $"operation {operation}: what one start saw the next must see");
        }
    }

    private static long OperationsOfTaking(byte[] state)
    {
        var disk = LogBench.NewDisk();
        using var store = SnapshotStore.Open(disk);
        Write(store, LogBench.At(10, 1), StateOf(500));
        Write(store, LogBench.At(20, 1), StateOf(600));
        var before = disk.Operations;
        Write(store, LogBench.At(30, 1), state, portion: 65_536);
        return disk.Operations - before;
    }

    internal static byte[] StateOf(int length)
    {
        var state = new byte[length];
        new SimRandom((ulong)length).Fill(state);
        return state;
    }

    internal static void Write(SnapshotStore store, LogPosition position, byte[] state, int portion = 10_000)
    {
        using var writer = store.BeginWrite(new(position, position.Index.Value * 1000, 0xABCD, Members));
        for (var offset = 0; offset < state.Length; offset += portion)
        {
            var piece = state.AsSpan(offset, Math.Min(portion, state.Length - offset));
            piece.CopyTo(writer.GetSpan(piece.Length));
            writer.Advance(piece.Length);
        }

        Assert.That(writer.Finish().Position, Is.EqualTo(position));
    }

    internal static byte[] Piece(SnapshotStore store, LogPosition position, int piece)
    {
        var bytes = new ArrayBufferWriter<byte>();
        Assert.That(store.ReadPiece(position, piece, bytes), Is.GreaterThan(piece));
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Offers a piece, and looks at what is here already.</summary>
    internal static PieceOutcome Offer(SnapshotReceiver receiver, int piece, byte[] bytes)
    {
        var outcome = receiver.Accept(piece, bytes);
        while (receiver.IsLooking)
            outcome = receiver.Look();
        return outcome;
    }

    /// <summary>Pulls pieces until the snapshot is whole, or so many; which ones were pulled.</summary>
    internal static List<int> Transfer(SnapshotStore source, SnapshotStore target, LogPosition position, int most = int.MaxValue)
    {
        var pulled = new List<int>();
        var receiver = target.BeginReceive(position);
        while (pulled.Count < most)
        {
            var piece = receiver.NextPiece;
            pulled.Add(piece);
            var outcome = Offer(receiver, piece, Piece(source, position, piece));
            if (outcome == PieceOutcome.Finished)
                break;
            Assert.That(outcome, Is.EqualTo(PieceOutcome.Taken));
        }

        return pulled;
    }

    internal static int PiecesOf(SnapshotStore store, LogPosition position) => store.ReadPiece(position, 0, new ArrayBufferWriter<byte>());

    internal static byte[] ReadAll(SnapshotStore store, LogPosition position)
    {
        using var reader = store.OpenReader(position);
        var bytes = new List<byte>();
        var buffer = new byte[7777];
        for (var count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
            bytes.AddRange(buffer.AsSpan(0, count));
        return [.. bytes];
    }
}
