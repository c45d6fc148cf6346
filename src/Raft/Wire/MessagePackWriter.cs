using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace RaftStream.Raft.Wire;

/// <summary>
/// Writes the MessagePack format. Every value takes the shortest encoding that holds it, so that equal values are equal bytes
/// (snapshots and state hashes rest on this). Owns nothing: a view of the caller's buffer, made for one run of writes.
/// </summary>
internal readonly ref struct MessagePackWriter(IBufferWriter<byte> output)
{
    private readonly IBufferWriter<byte> _output = output;

    /// <summary>Writes nil.</summary>
    public void WriteNil() => WriteByte(MessagePackCode.Nil);

    /// <summary>Writes a boolean.</summary>
    public void Write(bool value) => WriteByte(value ? MessagePackCode.True : MessagePackCode.False);

    /// <summary>Writes an integer; one that is not negative has the same bytes as its unsigned twin.</summary>
    public void Write(long value)
    {
        if (value >= 0)
        {
            Write((ulong)value);
            return;
        }

        var span = _output.GetSpan(9);
        var size = 9;
        if (value >= -32)
        {
            span[0] = (byte)value;
            size = 1;
        }
        else if (value >= sbyte.MinValue)
        {
            span[0] = MessagePackCode.Int8;
            span[1] = (byte)value;
            size = 2;
        }
        else if (value >= short.MinValue)
        {
            span[0] = MessagePackCode.Int16;
            BinaryPrimitives.WriteInt16BigEndian(span[1..], (short)value);
            size = 3;
        }
        else if (value >= int.MinValue)
        {
            span[0] = MessagePackCode.Int32;
            BinaryPrimitives.WriteInt32BigEndian(span[1..], (int)value);
            size = 5;
        }
        else
        {
            span[0] = MessagePackCode.Int64;
            BinaryPrimitives.WriteInt64BigEndian(span[1..], value);
        }

        _output.Advance(size);
    }

    /// <summary>Writes an unsigned integer.</summary>
    public void Write(ulong value)
    {
        if (value > uint.MaxValue)
        {
            var span = _output.GetSpan(9);
            span[0] = MessagePackCode.UInt64;
            BinaryPrimitives.WriteUInt64BigEndian(span[1..], value);
            _output.Advance(9);
        }
        else if (value < 128)
        {
            WriteByte((byte)value);
        }
        else
        {
            WriteHead((uint)value, MessagePackCode.UInt8, MessagePackCode.UInt16, MessagePackCode.UInt32);
        }
    }

    /// <summary>Writes a float of 32 bits.</summary>
    public void Write(float value)
    {
        var span = _output.GetSpan(5);
        span[0] = MessagePackCode.Float32;
        BinaryPrimitives.WriteSingleBigEndian(span[1..], value);
        _output.Advance(5);
    }

    /// <summary>Writes a float of 64 bits.</summary>
    public void Write(double value)
    {
        var span = _output.GetSpan(9);
        span[0] = MessagePackCode.Float64;
        BinaryPrimitives.WriteDoubleBigEndian(span[1..], value);
        _output.Advance(9);
    }

    /// <summary>Writes a string; unpaired surrogates become U+FFFD.</summary>
    public void WriteString(ReadOnlySpan<char> value)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        WriteStringHead(size);
        Encoding.UTF8.GetBytes(value, _output.GetSpan(Math.Max(size, 1)));
        _output.Advance(size);
    }

    /// <summary>Writes a string whose UTF-8 bytes the caller has.</summary>
    public void WriteString(ReadOnlySpan<byte> utf8)
    {
        WriteStringHead(utf8.Length);
        _output.Write(utf8);
    }

    /// <summary>Writes bytes.</summary>
    public void WriteBinary(ReadOnlySpan<byte> value)
    {
        WriteBinaryHeader(value.Length);
        _output.Write(value);
    }

    /// <summary>Opens binary; that many bytes must follow as they are.</summary>
    public void WriteBinaryHeader(int length) => WriteHead((uint)length, MessagePackCode.Bin8, MessagePackCode.Bin16, MessagePackCode.Bin32);

    /// <summary>Opens an array; that many values must follow.</summary>
    public void WriteArrayHeader(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count < 16)
            WriteByte((byte)(MessagePackCode.FixArray | count));
        else
            WriteHead((uint)count, 0, MessagePackCode.Array16, MessagePackCode.Array32);
    }

    /// <summary>Opens a map; that many pairs of values must follow.</summary>
    public void WriteMapHeader(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count < 16)
            WriteByte((byte)(MessagePackCode.FixMap | count));
        else
            WriteHead((uint)count, 0, MessagePackCode.Map16, MessagePackCode.Map32);
    }

    /// <summary>Writes an extension; type -1 is a timestamp, whose bytes are the caller's business.</summary>
    public void WriteExtension(sbyte type, ReadOnlySpan<byte> value)
    {
        var fixedCode = value.Length switch { 1 => 0xD4, 2 => 0xD5, 4 => 0xD6, 8 => 0xD7, 16 => 0xD8, _ => 0 };
        if (fixedCode != 0)
            WriteByte((byte)fixedCode);
        else
            WriteHead((uint)value.Length, MessagePackCode.Ext8, MessagePackCode.Ext16, MessagePackCode.Ext32);
        WriteByte((byte)type);
        _output.Write(value);
    }

    private void WriteStringHead(int size)
    {
        if (size < 32)
            WriteByte((byte)(MessagePackCode.FixStr | size));
        else
            WriteHead((uint)size, MessagePackCode.Str8, MessagePackCode.Str16, MessagePackCode.Str32);
    }

    /// <summary>A code with a length or value behind it, in 1, 2 or 4 bytes; a code of 0 stands for "there is no such size".</summary>
    private void WriteHead(uint value, byte code8, byte code16, byte code32)
    {
        var span = _output.GetSpan(5);
        if (value <= byte.MaxValue && code8 != 0)
        {
            span[0] = code8;
            span[1] = (byte)value;
            _output.Advance(2);
        }
        else if (value <= ushort.MaxValue)
        {
            span[0] = code16;
            BinaryPrimitives.WriteUInt16BigEndian(span[1..], (ushort)value);
            _output.Advance(3);
        }
        else
        {
            span[0] = code32;
            BinaryPrimitives.WriteUInt32BigEndian(span[1..], value);
            _output.Advance(5);
        }
    }

    private void WriteByte(byte value)
    {
        _output.GetSpan(1)[0] = value;
        _output.Advance(1);
    }
}

/// <summary>The first bytes of MessagePack values, under the names the specification gives them.</summary>
internal static class MessagePackCode
{
    public const byte FixMap = 0x80;
    public const byte FixArray = 0x90;
    public const byte FixStr = 0xA0;
    public const byte Nil = 0xC0;
    public const byte NeverUsed = 0xC1;
    public const byte False = 0xC2;
    public const byte True = 0xC3;
    public const byte Bin8 = 0xC4;
    public const byte Bin16 = 0xC5;
    public const byte Bin32 = 0xC6;
    public const byte Ext8 = 0xC7;
    public const byte Ext16 = 0xC8;
    public const byte Ext32 = 0xC9;
    public const byte Float32 = 0xCA;
    public const byte Float64 = 0xCB;
    public const byte UInt8 = 0xCC;
    public const byte UInt16 = 0xCD;
    public const byte UInt32 = 0xCE;
    public const byte UInt64 = 0xCF;
    public const byte Int8 = 0xD0;
    public const byte Int16 = 0xD1;
    public const byte Int32 = 0xD2;
    public const byte Int64 = 0xD3;
    public const byte FixExt1 = 0xD4;
    public const byte FixExt16 = 0xD8;
    public const byte Str8 = 0xD9;
    public const byte Str16 = 0xDA;
    public const byte Str32 = 0xDB;
    public const byte Array16 = 0xDC;
    public const byte Array32 = 0xDD;
    public const byte Map16 = 0xDE;
    public const byte Map32 = 0xDF;
    public const byte NegativeFixInt = 0xE0;
}
