using System.Buffers.Binary;
using System.Text;

namespace RaftStream.Hosting.Http;

/// <summary>
/// What stands before the body of a request or an answer that one node passes on to another, as text: a first line, and a line for each header. In the stream it is
/// preceded by its length, four bytes, little-endian.
/// </summary>
/// <param name="First">A request's method and target with a blank between; an answer's status.</param>
/// <param name="Headers">The headers, one value each.</param>
internal sealed record EnvelopeHead(string First, IHeaderDictionary Headers)
{
    /// <summary>A head has no more bytes: a target of the longest key and the few headers that are passed on are half of that.</summary>
    private const int MaxBytes = 32 * 1024;

    /// <summary>The bytes in the stream.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(First);
        foreach (var (name, value) in Headers)
            text.Append('\n').Append(name).Append(": ").Append(value.ToString());
        var bytes = new byte[sizeof(int) + Encoding.UTF8.GetByteCount(text.ToString())];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - sizeof(int));
        Encoding.UTF8.GetBytes(text.ToString(), bytes.AsSpan(sizeof(int)));
        return bytes;
    }

    /// <summary>Reads the head of what comes.</summary>
    /// <exception cref="SpoiltException">There is none.</exception>
    public static async Task<EnvelopeHead> ReadAsync(CheckedReader from, CancellationToken cancellationToken)
    {
        var size = new byte[sizeof(int)];
        await FillAsync(from, size, cancellationToken);
        var length = BinaryPrimitives.ReadInt32LittleEndian(size);
        if (length is < 1 or > MaxBytes)
            throw new SpoiltException();
        var bytes = new byte[length];
        await FillAsync(from, bytes, cancellationToken);
        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        var headers = new HeaderDictionary();
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (colon <= 0)
                throw new SpoiltException();
            headers[line[..colon]] = line[(colon + 2)..];
        }

        return new(lines[0], headers);
    }

    private static async Task FillAsync(CheckedReader from, byte[] bytes, CancellationToken cancellationToken)
    {
        if (await from.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken) < bytes.Length)
            throw new SpoiltException();
    }
}
