using System.Buffers.Binary;
using System.Text;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class HandshakeTests
{
    private static readonly HandshakeIdentity Node1 = new(new("00112233-4455-6677-8899-aabbccddeeff"), 0, new(1), 0x1122334455667788, "a:1", "b:22");

    [Test]
    public void A_greeting_is_on_the_wire_as_documented_to_the_byte()
    {
        var bytes = Bytes(Handshake.Greeting(Node1, new(2), Lane.Snapshot));
        Assert.That(Convert.ToHexString(bytes.AsSpan(0, bytes.Length - 4)), Is.EqualTo(
            "5241465453545 24D 0300 4300 02 00 03 04 00112233445566778899AABBCCDDEEFF 0000000000000000 8877665544332211 01000000 02000000 613A31 623A3232"
                .Replace(" ", "", StringComparison.Ordinal)));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4)), Is.EqualTo(Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4))));
    }

    [TestCase("", "")]
    [TestCase("host.example:8080", "")]
    [TestCase("", "host.example:8080")]
    [TestCase("größe:1", "[::1]:65535")]
    public void A_greeting_is_read_as_it_was_written(string client, string peer)
    {
        var greeting = Handshake.Greeting(Node1 with { ClientAddress = client, PeerAddress = peer, ClusterIncarnation = 7 }, new(65_535), Lane.Bulk);
        Assert.That(Handshake.TryRead(Bytes(greeting), out var read), Is.True);
        Assert.That(read, Is.EqualTo(greeting));
    }

    [Test]
    public void No_flipped_bit_and_no_other_length_is_a_greeting()
    {
        var bytes = Bytes(Handshake.Greeting(Node1, new(2), Lane.Control));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(Handshake.TryRead(damaged, out _), Is.False, $"bit {bit}");
        }

        for (var length = 0; length < bytes.Length; length++)
            Assert.That(Handshake.TryRead(bytes.AsSpan(0, length), out _), Is.False, $"{length} bytes");
        Assert.That(Handshake.TryRead([.. bytes, 0], out _), Is.False);
    }

    [Test]
    public void Fields_out_of_range_are_refused_even_under_a_good_checksum()
    {
        var good = Bytes(Handshake.Greeting(Node1, new(2), Lane.Control));
        foreach (var (offset, value) in new (int, byte)[] { (12, 3), (14, 4), (15, 3), (15, 255), (50, 1), (54, 1), (56, 0x0A), (56, 0xFF), (59, 0x0A) })
        {
            var bytes = good.ToArray();
            bytes[offset] = value;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)));
            Assert.That(Handshake.TryRead(bytes, out _), Is.False, $"{value} at {offset}");
        }
    }

    [Test]
    public void Random_bytes_behind_a_good_prefix_never_throw()
    {
        var random = new Random(11);
        var bytes = new byte[Handshake.LargestSize];
        for (var run = 0; run < 20_000; run++)
        {
            random.NextBytes(bytes);
            "RAFTSTRM"u8.CopyTo(bytes);
            var size = random.Next(0, bytes.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Handshake.CurrentVersion);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)size);
            (bytes[14], bytes[15]) = ((byte)(run % 3), (byte)Math.Clamp(size - Handshake.LeastSize - (run % 3), 0, byte.MaxValue));
            if (size >= Handshake.LeastSize)
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(size - 4), Crc32C.Of(bytes.AsSpan(0, size - 4)));
            if (Handshake.TryRead(bytes.AsSpan(0, size), out var greeting))
                Assert.That(greeting.From.Value, Is.InRange(0, NodeId.MaxValue));
        }
    }

    [Test]
    public void Each_mismatch_has_its_own_refusal_and_the_cluster_is_judged_first()
    {
        var greeting = new Handshake(2, Lane.Control, HandshakeRefusal.None, Node1.ClusterId, 0, 5, new(2), new(1), "", "");
        Assert.That(greeting.Judge(Node1, isNamed: true), Is.EqualTo(HandshakeRefusal.None));
        Assert.That((greeting with { ClusterIncarnation = 1 }).Judge(Node1, isNamed: true), Is.EqualTo(HandshakeRefusal.OtherIncarnation));
        Assert.That((greeting with { From = new(1) }).Judge(Node1, isNamed: true), Is.EqualTo(HandshakeRefusal.OwnId));
        Assert.That((greeting with { To = new(3) }).Judge(Node1, isNamed: true), Is.EqualTo(HandshakeRefusal.WrongTarget));
        Assert.That((greeting with { From = NodeId.None }).Judge(Node1, isNamed: true), Is.EqualTo(HandshakeRefusal.WrongTarget), "nobody has id 0");
        Assert.That(greeting.Judge(Node1, isNamed: false), Is.EqualTo(HandshakeRefusal.OtherName));
        Assert.That((greeting with { ClusterId = Guid.Empty, From = new(1), To = new(3) }).Judge(Node1, isNamed: false), Is.EqualTo(HandshakeRefusal.OtherCluster));
    }

    [Test]
    public void Every_refusal_has_a_sentence_of_its_own()
    {
        var sentences = Enum.GetValues<HandshakeRefusal>().Select(Handshake.Describe).ToArray();
        Assert.That(sentences, Is.Unique);
        Assert.That(Handshake.Describe((HandshakeRefusal)200), Does.Contain("does not know"));
    }

    [Test]
    public void A_client_address_is_at_most_255_bytes_without_control_characters()
    {
        Assert.That(Handshake.IsAddress(new('a', 255)), Is.True);
        Assert.That(Handshake.IsAddress(new('a', 256)), Is.False);
        Assert.That(Handshake.IsAddress(new('ö', 128)), Is.False);
        Assert.That(Handshake.IsAddress("a:1\r\nSet-Cookie: x"), Is.False);
        Assert.That(Encoding.UTF8.GetByteCount(new string('ö', 128)), Is.EqualTo(256));
    }

    private static byte[] Bytes(Handshake greeting)
    {
        var bytes = new byte[Handshake.LargestSize];
        return bytes[..greeting.Write(bytes)];
    }
}
