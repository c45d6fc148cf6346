using RaftStream.Raft.Core;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Wire;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Wire;

internal sealed class PeerFrameTests
{
    private readonly EntryShape[] _shapes = new EntryShape[8];

    [Test]
    public void A_message_reads_back_as_it_was_written()
    {
        var random = new SimRandom(1);
        for (var round = 0; round < 1000; round++)
        {
            var message = new Message
            {
                Kind = (MessageKind)random.Between(1, 7),
                From = new(1),
                To = new(2),
                Term = new(random.Below(long.MaxValue)),
                Position = new(new(random.Below(long.MaxValue)), new(random.Below(long.MaxValue))),
                Commit = new(random.Below(long.MaxValue)),
                Match = new(random.Below(long.MaxValue)),
                Round = random.Below(long.MaxValue),
                Accepted = random.Chance(0.5),
            };
            var frame = new byte[PeerFrame.MessageSize];
            PeerFrame.WriteMessage(frame, message);
            Assert.That(PeerFrame.TryReadMessage(frame, new(1), new(2), _shapes, out var read), Is.True);
            Assert.That(read, Is.EqualTo(message));
        }
    }

    [Test]
    public void An_append_cut_at_any_length_is_refused()
    {
        var frame = AppendFrame();
        Assert.That(PeerFrame.TryReadMessage(frame, new(1), new(2), _shapes, out _), Is.True);
        for (var length = 0; length < frame.Length; length++)
            Assert.That(PeerFrame.TryReadMessage(frame.AsSpan(0, length), new(1), new(2), _shapes, out _), Is.False, $"{length} bytes");
    }

    [Test]
    public void An_append_with_any_bit_of_its_records_flipped_is_refused_unless_it_is_padding()
    {
        var frame = AppendFrame();
        var accepted = 0;
        for (var bit = PeerFrame.MessageSize * 8; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            accepted += PeerFrame.TryReadMessage(frame, new(1), new(2), _shapes, out _) ? 1 : 0;
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.That(accepted, Is.EqualTo(3 * 4 * 8), "three records with four bytes of padding each");
    }

    [Test]
    public void More_entries_than_there_is_room_for_are_refused() =>
        Assert.That(PeerFrame.TryReadMessage(AppendFrame(), new(1), new(2), new EntryShape[2], out _), Is.False);

    [Test]
    public void Random_bytes_never_throw()
    {
        var random = new SimRandom(2);
        var sound = AppendFrame();
        for (var round = 0; round < 20_000; round++)
        {
            var frame = new byte[random.Below(200)];
            random.Fill(frame);
            if (random.Chance(0.7))
                sound.AsSpan(0, Math.Min(random.Below(100), frame.Length)).CopyTo(frame);
            Assert.That(
                () =>
                {
                    PeerFrame.TryReadMessage(frame, new(1), new(2), _shapes, out _);
                    PeerFrame.TryReadChunk(frame, out _);
                },
                Throws.Nothing);
        }
    }

    [Test]
    public void A_chunk_reads_back_and_one_cut_short_or_out_of_range_is_refused()
    {
        var frame = new byte[PeerFrame.ChunkHeaderSize];
        var id = new ChunkId(LogBench.At(12, 3), 7);
        PeerFrame.WriteChunk(frame, PeerFrameType.Chunk, id);
        Assert.That(PeerFrame.TryReadChunk(frame, out var read), Is.True);
        Assert.That(read, Is.EqualTo(id));
        for (var length = 0; length < frame.Length; length++)
            Assert.That(PeerFrame.TryReadChunk(frame.AsSpan(0, length), out _), Is.False);
        PeerFrame.WriteChunk(frame, PeerFrameType.Chunk, id with { Chunk = -1 });
        Assert.That(PeerFrame.TryReadChunk(frame, out _), Is.False);
    }

    private static byte[] AppendFrame()
    {
        byte[] records = [.. LogBench.Entry(5, 1).ToBytes(), .. LogBench.Entry(6, 1).ToBytes(), .. LogBench.Entry(7, 2).ToBytes()];
        var frame = new byte[PeerFrame.MessageSize + records.Length];
        PeerFrame.WriteMessage(frame, new() { Kind = MessageKind.Append, From = new(1), To = new(2), Term = new(2), Position = LogBench.At(4, 1), Count = 3 });
        records.CopyTo(frame.AsSpan(PeerFrame.MessageSize));
        return frame;
    }
}
