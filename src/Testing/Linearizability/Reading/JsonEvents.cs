using System.Globalization;
using System.Text.Json;

namespace RaftStream.Testing.Linearizability;

/// <summary>
/// Reads a history of JSON lines: one object a line with <c>process</c>, <c>type</c>, <c>f</c>, <c>value</c>, and if there is more than one
/// object <c>key</c>; <c>time</c> may tell nanoseconds, which then must agree with the order of the lines. Other fields are let be.
/// </summary>
internal static class JsonEvents
{
    private const int MaxDepth = 8;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>The events, from a first line that was read already.</summary>
    public static IEnumerable<HistoryEvent> Read(string first, LineSource lines)
    {
        long? time = null;
        for (var line = first; line is not null; line = lines.Read())
        {
            if (!string.IsNullOrWhiteSpace(line) && Parse(line, lines.Number, ref time) is { } read)
                yield return read;
        }
    }

    private static HistoryEvent? Parse(string text, int line, ref long? time)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, Strict);
        }
        catch (JsonException problem)
        {
            throw new HistoryFormatException(line, $"is no JSON object (at character {(problem.BytePositionInLine ?? 0) + 1}): write one object a line.");
        }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new HistoryFormatException(line, "is no JSON object: write one object a line.");
            if (ProcessOf(root, line) is not { } process)
                return null;
            var type = TextOf(root, "type", line);
            if (!HistoryEvent.TryParse(type, out var known))
                throw new HistoryFormatException(line, $"has the type \"{type}\": give invoke, ok, fail or info.");
            time = TimeOf(root, line, time);
            if (!root.TryGetProperty("value", out var value))
                throw new HistoryFormatException(line, "has no \"value\": give the argument or the result, null where there is none.");
            return new(line, process, known, TextOf(root, "f", line), KeyOf(root, line), ValueOf(value, line));
        }
    }

    // Null for the nemesis, which is no client.
    private static long? ProcessOf(JsonElement root, int line)
    {
        if (root.TryGetProperty("process", out var process))
        {
            if (process.ValueKind == JsonValueKind.Number && process.TryGetInt64(out var number))
                return number;
            if (process.ValueKind == JsonValueKind.String && process.GetString() == "nemesis")
                return null;
        }
        throw new HistoryFormatException(line, "has no whole number as \"process\": give each client its own.");
    }

    private static string TextOf(JsonElement root, string name, int line) =>
        root.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String
            ? field.GetString()!
            : throw new HistoryFormatException(line, $"has no text as \"{name}\": give {(name == "f" ? "the name of the operation" : "invoke, ok, fail or info")}.");

    private static string? KeyOf(JsonElement root, int line)
    {
        if (!root.TryGetProperty("key", out var key) || key.ValueKind == JsonValueKind.Null)
            return null;
        return key.ValueKind switch
        {
            JsonValueKind.String => key.GetString(),
            JsonValueKind.Number => key.GetRawText(),
            _ => throw new HistoryFormatException(line, "has a \"key\" that is neither text nor number: name the object by one of them."),
        };
    }

    private static long? TimeOf(JsonElement root, int line, long? before)
    {
        if (!root.TryGetProperty("time", out var field) || field.ValueKind == JsonValueKind.Null)
            return before;
        if (field.ValueKind != JsonValueKind.Number || !field.TryGetInt64(out var time))
            throw new HistoryFormatException(line, "has a \"time\" that is no whole number: give nanoseconds.");
        return time >= before || before is null
            ? time
            : throw new HistoryFormatException(line, string.Create(CultureInfo.InvariantCulture, $"has the time {time}, before {before} above it: put the lines in real-time order."));
    }

    private static HistoryValue ValueOf(JsonElement value, int line) => value.ValueKind switch
    {
        JsonValueKind.Null => HistoryValue.Null,
        JsonValueKind.String => HistoryValue.FromString(value.GetString()!),
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.Array => HistoryValue.List([.. value.EnumerateArray().Select(member => ValueOf(member, line))]),
        JsonValueKind.Number => throw new HistoryFormatException(line, $"has the value {Shown(value)}: numbers are whole and have 64 bits."),
        _ => throw new HistoryFormatException(line, $"has the value {Shown(value)}: give null, a whole number, a text or a list of them."),
    };

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 40 ? text : text[..37] + "...";
    }
}
