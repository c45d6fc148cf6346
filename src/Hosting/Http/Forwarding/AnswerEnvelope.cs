using System.Globalization;

namespace RaftStream.Hosting.Http;

/// <summary>
/// The body of an answer to a node that passed a request on. With its first byte the status and the headers, as they are by then, go into the head; those of HTTP say
/// nothing, since nobody checks them on the way. Owned by one request.
/// </summary>
internal sealed class AnswerEnvelope(HttpResponse response, Stream outer) : WriteOnlyStream
{
    private readonly CheckedWriter _writer = new(outer);
    private bool _hasHead;

    /// <summary>Says that the answer is whole.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        await _writer.EndAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await BeginAsync(cancellationToken);
        await _writer.WriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => _hasHead ? _writer.FlushAsync(cancellationToken) : Task.CompletedTask;

    private async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (_hasHead)
            return;
        _hasHead = true;
        var head = new EnvelopeHead(response.StatusCode.ToString(CultureInfo.InvariantCulture), new HeaderDictionary());
        foreach (var (name, value) in response.Headers)
            head.Headers[name] = value.ToString();
        response.StatusCode = StatusCodes.Status200OK;
        response.Headers.Clear();
        response.ContentType = ForwardInlet.MediaType;
        await _writer.WriteAsync(head.ToBytes(), cancellationToken);
    }
}
