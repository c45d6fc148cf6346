using System.Net;

namespace RaftStream.Hosting.Http;

/// <summary>A request that one node passes on to another: the head, then the body as it comes. Used once.</summary>
internal sealed class RequestEnvelope(EnvelopeHead head, Stream body) : HttpContent
{
    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var writer = new CheckedWriter(stream);
        await writer.WriteAsync(head.ToBytes(), cancellationToken);
        await body.CopyToAsync(writer, cancellationToken);
        await writer.EndAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
