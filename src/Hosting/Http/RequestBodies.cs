using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RaftStream.Hosting.Http;

/// <summary>Reads the small JSON bodies: whole, so that they can be sent on to the leader more than once.</summary>
internal static class RequestBodies
{
    /// <summary>The largest body that is no stream, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>What is told of a larger one.</summary>
    public static readonly string TooLarge = TooLargeFor(MaxBytes);

    /// <summary>The whole body.</summary>
    /// <exception cref="BadHttpRequestException">It has more than <see cref="MaxBytes"/> bytes (413), or was spoilt between two nodes (503: nothing was done).</exception>
    public static Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context) => ReadAsync(context, MaxBytes);

    /// <summary>The same with another limit, for an endpoint with a <see cref="StreamedBody"/>.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context, int maxBytes)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await NextAsync(context);
            if (bytes.WrittenCount + read.Buffer.Length > maxBytes)
                throw new BadHttpRequestException(TooLargeFor(maxBytes), StatusCodes.Status413PayloadTooLarge);
            foreach (var part in read.Buffer)
                bytes.Write(part.Span);
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return bytes.WrittenMemory;
        }
    }

    private static string TooLargeFor(int maxBytes) => $"The body has more than {maxBytes} bytes, which is more than any request here needs.";

    private static async ValueTask<System.IO.Pipelines.ReadResult> NextAsync(HttpContext context)
    {
        try
        {
            return await context.Request.BodyReader.ReadAsync(context.RequestAborted);
        }
        catch (SpoiltException spoilt)
        {
            throw new BadHttpRequestException(spoilt.Message, StatusCodes.Status503ServiceUnavailable, spoilt);
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
