using System.Buffers;
using System.Text.Json;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

// Each writes one MessagePack value and nothing else.
internal sealed class TextCodec : ICodec<string>
{
    public string Name => "text";

    public void Write(IBufferWriter<byte> output, string value) => new MessagePackWriter(output).WriteString(value);

    public string Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadString(int.MaxValue, out var value) && reader.Remaining == 0 ? value : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, string value) => output.WriteStringValue(value);
}

internal sealed class Int64Codec : ICodec<long>
{
    public string Name => "int64";

    public void Write(IBufferWriter<byte> output, long value) => new MessagePackWriter(output).Write(value);

    public long Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadInt64(out var value) && reader.Remaining == 0 ? value : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, long value) => output.WriteNumberValue(value);
}

internal sealed class Int32Codec : ICodec<int>
{
    public string Name => "int32";

    public void Write(IBufferWriter<byte> output, int value) => new MessagePackWriter(output).Write((long)value);

    public int Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadInt64(out var value) && reader.Remaining == 0 && value is >= int.MinValue and <= int.MaxValue ? (int)value : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, int value) => output.WriteNumberValue(value);
}

internal sealed class DoubleCodec : ICodec<double>
{
    public string Name => "double";

    public void Write(IBufferWriter<byte> output, double value) => new MessagePackWriter(output).Write(value);

    public double Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadDouble(out var value) && reader.Remaining == 0 ? value : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, double value)
    {
        if (double.IsFinite(value))
            output.WriteNumberValue(value);
        else
            output.WriteNullValue();
    }
}

internal sealed class BooleanCodec : ICodec<bool>
{
    public string Name => "boolean";

    public void Write(IBufferWriter<byte> output, bool value) => new MessagePackWriter(output).Write(value);

    public bool Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadBoolean(out var value) && reader.Remaining == 0 ? value : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, bool value) => output.WriteBooleanValue(value);
}

internal sealed class BytesCodec : ICodec<byte[]>
{
    public string Name => "bytes";

    public void Write(IBufferWriter<byte> output, byte[] value) => new MessagePackWriter(output).WriteBinary(value);

    public byte[] Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadBinary(out var value) && reader.Remaining == 0 ? value.ToArray() : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, byte[] value) => output.WriteBase64StringValue(value);
}

internal static class PlainCodecs
{
    public static InvalidDataException Broken(string layout) =>
        new($"The bytes are no value of the layout '{layout}': they were written by a topology with another one.");
}
