using System.Buffers.Binary;

namespace RaftStream.Hosting.Http;

/// <summary>Writes frames; what is not ended with <see cref="EndAsync"/> the reader takes for cut off. Used by one writer; the inner stream is the caller's.</summary>
internal sealed class CheckedWriter(Stream inner) : WriteOnlyStream
{
    private readonly byte[] _frame = new byte[CheckedFrames.HeaderBytes + CheckedFrames.MaxBytes];
    private uint _number;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var size = Math.Min(buffer.Length, CheckedFrames.MaxBytes);
            await WriteFrameAsync(buffer[..size], cancellationToken);
            buffer = buffer[size..];
        }
    }

    /// <summary>Says that nothing comes any more.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        await WriteFrameAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);
        await inner.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    private ValueTask WriteFrameAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_frame, (uint)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(_frame.AsSpan(4), CheckedFrames.Sum(_number++, bytes.Span));
        bytes.CopyTo(_frame.AsMemory(CheckedFrames.HeaderBytes));
        return inner.WriteAsync(_frame.AsMemory(0, CheckedFrames.HeaderBytes + bytes.Length), cancellationToken);
    }
}
