using System.Buffers.Binary;
using System.IO.Pipelines;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class FrameTests
{
    [Test]
    public void A_frame_is_on_the_wire_as_documented_to_the_byte()
    {
        byte[] wire = Sealed([7, 0, 0, 0, 0xAA, 0xBB]);
        Assert.That(wire, Has.Length.EqualTo(18));
        Assert.That(wire[..4], Is.EqualTo(new byte[] { 6, 0, 0, 0 }), "length");
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(wire.AsSpan(4)), Is.EqualTo(Crc32C.Of(wire.AsSpan(8))), "checksum of the rest");
        Assert.That(wire[8..], Is.EqualTo(new byte[] { 0, 0, 0, 0, 7, 0, 0, 0, 0xAA, 0xBB }), "group, type, zeros, body");
    }

    [Test]
    public async Task Frames_come_out_as_they_went_in_however_the_bytes_are_cut()
    {
        byte[][] frames = [Loopback.NumberedFrame(1, 1), Loopback.NumberedFrame(2, 2, 300), [9, 0, 0, 0], Loopback.NumberedFrame(3, 3, 70_000)];
        var wire = Sealed(frames);
        foreach (var piece in new[] { 1, 3, 12, 13, 16, 1000, 65_536, wire.Length })
        {
            using var reader = Reader(new PiecewiseStream(wire, piece), Lane.Bulk);
            foreach (var frame in frames)
            {
                Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.None));
                Assert.That(reader.Current, Is.EqualTo(frame), $"in pieces of {piece}");
            }

            Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.Ended));
        }
    }

    [Test]
    public async Task No_flipped_bit_gets_through()
    {
        var wire = Sealed(Loopback.NumberedFrame(4, 4, 40));
        for (var bit = 0; bit < wire.Length * 8; bit++)
        {
            var damaged = wire.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            using var reader = Reader(new MemoryStream(damaged), Lane.Control);
            Assert.That(await reader.ReadAsync(), Is.Not.EqualTo(FrameFault.None).And.Not.EqualTo(FrameFault.Ended), $"bit {bit}");
        }
    }

    [Test]
    public async Task A_connection_that_ends_inside_a_frame_gives_no_frame()
    {
        var wire = Sealed(Loopback.NumberedFrame(4, 4, 40));
        for (var length = 1; length < wire.Length; length++)
        {
            using var reader = Reader(new MemoryStream(wire[..length]), Lane.Control);
            Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.CutShort), $"{length} bytes");
        }
    }

    [TestCase(Lane.Control, 0u, nameof(FrameFault.TooShort))]
    [TestCase(Lane.Control, 3u, nameof(FrameFault.TooShort))]
    [TestCase(Lane.Control, 65_537u, nameof(FrameFault.TooLong))]
    [TestCase(Lane.Snapshot, 2_097_153u, nameof(FrameFault.TooLong))]
    [TestCase(Lane.Bulk, 16_777_217u, nameof(FrameFault.TooLong))]
    [TestCase(Lane.Bulk, 0xFFFF_FFFFu, nameof(FrameFault.TooLong))]
    public async Task A_length_out_of_the_lanes_bounds_is_refused_from_the_header_alone(Lane lane, uint length, string expected)
    {
        var header = new byte[Frame.OuterSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, length);
        using var reader = Reader(new MemoryStream(header), lane);
        var fault = await reader.ReadAsync();
        Assert.That(fault.ToString(), Is.EqualTo(expected));
        Assert.That(Frame.Describe(fault, lane), Does.StartWith("a frame announces"));
    }

    [TestCase(Lane.Control)]
    [TestCase(Lane.Bulk)]
    [TestCase(Lane.Snapshot)]
    public async Task A_lanes_largest_frame_is_read_whole(Lane lane)
    {
        var frame = Loopback.NumberedFrame(5, 5, Frame.Largest(lane) - Frame.HeadSize);
        using var reader = Reader(new PiecewiseStream(Sealed(frame), 50_000), lane);
        Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.None));
        Assert.That(reader.Current.AsSpan().SequenceEqual(frame), Is.True);
    }

    [Test]
    public async Task A_frame_for_another_group_is_refused()
    {
        var wire = Sealed(Loopback.NumberedFrame(4, 4));
        wire[8] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(wire.AsSpan(4), Crc32C.Of(wire.AsSpan(8)));
        using var reader = Reader(new MemoryStream(wire), Lane.Control);
        Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.OtherGroup));
    }

    [Test]
    public void Announcing_much_and_sending_little_costs_little()
    {
        var hostile = new byte[Frame.OuterSize + 10];
        BinaryPrimitives.WriteUInt32LittleEndian(hostile, (uint)Frame.Largest(Lane.Bulk));
        ReadOnce(hostile);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = ReadOnce(hostile);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(256 * 1024));
        Assert.That(fault, Is.EqualTo(FrameFault.CutShort));
    }

    [Test]
    public void Steady_large_frames_cost_one_array_each()
    {
        const int Body = 1024 * 1024;
        var frame = Loopback.NumberedFrame(6, 6, Body);
        using var reader = Reader(new MemoryStream(Sealed(frame, frame, frame)), Lane.Bulk);
        Assert.That(Completed(reader.ReadAsync()), Is.EqualTo(FrameFault.None));
        Assert.That(Completed(reader.ReadAsync()), Is.EqualTo(FrameFault.None));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Completed(reader.ReadAsync()), Is.EqualTo(FrameFault.None));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Body + 16_384));
    }

    [Test]
    public async Task A_frame_without_room_is_passed_over_and_the_next_one_is_read()
    {
        byte[][] frames = [Loopback.NumberedFrame(1, 1, 100), Loopback.NumberedFrame(2, 2, 300_000), Loopback.NumberedFrame(3, 3)];
        var budget = new ReceiveBudget();
        var hoard = (int)(ReceiveBudget.MaxBytes / 2) - 200_000;
        Assert.That(budget.TryBegin(new(2), Lane.Bulk, hoard), Is.True);
        using var reader = new FrameReader(new PiecewiseStream(Sealed(frames), 1000), new(2), Lane.Bulk, budget, TimeSpan.FromSeconds(30), CancellationToken.None);
        Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.None));
        Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.NoRoom), "300,000 bytes find no room");
        Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.None));
        Assert.That(reader.Current, Is.EqualTo(frames[2]));
        Assert.That(budget.Bytes, Is.EqualTo(hoard + frames[0].Length + frames[2].Length), "nothing is held for the frame passed over");
    }

    [Test]
    public async Task A_large_frame_takes_from_the_budget_only_what_has_arrived()
    {
        var wire = Sealed(Loopback.NumberedFrame(1, 1, 16_000_000));
        var pipe = new Pipe(new(pauseWriterThreshold: 0));
        var budget = new ReceiveBudget();
        using var reader = new FrameReader(pipe.Reader.AsStream(), new(2), Lane.Bulk, budget, TimeSpan.FromSeconds(30), CancellationToken.None);
        var read = reader.ReadAsync().AsTask();
        await pipe.Writer.WriteAsync(wire.AsMemory(0, 400_000));
        await Wait.UntilAsync(() => budget.Bytes > 400_000, "what arrived is in memory");
        Assert.That(budget.Bytes, Is.LessThan(1_000_000));
        await pipe.Writer.CompleteAsync();
        Assert.That(await read, Is.EqualTo(FrameFault.CutShort));
        Assert.That((budget.Bytes, budget.Frames), Is.EqualTo((0L, 0)), "all of it was returned");
    }

    [TestCase(5)]
    [TestCase(100)]
    [TestCase(200_000)]
    public async Task A_frame_that_is_never_complete_ends_its_connection(int arrived)
    {
        var pipe = new Pipe(new(pauseWriterThreshold: 0));
        var budget = new ReceiveBudget();
        using var reader = new FrameReader(pipe.Reader.AsStream(), new(2), Lane.Bulk, budget, TimeSpan.FromMilliseconds(50), CancellationToken.None);
        await pipe.Writer.WriteAsync(Sealed(Loopback.NumberedFrame(1, 1, 300_000)).AsMemory(0, arrived));
        Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.TooSlow));
        Assert.That(budget.Bytes, Is.Zero);
    }

    private static FrameReader Reader(Stream stream, Lane lane) =>
        new(stream, new(2), lane, new(), TimeSpan.FromSeconds(30), CancellationToken.None);

    private static FrameFault ReadOnce(byte[] wire)
    {
        using var reader = Reader(new MemoryStream(wire), Lane.Bulk);
        return Completed(reader.ReadAsync());
    }

    private static FrameFault Completed(ValueTask<FrameFault> read)
    {
        Assert.That(read.IsCompleted, Is.True, "a memory stream never makes its reader wait");
        return read.GetAwaiter().GetResult();
    }

    private static byte[] Sealed(params byte[][] frames)
    {
        var wire = new byte[frames.Sum(frame => Frame.OuterSize + frame.Length)];
        var place = 0;
        foreach (var frame in frames)
        {
            Frame.WriteOuter(wire.AsSpan(place), frame.Length);
            frame.CopyTo(wire, place + Frame.OuterSize);
            place += Frame.OuterSize + frame.Length;
        }

        Assert.That(Frame.Seal(wire), Is.EqualTo(frames.Length));
        return wire;
    }

    /// <summary>Gives at most so many bytes a read.</summary>
    private sealed class PiecewiseStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
