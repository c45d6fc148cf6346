using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RaftStream.Raft;

/// <summary>The name that a client gives a command, the same for every attempt, so that it is applied once: a digest of the text of 1 to <see cref="MaxLength"/> characters.</summary>
/// <remarks>
/// The cluster keeps the first 16 bytes of the text's SHA-256 and never the text. Two texts that share them would have to be searched for, and whoever finds such a pair
/// has fooled only the one who uses both.
/// </remarks>
public readonly record struct IdempotencyKey
{
    /// <summary>The longest text, in characters.</summary>
    public const int MaxLength = 255;

    /// <summary>The key that a text names.</summary>
    /// <exception cref="ArgumentException">The text is empty or too long.</exception>
    public IdempotencyKey(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (text.Length > MaxLength)
            throw new ArgumentException($"The key has {text.Length} characters: give 1 to {MaxLength}.", nameof(text));
        Digest = DigestOf(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The key of a digest, as the log and snapshots hold it.</summary>
    internal IdempotencyKey(UInt128 digest) => Digest = digest;

    /// <summary>What stands for the text.</summary>
    internal UInt128 Digest { get; }

    /// <inheritdoc/>
    public override string ToString() => Digest.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>The first 16 bytes of the SHA-256 of some bytes, as a little-endian number.</summary>
    internal static UInt128 DigestOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
