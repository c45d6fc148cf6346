using RaftStream.Node.Demo;

namespace RaftStream.Lab.Install;

/// <summary>A text of so many different words of 32 letters, to be read once.</summary>
internal sealed class UniqueWords(int count) : ForwardStream
{
    private const int WordBytes = 32;
    private const int Digits = 16;

    private readonly byte[] _word = [.. Enumerable.Repeat((byte)'k', WordBytes), (byte)' '];
    private int _next;
    private int _written = WordBytes + 1;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length && TryRefill())
        {
            var part = Math.Min(buffer.Length - total, _word.Length - _written);
            _word.AsSpan(_written, part).CopyTo(buffer[total..]);
            _written += part;
            total += part;
        }

        return total;
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    private bool TryRefill()
    {
        if (_written < _word.Length)
            return true;
        if (_next == count)
            return false;

        // Scattered, so that neighbours have nothing in common; odd, so that no two numbers meet.
        var scattered = (ulong)_next++ * 0x9E37_79B9_7F4A_7C15;
        for (var digit = 0; digit < Digits; digit++)
            _word[digit] = (byte)('a' + (int)((scattered >> (60 - (4 * digit))) & 15));
        _written = 0;
        return true;
    }
}
