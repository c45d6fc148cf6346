using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace RaftStream.Raft.Wire;

/// <summary>What kind of value comes next.</summary>
internal enum MessagePackType : byte
{
    /// <summary>Nothing: the bytes end here, or start with the one code that the format never uses.</summary>
    None = 0,
    Nil,
    Boolean,
    Integer,
    Float,
    String,
    Binary,
    Array,
    Map,
    Extension,
}

/// <summary>
/// Reads the MessagePack format from bytes nobody vouches for. No method throws: each says false for a value of another kind, out of
/// range or cut short, and then stands where it stood before. Lengths and counts are compared with the bytes that are left before
/// they are believed, so that a header of a few bytes never makes a caller reserve gigabytes.
/// </summary>
/// <param name="source">The bytes.</param>
/// <param name="following">
/// How many bytes come after <paramref name="source"/> at the most, where it is a window on something longer.
/// </param>
internal ref struct MessagePackReader(ReadOnlySpan<byte> source, long following = 0)
{
    /// <summary>How deep <see cref="TrySkip"/> follows values inside values.</summary>
    public const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _source = source;
    private readonly long _following = following;
    private int _position;

    /// <summary>How many bytes have been read.</summary>
    public readonly int Position => _position;

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _source.Length - _position;

    /// <summary>The kind of the next value, judged by its first byte.</summary>
    public readonly MessagePackType NextType => Remaining == 0 ? MessagePackType.None : TypeOf(_source[_position]);

    /// <summary>Reads nil.</summary>
    public bool TryReadNil()
    {
        if (Remaining == 0 || _source[_position] != MessagePackCode.Nil)
            return false;
        _position++;
        return true;
    }

    /// <summary>Reads a boolean.</summary>
    public bool TryReadBoolean(out bool value)
    {
        value = Remaining > 0 && _source[_position] == MessagePackCode.True;
        if (NextType != MessagePackType.Boolean)
            return false;
        _position++;
        return true;
    }

    /// <summary>Reads an integer of any encoding that fits 64 bits with a sign.</summary>
    public bool TryReadInt64(out long value)
    {
        if (!TryReadInteger(out var bits, out var negative, out var size) || (!negative && bits > long.MaxValue))
        {
            value = 0;
            return false;
        }

        value = (long)bits;
        _position += size;
        return true;
    }

    /// <summary>Reads an integer of any encoding that is not negative.</summary>
    public bool TryReadUInt64(out ulong value)
    {
        if (!TryReadInteger(out value, out var negative, out var size) || negative)
        {
            value = 0;
            return false;
        }

        _position += size;
        return true;
    }

    /// <summary>Reads a float of 32 or 64 bits; an integer is none.</summary>
    public bool TryReadDouble(out double value)
    {
        value = 0;
        if (NextType != MessagePackType.Float)
            return false;
        var rest = _source[(_position + 1)..];
        var size = _source[_position] == MessagePackCode.Float32 ? 4 : 8;
        if (rest.Length < size)
            return false;
        value = size == 4 ? BinaryPrimitives.ReadSingleBigEndian(rest) : BinaryPrimitives.ReadDoubleBigEndian(rest);
        _position += 1 + size;
        return true;
    }

    /// <summary>Reads the bytes of a string, which may be anything: the format does not promise UTF-8.</summary>
    public bool TryReadStringBytes(out ReadOnlySpan<byte> utf8) => TryReadBytes(MessagePackType.String, out utf8);

    /// <summary>Reads a string that is valid UTF-8 and no longer than <paramref name="maxBytes"/>.</summary>
    public bool TryReadString(int maxBytes, [NotNullWhen(true)] out string? value)
    {
        var start = _position;
        if (TryReadStringBytes(out var bytes) && bytes.Length <= maxBytes && Utf8.IsValid(bytes))
        {
            value = Encoding.UTF8.GetString(bytes);
            return true;
        }

        _position = start;
        value = null;
        return false;
    }

    /// <summary>Reads bytes.</summary>
    public bool TryReadBinary(out ReadOnlySpan<byte> value) => TryReadBytes(MessagePackType.Binary, out value);

    /// <summary>Reads the length of bytes that the caller takes from behind it, which may be in what follows the source.</summary>
    public bool TryReadBinaryHeader(out int length) => TryReadCount(MessagePackType.Binary, 1, out length);

    /// <summary>Reads an array's header. Each of its values takes a byte at least, so a count beyond what is left is refused.</summary>
    public bool TryReadArrayHeader(out int count) => TryReadCount(MessagePackType.Array, 1, out count);

    /// <summary>Reads a map's header: the count of its pairs, each two bytes at least.</summary>
    public bool TryReadMapHeader(out int count) => TryReadCount(MessagePackType.Map, 2, out count);

    /// <summary>Reads an extension with its type; -1 is a timestamp, handed over as it is.</summary>
    public bool TryReadExtension(out sbyte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (NextType != MessagePackType.Extension || !TryReadHead(out var length, out var size))
            return false;
        if (length + 1L > Remaining - size)
            return false;
        type = (sbyte)_source[_position + size];
        value = _source.Slice(_position + size + 1, (int)length);
        _position += size + 1 + (int)length;
        return true;
    }

    /// <summary>
    /// Reads past one value of any kind with everything inside it; false also where values nest deeper than <see cref="MaxDepth"/>.
    /// </summary>
    public bool TrySkip()
    {
        // A stack of our own: the bytes decide how deep we go, so they must not decide how much of the thread's stack is used.
        Span<long> left = stackalloc long[MaxDepth];
        var start = _position;
        var depth = 0;
        left[0] = 1;
        while (true)
        {
            while (left[depth] == 0)
            {
                if (depth-- == 0)
                    return true;
            }

            left[depth]--;
            if (!TrySkipOne(out var inside) || (inside > 0 && depth + 1 == MaxDepth))
            {
                _position = start;
                return false;
            }

            if (inside > 0)
                left[++depth] = inside;
        }
    }

    private bool TrySkipOne(out long inside)
    {
        inside = 0;
        int count;
        switch (NextType)
        {
            case MessagePackType.Nil:
                return TryReadNil();
            case MessagePackType.Boolean:
                return TryReadBoolean(out _);
            case MessagePackType.Integer:
                var integer = TryReadInteger(out _, out _, out var size);
                _position += size;
                return integer;
            case MessagePackType.Float:
                return TryReadDouble(out _);
            case MessagePackType.String:
                return TryReadStringBytes(out _);
            case MessagePackType.Binary:
                return TryReadBinary(out _);
            case MessagePackType.Extension:
                return TryReadExtension(out _, out _);
            case MessagePackType.Array:
                var array = TryReadArrayHeader(out count);
                inside = count;
                return array;
            case MessagePackType.Map:
                var map = TryReadMapHeader(out count);
                inside = 2L * count;
                return map;
            default:
                return false;
        }
    }

    private bool TryReadBytes(MessagePackType type, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (NextType != type || !TryReadHead(out var length, out var size) || length > Remaining - size)
            return false;
        value = _source.Slice(_position + size, (int)length);
        _position += size + (int)length;
        return true;
    }

    private bool TryReadCount(MessagePackType type, int smallest, out int count)
    {
        count = 0;
        if (NextType != type || !TryReadHead(out var read, out var size))
            return false;
        if (read > int.MaxValue || (read * (long)smallest) - _following > Remaining - size)
            return false;
        count = (int)read;
        _position += size;
        return true;
    }

    /// <summary>
    /// The length or count in front of a string, of bytes, of an extension, array or map; <paramref name="size"/> is that of code and
    /// length.
    /// </summary>
    private readonly bool TryReadHead(out uint length, out int size)
    {
        var code = _source[_position];
        var rest = _source[(_position + 1)..];
        (length, var width) = code switch
        {
            < MessagePackCode.FixStr => (code & 0x0Fu, 0),
            < MessagePackCode.Nil => (code & 0x1Fu, 0),
            >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16 => (1u << (code - MessagePackCode.FixExt1), 0),
            MessagePackCode.Bin8 or MessagePackCode.Ext8 or MessagePackCode.Str8 => (0u, 1),
            MessagePackCode.Bin32 or MessagePackCode.Ext32 or MessagePackCode.Str32 or MessagePackCode.Array32 or MessagePackCode.Map32 => (0u, 4),
            _ => (0u, 2),
        };
        size = 1 + width;
        if (rest.Length < width)
            return false;
        length = width switch
        {
            1 => rest[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(rest),
            4 => BinaryPrimitives.ReadUInt32BigEndian(rest),
            _ => length,
        };
        return true;
    }

    private readonly bool TryReadInteger(out ulong bits, out bool negative, out int size)
    {
        (bits, negative, size) = (0, false, 0);
        if (NextType != MessagePackType.Integer)
            return false;
        var code = _source[_position];
        var rest = _source[(_position + 1)..];
        if (code is < MessagePackCode.FixMap or >= MessagePackCode.NegativeFixInt)
        {
            (bits, negative, size) = ((ulong)(sbyte)code, code >= MessagePackCode.NegativeFixInt, 1);
            return true;
        }

        var width = 1 << ((code - MessagePackCode.UInt8) & 3);
        if (rest.Length < width)
            return false;
        size = 1 + width;
        bits = code switch
        {
            MessagePackCode.UInt8 => rest[0],
            MessagePackCode.UInt16 => BinaryPrimitives.ReadUInt16BigEndian(rest),
            MessagePackCode.UInt32 => BinaryPrimitives.ReadUInt32BigEndian(rest),
            MessagePackCode.UInt64 => BinaryPrimitives.ReadUInt64BigEndian(rest),
            MessagePackCode.Int8 => (ulong)(sbyte)rest[0],
            MessagePackCode.Int16 => (ulong)BinaryPrimitives.ReadInt16BigEndian(rest),
            MessagePackCode.Int32 => (ulong)BinaryPrimitives.ReadInt32BigEndian(rest),
            _ => BinaryPrimitives.ReadUInt64BigEndian(rest),
        };
        negative = code >= MessagePackCode.Int8 && (long)bits < 0;
        return true;
    }

    private static MessagePackType TypeOf(byte code) => code switch
    {
        < MessagePackCode.FixMap or >= MessagePackCode.NegativeFixInt => MessagePackType.Integer,
        < MessagePackCode.FixArray => MessagePackType.Map,
        < MessagePackCode.FixStr => MessagePackType.Array,
        < MessagePackCode.Nil => MessagePackType.String,
        MessagePackCode.Nil => MessagePackType.Nil,
        MessagePackCode.NeverUsed => MessagePackType.None,
        MessagePackCode.False or MessagePackCode.True => MessagePackType.Boolean,
        MessagePackCode.Bin8 or MessagePackCode.Bin16 or MessagePackCode.Bin32 => MessagePackType.Binary,
        MessagePackCode.Ext8 or MessagePackCode.Ext16 or MessagePackCode.Ext32 => MessagePackType.Extension,
        MessagePackCode.Float32 or MessagePackCode.Float64 => MessagePackType.Float,
        <= MessagePackCode.Int64 => MessagePackType.Integer,
        <= MessagePackCode.FixExt16 => MessagePackType.Extension,
        <= MessagePackCode.Str32 => MessagePackType.String,
        <= MessagePackCode.Array32 => MessagePackType.Array,
        _ => MessagePackType.Map,
    };
}
