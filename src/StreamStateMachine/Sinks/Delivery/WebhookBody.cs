using System.Buffers;
using System.Text.Json;

namespace RaftStream.StreamStateMachine;

/// <summary>What a webhook posts: <c>{"job", "sink", "epoch", "outputs": [{"sequence", "time", "value"} ...]}</c>.</summary>
internal static class WebhookBody
{
    /// <param name="batch">The outputs.</param>
    /// <param name="isJson">Whether what the sink wrote is JSON and stands there as it is; else it becomes a string.</param>
    public static ReadOnlyMemory<byte> Write(OutputBatch batch, bool isJson)
    {
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("job", batch.Job);
        json.WriteString("sink", batch.Sink);
        json.WriteNumber("epoch", batch.Epoch);
        json.WriteStartArray("outputs");
        foreach (var one in batch.Outputs)
        {
            json.WriteStartObject();
            json.WriteNumber("sequence", one.Sequence);
            json.WriteNumber("time", one.Time);
            json.WritePropertyName("value");
            if (!isJson)
                json.WriteStringValue(one.Text);
            else if (one.Text.Length == 0)
                json.WriteNullValue();
            else
                json.WriteRawValue(one.Text, skipInputValidation: true); // A codec wrote it with a writer that checks.
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return output.WrittenMemory;
    }
}
