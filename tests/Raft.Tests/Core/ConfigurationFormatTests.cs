using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

[Parallelizable] // It computes, alone, on one core.
internal sealed class ConfigurationFormatTests
{
    [Test]
    public void What_is_written_is_read_again([Range(0, 29)] int seed)
    {
        var prng = new Prng((ulong)seed);
        for (var round = 0; round < 50; round++)
        {
            var configuration = Random(ref prng);
            var bytes = ConfigurationFormat.ToBytes(configuration);
            Assert.That(bytes, Has.Length.EqualTo(ConfigurationFormat.SizeOf(configuration)).And.Length.LessThanOrEqualTo(ConfigurationFormat.MaxSize));
            var read = ConfigurationFormat.TryRead(bytes)!;
            Assert.That(read.Members, Is.EqualTo(configuration.Members));
            Assert.That((read.Highest, read.Incoming, read.Outgoing), Is.EqualTo((configuration.Highest, configuration.Incoming, configuration.Outgoing)));
        }
    }

    /// <summary>The record's checksum finds damage; here it is only to be harmless: what is read at all is sound, and is what the bytes say.</summary>
    [Test]
    public void A_bit_that_flips_gives_nothing_or_another_sound_configuration([Range(0, 9)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var bytes = ConfigurationFormat.ToBytes(Random(ref prng));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertSound(bytes);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Test]
    public void Bytes_that_are_cut_short_or_go_on_are_nothing([Range(0, 9)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var bytes = ConfigurationFormat.ToBytes(Random(ref prng));
        for (var length = 0; length < bytes.Length; length++)
            Assert.That(ConfigurationFormat.TryRead(bytes.AsSpan(0, length)), Is.Null);
        Assert.That(ConfigurationFormat.TryRead([.. bytes, 0]), Is.Null);
    }

    [Test]
    public void Random_bytes_never_throw([Range(0, 9)] int seed)
    {
        var prng = new Prng((ulong)seed);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[prng.Next() % 64];
            for (var i = 0; i < bytes.Length; i++)
                bytes[i] = (byte)(prng.Next() % (i < 4 || prng.Next() % 2 == 0 ? 4UL : 256UL));
            AssertSound(bytes);
        }
    }

    [Test]
    public void Nobody_is_written_and_read_as_nobody()
    {
        var read = ConfigurationFormat.TryRead(ConfigurationFormat.ToBytes(Configuration.Empty))!;
        Assert.That((read.Count, read.Highest), Is.EqualTo((0, NodeId.None)));
    }

    private static void AssertSound(ReadOnlySpan<byte> bytes)
    {
        if (ConfigurationFormat.TryRead(bytes) is not { } read)
            return;
        Assert.That(ConfigurationFormat.ToBytes(read), Is.EqualTo(bytes.ToArray()), "one configuration has one spelling");
        Assert.That(read.Count == 0 || read.Incoming != 0, "somebody votes");
    }

    private static Configuration Random(ref Prng prng)
    {
        var members = new List<Member>();
        var id = 0;
        for (var count = 1 + (int)(prng.Next() % 12); count > 0; count--)
        {
            id += 1 + (int)(prng.Next() % 3_000);
            members.Add(new()
            {
                Id = new(id),
                Address = new string(prng.Next() % 2 == 0 ? 'a' : 'é', (int)(prng.Next() % 100)),
                Disk = prng.Next() % 3 == 0 ? 0 : prng.Next(),
                Priority = (int)(prng.Next() % 256),
                IsVoter = members.Count == 0 || (members.Count < 9 && prng.Next() % 3 != 0),
                WasVoter = members.Count < 9 && prng.Next() % 2 == 0,
            });
        }

        return new(members, new(id + (int)(prng.Next() % 100)));
    }
}
