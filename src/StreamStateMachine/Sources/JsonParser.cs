using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RaftStream.StreamStateMachine;

/// <summary>Makes a value of each line of JSON.</summary>
internal sealed class JsonParser<T>(JsonTypeInfo<T> type) : RecordParser<T>
{
    /// <inheritdoc/>
    public override bool TryParse(ReadOnlySpan<byte> record, long line, out SourceRecord<T> parsed)
    {
        parsed = default;
        if (record.IndexOfAnyExcept(" \t\r"u8) < 0)
            return false;
        try
        {
            parsed = JsonSerializer.Deserialize(record, type) is { } value
                ? SourceRecord<T>.Of(value)
                : SourceRecord<T>.Malformed($"Line {line}: null is there; expected a {typeof(T).Name}.", record);
        }
        catch (JsonException wrong)
        {
            parsed = SourceRecord<T>.Malformed($"Line {line}, byte {(wrong.BytePositionInLine ?? 0) + 1}{PathOf(wrong)}: {SentenceOf(wrong)}", record);
        }

        return true;
    }

    private static string PathOf(JsonException wrong) => wrong.Path is { Length: > 1 and <= 200 } path ? $", {path}" : "";

    /// <summary>The library's sentence without the place, which it counts from 0 and in this line only.</summary>
    private static string SentenceOf(JsonException wrong)
    {
        var end = wrong.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        if (end < 0)
            end = wrong.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        return end < 0 ? wrong.Message : wrong.Message[..end];
    }
}
