using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>Bytes of a key under construction: grows as needed and is used again. Owned by one thread.</summary>
/// <remarks>
/// The encodings keep order: numbers go with the highest byte first and their sign turned, and text of any length ends with a mark that sorts before
/// every continuation (the tuple layer of FoundationDB does the same).
/// </remarks>
public sealed class KeyBuffer
{
    private const byte Escape = 0;
    private const byte EscapedZero = 0xFF;
    private const byte End = 1;

    private byte[] _bytes = new byte[64];

    /// <summary>How many bytes it holds.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes: good until the next change.</summary>
    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    /// <summary>Forgets what is behind that many bytes.</summary>
    public void Cut(int length) => Length = length <= Length && length >= 0
        ? length
        : throw new ArgumentOutOfRangeException(nameof(length), length, $"The key has {Length} bytes: it can only be cut to fewer.");

    /// <summary>Appends one byte.</summary>
    public void Write(byte value) => Grow(1)[0] = value;

    /// <summary>Appends two bytes, the higher first.</summary>
    public void Write(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Grow(sizeof(ushort)), value);

    /// <summary>Appends eight bytes that sort like the numbers.</summary>
    public void Write(long value) => BinaryPrimitives.WriteUInt64BigEndian(Grow(sizeof(long)), (ulong)value ^ (1UL << 63));

    /// <summary>Appends bytes as they are: only behind everything else, or of one fixed length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Grow(bytes.Length));

    /// <summary>Appends bytes of any length and a mark that ends them.</summary>
    public void WriteEscaped(ReadOnlySpan<byte> bytes)
    {
        WriteEscapedStart(bytes);
        Write(Escape);
        Write(End);
    }

    /// <summary>Appends bytes without the mark: the start of all that begin with them.</summary>
    public void WriteEscapedStart(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            Write(value);
            if (value == Escape)
                Write(EscapedZero);
        }
    }

    /// <summary>Reads eight bytes that <see cref="Write(long)"/> wrote.</summary>
    /// <exception cref="InvalidDataException">There are fewer.</exception>
    public static long ReadInt64(ref ReadOnlySpan<byte> source)
    {
        if (source.Length < sizeof(long))
            throw new InvalidDataException($"A number takes {sizeof(long)} bytes in a key and {source.Length} are left: the key is of another type.");
        var value = (long)(BinaryPrimitives.ReadUInt64BigEndian(source) ^ (1UL << 63));
        source = source[sizeof(long)..];
        return value;
    }

    /// <summary>Reads bytes that <see cref="WriteEscaped"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Their end is missing.</exception>
    public static byte[] ReadEscaped(ref ReadOnlySpan<byte> source)
    {
        var bytes = new byte[source.Length];
        var length = 0;
        for (var i = 0; i + 1 < source.Length; i++)
        {
            if (source[i] != Escape)
            {
                bytes[length++] = source[i];
                continue;
            }

            if (source[++i] == End)
            {
                source = source[(i + 1)..];
                return bytes.AsSpan(0, length).ToArray();
            }

            bytes[length++] = Escape;
        }

        throw new InvalidDataException("Text in a key has no end: the key is of another type.");
    }

    private Span<byte> Grow(int count)
    {
        if (Length + count > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + count));
        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }
}
