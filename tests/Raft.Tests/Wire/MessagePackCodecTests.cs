using System.Buffers;
using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>What the vectors do not reach: random values there and back, bytes nobody vouches for, and headers that lie.</summary>
[TestFixture]
public sealed class MessagePackCodecTests
{
    private static readonly long[] Edges =
    [
        0, 1, -1, 127, 128, -32, -33, 255, 256, -128, -129, 65_535, 65_536, -32_768, -32_769,
        int.MaxValue, int.MinValue, uint.MaxValue, uint.MaxValue + 1L, int.MinValue - 1L, long.MaxValue, long.MinValue,
    ];

    [Test]
    public void Integers_come_back_through_every_size_and_its_neighbours()
    {
        foreach (var edge in Edges)
        {
            for (var step = -2; step <= 2; step++)
            {
                var value = unchecked(edge + step);
                var output = new ArrayBufferWriter<byte>();
                new MessagePackWriter(output).Write(value);
                var reader = new MessagePackReader(output.WrittenSpan);
                Assert.That(reader.TryReadInt64(out var back), Is.True);
                Assert.That(back, Is.EqualTo(value));
                Assert.That(reader.Remaining, Is.Zero);
            }
        }
    }

    [Test]
    public void An_integer_outside_the_range_that_was_asked_for_is_not_read()
    {
        var output = new ArrayBufferWriter<byte>();
        new MessagePackWriter(output).Write(ulong.MaxValue);
        var large = new MessagePackReader(output.WrittenSpan);
        Assert.That(large.TryReadInt64(out _), Is.False);
        Assert.That(large.TryReadUInt64(out var all), Is.True);
        Assert.That(all, Is.EqualTo(ulong.MaxValue));

        var negative = new MessagePackReader([0xFF]);
        Assert.That(negative.TryReadUInt64(out _), Is.False);
        Assert.That(negative.Position, Is.Zero);
        Assert.That(negative.TryReadInt64(out var minusOne), Is.True);
        Assert.That(minusOne, Is.EqualTo(-1));
    }

    [Test]
    public void Random_trees_come_back_as_they_were_written()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var output = new ArrayBufferWriter<byte>();
            Tree(new MessagePackWriter(output), new Random(seed), 5);
            var copy = new ArrayBufferWriter<byte>();
            var reader = new MessagePackReader(output.WrittenSpan);
            Assert.That(TryCopy(ref reader, new MessagePackWriter(copy)), Is.True, $"seed {seed}");
            Assert.That(reader.Remaining, Is.Zero);
            Assert.That(copy.WrittenSpan.SequenceEqual(output.WrittenSpan), Is.True, $"seed {seed}");
            var skipper = new MessagePackReader(output.WrittenSpan);
            Assert.That(skipper.TrySkip() && skipper.Remaining == 0, Is.True, $"seed {seed}");
        }
    }

    [Test]
    public void Random_bytes_never_throw_and_a_failed_read_stays_where_it_was()
    {
        var random = new Random(7);
        var bytes = new byte[64];
        for (var round = 0; round < 100_000; round++)
        {
            random.NextBytes(bytes);
            var source = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            for (var method = 0; method < 12; method++)
            {
                var reader = new MessagePackReader(source);
                var read = TryRead(ref reader, method);
                Assert.That(reader.Position, read ? Is.InRange(1, source.Length) : Is.Zero, $"round {round}, method {method}");
            }
        }
    }

    [Test]
    public void A_count_beyond_what_is_left_is_refused_before_anyone_reserves_memory_for_it()
    {
        var array = new MessagePackReader([0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);
        Assert.That(array.TryReadArrayHeader(out _), Is.False);
        var map = new MessagePackReader([0x82, 0x01, 0x02, 0x03]);
        Assert.That(map.TryReadMapHeader(out _), Is.False);
        var text = new MessagePackReader([0xDB, 0x7F, 0xFF, 0xFF, 0xFF, 0x61]);
        Assert.That(text.TryReadStringBytes(out _), Is.False);
        var window = new MessagePackReader([0xDD, 0x00, 0x00, 0x01, 0x00], following: 256);
        Assert.That(window.TryReadArrayHeader(out var count), Is.True);
        Assert.That(count, Is.EqualTo(256));
        var beyond = new MessagePackReader([0xDD, 0x00, 0x00, 0x01, 0x00], following: 255);
        Assert.That(beyond.TryReadArrayHeader(out _), Is.False);
        var bytes = new MessagePackReader([0xC5, 0x01, 0x00], following: 256);
        Assert.That(bytes.TryReadBinaryHeader(out var length), Is.True);
        Assert.That((length, bytes.Position), Is.EqualTo((256, 3)));
        var cut = new MessagePackReader([0xC5, 0x01, 0x00], following: 255);
        Assert.That(cut.TryReadBinaryHeader(out _), Is.False);
        var textInstead = new MessagePackReader([0xA1, 0x61]);
        Assert.That(textInstead.TryReadBinaryHeader(out _), Is.False);
    }

    [Test]
    public void Values_that_nest_too_deep_are_refused_and_a_million_levels_do_no_harm()
    {
        static byte[] Nested(int levels) => [.. Enumerable.Repeat((byte)0x91, levels), 0xC0];
        var deepest = new MessagePackReader(Nested(MessagePackReader.MaxDepth - 1));
        Assert.That(deepest.TrySkip(), Is.True);
        var deeper = new MessagePackReader(Nested(MessagePackReader.MaxDepth));
        Assert.That(deeper.TrySkip(), Is.False);
        var absurd = new MessagePackReader(Nested(1_000_000));
        Assert.That(absurd.TrySkip(), Is.False);
        Assert.That(absurd.Position, Is.Zero);
    }

    [Test]
    public void A_string_that_is_no_utf8_or_too_long_is_not_read_as_text()
    {
        var broken = new MessagePackReader([0xA2, 0xC3, 0x28]);
        Assert.That(broken.TryReadString(100, out _), Is.False);
        Assert.That(broken.Position, Is.Zero);
        Assert.That(broken.TryReadStringBytes(out var bytes), Is.True);
        Assert.That(bytes.Length, Is.EqualTo(2));
        var text = new MessagePackReader("\u00A3abc"u8.ToArray().Prepend((byte)0xA5).ToArray());
        Assert.That(text.TryReadString(4, out _), Is.False);
        Assert.That(text.TryReadString(5, out var whole), Is.True);
        Assert.That(whole, Is.EqualTo("\u00A3abc"));
    }

    [Test]
    public void Floats_come_back_bit_for_bit()
    {
        foreach (var value in new[] { 0.0, -0.0, double.NaN, double.PositiveInfinity, double.Epsilon, Math.PI })
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = new MessagePackWriter(output);
            writer.Write(value);
            writer.Write((float)value);
            var reader = new MessagePackReader(output.WrittenSpan);
            Assert.That(reader.TryReadDouble(out var wide) && reader.TryReadDouble(out var narrow) && reader.Remaining == 0
                && BitConverter.DoubleToInt64Bits(wide) == BitConverter.DoubleToInt64Bits(value)
                && BitConverter.SingleToInt32Bits((float)narrow) == BitConverter.SingleToInt32Bits((float)value), Is.True);
        }
    }

    private static bool TryRead(ref MessagePackReader reader, int method) => method switch
    {
        0 => reader.TryReadNil(),
        1 => reader.TryReadBoolean(out _),
        2 => reader.TryReadInt64(out _),
        3 => reader.TryReadUInt64(out _),
        4 => reader.TryReadDouble(out _),
        5 => reader.TryReadString(1_000, out _),
        6 => reader.TryReadBinary(out _),
        7 => reader.TryReadArrayHeader(out _),
        8 => reader.TryReadMapHeader(out _),
        9 => reader.TryReadExtension(out _, out _),
        10 => reader.TryReadBinaryHeader(out _),
        _ => reader.TrySkip(),
    };

    private static void Tree(MessagePackWriter writer, Random random, int depth)
    {
        var bytes = new byte[random.Next(10) == 0 ? random.Next(70_000) : random.Next(40)];
        random.NextBytes(bytes);
        switch (random.Next(depth == 0 ? 7 : 9))
        {
            case 0:
                writer.WriteNil();
                break;
            case 1:
                writer.Write(random.Next(2) == 0);
                break;
            case 2:
                writer.Write(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64));
                break;
            case 3:
                writer.Write(random.NextDouble());
                break;
            case 4:
                writer.WriteString(Encoding.Latin1.GetString(bytes));
                break;
            case 5:
                writer.WriteBinary(bytes);
                break;
            case 6:
                writer.WriteExtension((sbyte)random.Next(-128, 128), bytes);
                break;
            default:
                var count = random.Next(20);
                var map = random.Next(2) == 0;
                if (map)
                    writer.WriteMapHeader(count);
                else
                    writer.WriteArrayHeader(count);
                for (var child = 0; child < (map ? 2 * count : count); child++)
                    Tree(writer, random, depth - 1 > 2 ? 2 : depth - 1);
                break;
        }
    }

    private static bool TryCopy(ref MessagePackReader reader, MessagePackWriter writer)
    {
        var count = 0;
        var children = 0;
        switch (reader.NextType)
        {
            case MessagePackType.Nil:
                writer.WriteNil();
                return reader.TryReadNil();
            case MessagePackType.Boolean when reader.TryReadBoolean(out var boolean):
                writer.Write(boolean);
                return true;
            case MessagePackType.Integer when reader.TryReadInt64(out var integer):
                writer.Write(integer);
                return true;
            case MessagePackType.Float when reader.TryReadDouble(out var real):
                writer.Write(real);
                return true;
            case MessagePackType.String when reader.TryReadString(1_000_000, out var text):
                writer.WriteString(text);
                return true;
            case MessagePackType.Binary when reader.TryReadBinary(out var binary):
                writer.WriteBinary(binary);
                return true;
            case MessagePackType.Extension when reader.TryReadExtension(out var type, out var extension):
                writer.WriteExtension(type, extension);
                return true;
            case MessagePackType.Array when reader.TryReadArrayHeader(out count):
                writer.WriteArrayHeader(count);
                children = count;
                break;
            case MessagePackType.Map when reader.TryReadMapHeader(out count):
                writer.WriteMapHeader(count);
                children = 2 * count;
                break;
            default:
                return false;
        }

        while (children-- > 0)
        {
            if (!TryCopy(ref reader, writer))
                return false;
        }

        return true;
    }
}
