using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Two values, each as a MessagePack binary, so that a reader needs to know neither to find the second.</summary>
internal sealed class PairCodec<T1, T2>(ICodec<T1> first, ICodec<T2> second) : ICodec<(T1 First, T2 Second)>
{
    public string Name => $"pair({first.Name},{second.Name})";

    public void Write(IBufferWriter<byte> output, (T1 First, T2 Second) value)
    {
        Nested.Write(output, first, value.First);
        Nested.Write(output, second, value.Second);
    }

    public (T1 First, T2 Second) Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        if (!reader.TryReadBinary(out var one) || !reader.TryReadBinary(out var two) || reader.Remaining > 0)
            throw PlainCodecs.Broken(Name);
        return (first.Read(one), second.Read(two));
    }

    public void WriteJson(Utf8JsonWriter output, (T1 First, T2 Second) value)
    {
        output.WriteStartArray();
        first.WriteJson(output, value.First);
        second.WriteJson(output, value.Second);
        output.WriteEndArray();
    }
}

internal sealed class ListCodec<T>(ICodec<T> item) : ICodec<IReadOnlyList<T>>
{
    public string Name => $"list({item.Name})";

    public void Write(IBufferWriter<byte> output, IReadOnlyList<T> value)
    {
        new MessagePackWriter(output).WriteArrayHeader(value.Count);
        foreach (var one in value)
            Nested.Write(output, item, one);
    }

    public IReadOnlyList<T> Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        if (!reader.TryReadArrayHeader(out var count))
            throw PlainCodecs.Broken(Name);
        var items = new T[count];
        for (var i = 0; i < count; i++)
            items[i] = reader.TryReadBinary(out var bytes) ? item.Read(bytes) : throw PlainCodecs.Broken(Name);
        return reader.Remaining == 0 ? items : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, IReadOnlyList<T> value)
    {
        output.WriteStartArray();
        foreach (var one in value)
            item.WriteJson(output, one);
        output.WriteEndArray();
    }
}

internal sealed class JsonCodec<T>(JsonTypeInfo<T> type, string name) : ICodec<T>
{
    public string Name => $"json({name})";

    public void Write(IBufferWriter<byte> output, T value)
    {
        using var writer = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(writer, value, type);
    }

    public T Read(ReadOnlySpan<byte> source)
    {
        try
        {
            return JsonSerializer.Deserialize(source, type) ?? throw PlainCodecs.Broken(Name);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException(PlainCodecs.Broken(Name).Message, problem);
        }
    }

    public void WriteJson(Utf8JsonWriter output, T value) => JsonSerializer.Serialize(output, value, type);
}

/// <summary>Writes values whose length must stand in front of them. A codec may be used by several threads, so each has a buffer of its own.</summary>
internal static class Nested
{
    [ThreadStatic]
    private static Stack<ArrayBufferWriter<byte>>? _free;

    public static void Write<T>(IBufferWriter<byte> output, ICodec<T> codec, T value)
    {
        var free = _free ??= new();
        var buffer = free.TryPop(out var used) ? used : new(256);
        codec.Write(buffer, value);
        new MessagePackWriter(output).WriteBinary(buffer.WrittenSpan);
        buffer.ResetWrittenCount();
        free.Push(buffer);
    }
}
