using System.Text;

namespace RaftStream.Lab.Fuzz;

/// <summary>Changes bytes of any kind: bits, pieces, ends, and texts that have been too much for some parser. Owned by one forge.</summary>
internal sealed class ByteChanges(Random random)
{
    private static readonly byte[][] Telling =
    [
        [], "0"u8.ToArray(), "-1"u8.ToArray(), "-0"u8.ToArray(), "+1"u8.ToArray(), "007"u8.ToArray(), "1e9"u8.ToArray(), "0x10"u8.ToArray(), " 1"u8.ToArray(), "1 "u8.ToArray(), "NaN"u8.ToArray(),
        "9223372036854775807"u8.ToArray(), "-9223372036854775808"u8.ToArray(), "9223372036854775808"u8.ToArray(), "18446744073709551616"u8.ToArray(), "2147483648"u8.ToArray(),
        "99999999999999999999999999999999999999"u8.ToArray(), [0], [0xC3], [0xFF, 0xFE], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], "%00"u8.ToArray(), "%"u8.ToArray(), "../.."u8.ToArray(),
        "\r\n"u8.ToArray(), "*"u8.ToArray(), "\""u8.ToArray(), "{"u8.ToArray(), Encoding.UTF8.GetBytes(new string('[', 300)), Encoding.UTF8.GetBytes(new string('9', 400)),
    ];

    /// <summary>One of the texts.</summary>
    public byte[] Text() => Telling[random.Next(Telling.Length)];

    /// <summary>Random bytes.</summary>
    public byte[] Noise(int length)
    {
        var noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }

    /// <summary>A changed copy.</summary>
    public byte[] Change(ReadOnlySpan<byte> bytes)
    {
        var changed = bytes.ToArray();
        for (var times = random.Next(1, 4); times > 0; times--)
            changed = Once(changed);
        return changed;
    }

    private byte[] Once(byte[] bytes)
    {
        var at = random.Next(bytes.Length + 1);
        var to = random.Next(at, bytes.Length + 1);
        switch (random.Next(8))
        {
            case 0 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[to..]];
            case 4:
                return [.. bytes[..to], .. bytes[at..]];
            case 5:
                return [.. bytes[..at], .. Noise(random.Next(1, 20)), .. bytes[at..]];
            case 6:
                return [.. bytes[..at], .. Text(), .. bytes[Math.Min(bytes.Length, at + random.Next(3))..]];
            default:
                return Text();
        }
    }
}
