using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>The public vectors: every valid encoding of a value reads as that value, and the writer gives the shortest one.</summary>
[TestFixture]
public sealed class MessagePackVectorTests
{
    private static IEnumerable<TestCaseData> Vectors()
    {
        var folder = TestContext.CurrentContext.TestDirectory;
        while (!File.Exists(Path.Combine(folder, "RaftStream.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("RaftStream.sln is in no folder above the tests.");
        var file = Path.Combine(folder, "tests", "Raft.Tests", "Wire", "data", "msgpack-vectors.json");
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        foreach (var group in document.RootElement.EnumerateObject())
        {
            var number = 0;
            foreach (var vector in group.Value.EnumerateArray())
                yield return new TestCaseData(vector.Clone()).SetArgDisplayNames($"{group.Name} {number++}");
        }
    }

    [TestCaseSource(nameof(Vectors))]
    public void Every_encoding_reads_as_the_value_and_skips_in_one_step(JsonElement vector)
    {
        foreach (var text in vector.GetProperty("msgpack").EnumerateArray())
        {
            var bytes = Hex(text.GetString()!);
            var reader = new MessagePackReader(bytes);
            AssertReads(ref reader, ValueOf(vector));
            Assert.That(reader.Remaining, Is.Zero, text.GetString());

            var skipper = new MessagePackReader(bytes);
            Assert.That(skipper.TrySkip(), Is.True, text.GetString());
            Assert.That(skipper.Remaining, Is.Zero, text.GetString());
        }
    }

    [TestCaseSource(nameof(Vectors))]
    public void An_encoding_cut_short_never_reads(JsonElement vector)
    {
        foreach (var text in vector.GetProperty("msgpack").EnumerateArray())
        {
            var bytes = Hex(text.GetString()!);
            for (var length = 0; length < bytes.Length; length++)
            {
                var reader = new MessagePackReader(bytes.AsSpan(0, length));
                Assert.That(reader.TrySkip(), Is.False, $"{text.GetString()} cut to {length} bytes");
                Assert.That(reader.Position, Is.Zero);
            }
        }
    }

    [TestCaseSource(nameof(Vectors))]
    public void The_writer_gives_the_shortest_encoding(JsonElement vector)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(new MessagePackWriter(output), ValueOf(vector));
        var encodings = vector.GetProperty("msgpack").EnumerateArray().Select(text => text.GetString()!).ToList();
        var written = Convert.ToHexStringLower(output.WrittenSpan);
        var texts = encodings.ConvertAll(text => text.Replace("-", "", StringComparison.Ordinal));
        Assert.That(texts, Does.Contain(written));

        // A number keeps its kind: an integer is never written as a float, though a float of 32 bits is sometimes shorter.
        var sameKind = texts.Where(text => IsFloat(text) == IsFloat(written));
        if (!IsFloat(written))
            Assert.That(written, Has.Length.EqualTo(sameKind.Min(text => text.Length)));
    }

    private static bool IsFloat(string hex) => hex.StartsWith("ca", StringComparison.Ordinal) || hex.StartsWith("cb", StringComparison.Ordinal);

    private static (string? Kind, JsonElement Value) ValueOf(JsonElement vector)
    {
        var property = vector.EnumerateObject().First(candidate => candidate.Name != "msgpack");
        return property.Name is "number" or "string" or "array" or "map" or "bool" or "nil" ? (null, property.Value) : (property.Name, property.Value);
    }

    private static void AssertReads(ref MessagePackReader reader, (string? Kind, JsonElement Value) expected)
    {
        switch (expected.Kind)
        {
            case null:
                AssertReadsJson(ref reader, expected.Value);
                return;
            case "binary":
                Assert.That(reader.TryReadBinary(out var binary), Is.True);
                Assert.That(binary.ToArray(), Is.EqualTo(Hex(expected.Value.GetString()!)));
                return;
            case "bignum":
                AssertReadsBig(ref reader, BigInteger.Parse(expected.Value.GetString()!, CultureInfo.InvariantCulture));
                return;
            case "timestamp":
                Assert.That(reader.TryReadExtension(out var stamp, out var time), Is.True);
                Assert.That((stamp, Timestamp(expected.Value, time.Length)), Is.EqualTo(((sbyte)-1, Convert.ToHexStringLower(time))));
                return;
            default:
                Assert.That(reader.TryReadExtension(out var type, out var bytes), Is.True);
                Assert.That(type, Is.EqualTo(expected.Value[0].GetSByte()));
                Assert.That(bytes.ToArray(), Is.EqualTo(Hex(expected.Value[1].GetString()!)));
                return;
        }
    }

    private static void AssertReadsBig(ref MessagePackReader reader, BigInteger expected)
    {
        if (reader.NextType == MessagePackType.Float)
            Assert.That(reader.TryReadDouble(out var real) && (BigInteger)real == expected, Is.True);
        else if (expected < 0)
            Assert.That(reader.TryReadInt64(out var negative) && negative == expected, Is.True);
        else
            Assert.That(reader.TryReadUInt64(out var positive) && positive == expected, Is.True);
    }

    private static void AssertReadsJson(ref MessagePackReader reader, JsonElement expected)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Null:
                Assert.That(reader.TryReadNil(), Is.True);
                return;
            case JsonValueKind.True or JsonValueKind.False:
                Assert.That(reader.TryReadBoolean(out var boolean), Is.True);
                Assert.That(boolean, Is.EqualTo(expected.GetBoolean()));
                return;
            case JsonValueKind.Number when reader.NextType == MessagePackType.Float:
                Assert.That(reader.TryReadDouble(out var real), Is.True);
                Assert.That(real, Is.EqualTo(expected.GetDouble()));
                return;
            case JsonValueKind.Number:
                Assert.That(reader.TryReadInt64(out var integer), Is.True);
                Assert.That(integer, Is.EqualTo(expected.GetInt64()));
                return;
            case JsonValueKind.String:
                Assert.That(reader.TryReadString(100, out var text), Is.True);
                Assert.That(text, Is.EqualTo(expected.GetString()));
                return;
            case JsonValueKind.Array:
                Assert.That(reader.TryReadArrayHeader(out var count), Is.True);
                Assert.That(count, Is.EqualTo(expected.GetArrayLength()));
                foreach (var element in expected.EnumerateArray())
                    AssertReadsJson(ref reader, element);
                return;
            default:
                Assert.That(reader.TryReadMapHeader(out var pairs), Is.True);
                Assert.That(pairs, Is.EqualTo(expected.EnumerateObject().Count()));
                foreach (var property in expected.EnumerateObject())
                {
                    Assert.That(reader.TryReadString(100, out var name), Is.True);
                    Assert.That(name, Is.EqualTo(property.Name));
                    AssertReadsJson(ref reader, property.Value);
                }

                return;
        }
    }

    private static void Write(MessagePackWriter writer, (string? Kind, JsonElement Value) value)
    {
        switch (value.Kind)
        {
            case null:
                WriteJson(writer, value.Value);
                return;
            case "binary":
                writer.WriteBinary(Hex(value.Value.GetString()!));
                return;
            case "bignum" when value.Value.GetString()!.StartsWith('-'):
                writer.Write(long.Parse(value.Value.GetString()!, CultureInfo.InvariantCulture));
                return;
            case "bignum":
                writer.Write(ulong.Parse(value.Value.GetString()!, CultureInfo.InvariantCulture));
                return;
            case "timestamp":
                var (seconds, nanoseconds) = (value.Value[0].GetInt64(), value.Value[1].GetInt64());
                var size = seconds is < 0 or > (1L << 34) - 1 ? 12 : nanoseconds == 0 && seconds <= uint.MaxValue ? 4 : 8;
                writer.WriteExtension(-1, Convert.FromHexString(Timestamp(value.Value, size)));
                return;
            default:
                writer.WriteExtension(value.Value[0].GetSByte(), Hex(value.Value[1].GetString()!));
                return;
        }
    }

    private static void WriteJson(MessagePackWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                writer.WriteNil();
                return;
            case JsonValueKind.True or JsonValueKind.False:
                writer.Write(value.GetBoolean());
                return;
            case JsonValueKind.Number when value.TryGetInt64(out var integer):
                writer.Write(integer);
                return;
            case JsonValueKind.Number:
                writer.Write(value.GetDouble());
                return;
            case JsonValueKind.String:
                writer.WriteString(value.GetString());
                return;
            case JsonValueKind.Array:
                writer.WriteArrayHeader(value.GetArrayLength());
                foreach (var element in value.EnumerateArray())
                    WriteJson(writer, element);
                return;
            default:
                writer.WriteMapHeader(value.EnumerateObject().Count());
                foreach (var property in value.EnumerateObject())
                {
                    writer.WriteString(Encoding.UTF8.GetBytes(property.Name));
                    WriteJson(writer, property.Value);
                }

                return;
        }
    }

    /// <summary>A timestamp's payload of 4, 8 or 12 bytes, as the specification lays it out.</summary>
    private static string Timestamp(JsonElement value, int size)
    {
        var (seconds, nanoseconds) = (value[0].GetInt64(), value[1].GetInt64());
        return size switch
        {
            4 => $"{seconds:x8}",
            8 => $"{(ulong)(nanoseconds << 34) | (ulong)seconds:x16}",
            _ => $"{nanoseconds:x8}{seconds:x16}",
        };
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace("-", "", StringComparison.Ordinal));
}
