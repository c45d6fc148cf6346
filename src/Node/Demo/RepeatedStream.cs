namespace RaftStream.Node.Demo;

/// <summary>A file as often as asked for, one after the other, as one stream to read once from start to end.</summary>
internal sealed class RepeatedStream(string path, int repeat) : ForwardStream
{
    private FileStream? _file;
    private int _opened;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return 0;
        while (true)
        {
            var count = _file?.Read(buffer) ?? 0;
            if (count > 0)
                return count;
            _file?.Dispose();
            _file = null;
            if (_opened == repeat)
                return 0;
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            _opened++;
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Synchronous: file reads of .NET on Linux are thread-pool work anyway, and a page cache answers faster than a switch.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer.AsSpan(offset, count)));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file?.Dispose();
        base.Dispose(disposing);
    }
}
