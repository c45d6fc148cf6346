using System.Buffers;
using System.Globalization;
using System.Text.Json;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>What goes through the topologies that the model test draws: every operator takes and gives such records.</summary>
/// <param name="Key">Text to make keys of.</param>
/// <param name="Number">What is counted with.</param>
/// <param name="Time">A time in milliseconds: that of the event where a source says so.</param>
internal readonly record struct ModelRecord(string Key, long Number, long Time)
{
    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is no record.</exception>
    public static ModelRecord Parse(string text)
    {
        var parts = text.Split('|');
        return parts.Length == 3 && long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && long.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var time)
            ? new(parts[0], number, time)
            : throw new FormatException($"'{text}' is no record: write key|number|time.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Key}|{Number}|{Time}");
}

/// <summary>A record as an array of three values.</summary>
internal sealed class ModelCodec : ICodec<ModelRecord>
{
    public static ModelCodec Instance { get; } = new();

    public string Name => "model";

    public void Write(IBufferWriter<byte> output, ModelRecord value)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(3);
        writer.WriteString(value.Key ?? "");
        writer.Write(value.Number);
        writer.Write(value.Time);
    }

    public ModelRecord Read(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(source);
        return reader.TryReadArrayHeader(out var count) && count == 3 && reader.TryReadString(1024, out var key) && reader.TryReadInt64(out var number) && reader.TryReadInt64(out var time) && reader.Remaining == 0
            ? new(key, number, time)
            : throw new InvalidDataException("The bytes are no record of the model.");
    }

    public void WriteJson(Utf8JsonWriter output, ModelRecord value) => output.WriteStringValue(value.ToString());
}
