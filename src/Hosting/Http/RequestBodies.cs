using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RaftStream.Hosting.Http;

/// <summary>Reads the small JSON bodies: whole, so that they can be sent on to the leader more than once.</summary>
internal static class RequestBodies
{
    /// <summary>The largest body that is no stream, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The whole body; the server refuses one beyond <see cref="MaxBytes"/> with 413.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            foreach (var part in read.Buffer)
                bytes.Write(part.Span);
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return bytes.WrittenMemory;
        }
    }

    /// <summary>Reads a body as JSON; an empty one is the contract without any member.</summary>
    public static bool TryParse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type, T empty, out T value, out string problem)
        where T : class
    {
        value = empty;
        problem = "";
        if (body.IsEmpty)
            return true;
        try
        {
            value = JsonSerializer.Deserialize(body.Span, type) ?? empty;
            return true;
        }
        catch (JsonException exception)
        {
            problem = $"The body is not the JSON object asked for: byte {exception.BytePositionInLine} of line {exception.LineNumber + 1}, path '{exception.Path}'.";
            return false;
        }
    }
}
