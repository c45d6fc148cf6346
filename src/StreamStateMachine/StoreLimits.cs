using System.Text;
using System.Text.Unicode;

namespace RaftStream.StreamStateMachine;

/// <summary>What the counting store takes. All of it is judged from state that is equal on every replica.</summary>
internal static class StoreLimits
{
    /// <summary>The longest key in bytes of UTF-8.</summary>
    public const int MaxKeyBytes = 4_096;

    /// <summary>The largest value that is bytes, in bytes: 64 KiB.</summary>
    public const int MaxValueBytes = 64 * 1024;

    /// <summary>The most bytes of values that are bytes: 1 GiB.</summary>
    public const long MaxTotalValueBytes = 1L << 30;

    /// <summary>The most keys, whatever they hold: 2^26.</summary>
    public const int MaxCounters = 1 << 26;

    /// <summary>The most bytes of keys: 1 GiB.</summary>
    public const long MaxTotalKeyBytes = 1L << 30;

    /// <summary>The most partitions of all jobs.</summary>
    public const int MaxPartitions = 10_000;

    /// <summary>How many dead letters a partition keeps, the newest ones; all are counted.</summary>
    public const int MaxDeadLetters = 1_000;

    /// <summary>How many characters of a dead letter are kept.</summary>
    public const int DeadLetterStart = 64;

    /// <summary>The longest name of a job or a partition, in UTF-16 units.</summary>
    public const int MaxNameChars = 200;

    /// <summary>The longest name in bytes of UTF-8.</summary>
    public const int MaxNameBytes = 3 * MaxNameChars;

    /// <summary>The size of a SHA-256 hash in bytes.</summary>
    public const int Sha256Bytes = 32;

    /// <summary>The most rows of a top list.</summary>
    public const int MaxTop = 10_000;

    /// <summary>The most keys of one read.</summary>
    public const int MaxGetMany = 1_000;

    /// <summary>The most bytes of values, or of keys, in the answer to one read: 16 MiB.</summary>
    public const int MaxReadBytes = 16 * 1024 * 1024;

    /// <summary>The most keys of one page of a scan, those left out that share the hash of the last one.</summary>
    public const int MaxScan = 1_000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>SHA-256 of no bytes: the prefix hash of a partition of which nothing is counted.</summary>
    public static ReadOnlySpan<byte> EmptySha256 =>
    [
        0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14, 0x9A, 0xFB, 0xF4, 0xC8, 0x99, 0x6F, 0xB9, 0x24,
        0x27, 0xAE, 0x41, 0xE4, 0x64, 0x9B, 0x93, 0x4C, 0xA4, 0x95, 0x99, 0x1B, 0x78, 0x52, 0xB8, 0x55,
    ];

    /// <summary>Whether these bytes may be a key.</summary>
    public static bool IsKey(ReadOnlySpan<byte> key) => key.Length is >= 1 and <= MaxKeyBytes && Utf8.IsValid(key);

    /// <summary>Whether this may name a job or a partition.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is < 1 or > MaxNameChars)
            return false;
        for (var at = 0; at < name.Length; at++)
        {
            if (char.IsControl(name[at]))
                return false;
            if (!char.IsSurrogate(name[at]))
                continue;
            if (!char.IsHighSurrogate(name[at]) || at + 1 == name.Length || !char.IsLowSurrogate(name[at + 1]))
                return false;
            at++;
        }

        return true;
    }

    /// <summary>The UTF-8 bytes of a key that a caller gave.</summary>
    /// <exception cref="ArgumentException">It is no key.</exception>
    public static byte[] KeyOf(string key, string parameter)
    {
        ArgumentNullException.ThrowIfNull(key, parameter);
        byte[] bytes;
        try
        {
            bytes = Strict.GetBytes(key);
        }
        catch (EncoderFallbackException broken)
        {
            throw new ArgumentException("The key holds half of a surrogate pair: give text that UTF-8 can hold.", parameter, broken);
        }

        if (bytes.Length is < 1 or > MaxKeyBytes)
            throw new ArgumentException($"The key takes {bytes.Length} bytes of UTF-8: give one of 1 to {MaxKeyBytes} bytes.", parameter);
        return bytes;
    }

    /// <summary>Refuses bytes that are no key.</summary>
    /// <exception cref="ArgumentException">They are not.</exception>
    public static void CheckKey(ReadOnlySpan<byte> key, string parameter)
    {
        if (!IsKey(key))
            throw new ArgumentException($"The {key.Length} bytes are no key: give 1 to {MaxKeyBytes} bytes of valid UTF-8.", parameter);
    }

    /// <summary>The name of a partition that a caller gave.</summary>
    /// <exception cref="ArgumentException">The name of job or partition is none.</exception>
    public static PartitionName NameOf(string job, string partition)
    {
        CheckName(job, nameof(job));
        CheckName(partition, nameof(partition));
        return new(job, partition);
    }

    /// <summary>Refuses a count of rows that is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is.</exception>
    public static void CheckLimit(int limit, int most, string parameter)
    {
        if (limit < 1 || limit > most)
            throw new ArgumentOutOfRangeException(parameter, limit, $"Ask for 1 to {most} rows.");
    }

    private static void CheckName(string name, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (!IsName(name))
            throw new ArgumentException($"The name of a {parameter} has 1 to {MaxNameChars} characters and no control character: give another one than this of {name.Length} characters.", parameter);
    }
}
