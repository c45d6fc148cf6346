using System.Buffers.Binary;

namespace RaftStream.Hosting.Http;

/// <summary>Reads frames up to the one that ends them. Used by one reader; the inner stream is the caller's.</summary>
internal sealed class CheckedReader(Stream inner) : Stream
{
    private readonly byte[] _frame = new byte[CheckedFrames.MaxBytes];
    private readonly byte[] _head = new byte[CheckedFrames.HeaderBytes];
    private uint _number;
    private int _next;
    private int _end;
    private bool _isOver;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="SpoiltException">A frame is not as it was sent, or the last one is missing.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;
        if (_next == _end && !_isOver)
            await ReadFrameAsync(cancellationToken);
        var size = Math.Min(buffer.Length, _end - _next);
        _frame.AsMemory(_next, size).CopyTo(buffer);
        _next += size;
        return size;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async ValueTask ReadFrameAsync(CancellationToken cancellationToken)
    {
        await FillAsync(_head, cancellationToken);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_head);
        if (length > CheckedFrames.MaxBytes)
            throw new SpoiltException();
        var bytes = _frame.AsMemory(0, (int)length);
        await FillAsync(bytes, cancellationToken);
        if (BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(4)) != CheckedFrames.Sum(_number++, bytes.Span))
            throw new SpoiltException();
        (_next, _end, _isOver) = (0, (int)length, length == 0);
    }

    private async ValueTask FillAsync(Memory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            if (await inner.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken) < bytes.Length)
                throw new SpoiltException();
        }
        catch (IOException broken) when (broken is not SpoiltException)
        {
            // The connection is gone in the middle: for the reader the same as a frame that is cut off.
            throw new SpoiltException(broken);
        }
    }
}
