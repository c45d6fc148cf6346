using System.Buffers;
using System.Text.Json;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>A key, then a value: a MessagePack binary and what follows.</summary>
internal sealed class KeyedCodec<TKey, TValue>(IKeyCodec<TKey> key, ICodec<TValue> value) : ICodec<Keyed<TKey, TValue>>
{
    [ThreadStatic]
    private static KeyBuffer? _buffer;

    public string Name => $"keyed({key.Name},{value.Name})";

    public void Write(IBufferWriter<byte> output, Keyed<TKey, TValue> item)
    {
        var buffer = _buffer ??= new();
        buffer.Cut(0);
        key.Write(buffer, item.Key);
        StateKeys.CheckUserKey(buffer.Length);
        new MessagePackWriter(output).WriteBinary(buffer.Span);
        value.Write(output, item.Value);
    }

    public Keyed<TKey, TValue> Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        if (!reader.TryReadBinary(out var bytes))
            throw PlainCodecs.Broken(Name);
        var one = key.Read(ref bytes);
        return bytes.IsEmpty ? new(one, value.Read(source[reader.Position..])) : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(Utf8JsonWriter output, Keyed<TKey, TValue> item)
    {
        output.WriteStartObject();
        output.WriteString("key"u8, key.Format(item.Key));
        output.WritePropertyName("value"u8);
        value.WriteJson(output, item.Value);
        output.WriteEndObject();
    }
}
