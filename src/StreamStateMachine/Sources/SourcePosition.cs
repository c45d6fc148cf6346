namespace RaftStream.StreamStateMachine;

/// <summary>
/// Where to go on reading in a partition of a source: bytes that the source made and only it understands, 0 to 256 of them, replicated in
/// the log with the state. No bytes: from the start.
/// </summary>
public readonly struct SourcePosition : IEquatable<SourcePosition>
{
    /// <summary>The most bytes a position has.</summary>
    public const int MaxBytes = 256;

    private readonly ReadOnlyMemory<byte> _bytes;

    /// <summary>A position of these bytes, which are copied.</summary>
    /// <param name="bytes">0 to 256 bytes that a source gave out.</param>
    /// <exception cref="ArgumentException">There are more.</exception>
    public SourcePosition(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            throw new ArgumentException($"A position has 0 to {MaxBytes} bytes, not {bytes.Length}: give the bytes that the source gave out.", nameof(bytes));
        _bytes = bytes.ToArray();
    }

    /// <summary>The bytes, 0 to 256 of them.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Whether this is the start of the partition.</summary>
    public bool IsStart => _bytes.IsEmpty;

    /// <summary>Whether both have the same bytes.</summary>
    public static bool operator ==(SourcePosition left, SourcePosition right) => left.Equals(right);

    /// <summary>Whether their bytes differ.</summary>
    public static bool operator !=(SourcePosition left, SourcePosition right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(SourcePosition other) => _bytes.Span.SequenceEqual(other._bytes.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SourcePosition other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bytes.Span);
        return hash.ToHashCode();
    }

    /// <summary>The bytes in hexadecimal digits, or "start".</summary>
    public override string ToString() => IsStart ? "start" : Convert.ToHexStringLower(_bytes.Span);
}
