namespace RaftStream.Raft.Core;

/// <summary>How many bytes of entries a peer acknowledges in a second, over windows of about a second.</summary>
internal sealed class IntakeRate
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private Instant _begun;
    private long _bytes;

    /// <summary>Payload bytes a second in the last full window; 0 before the first.</summary>
    public long BytesPerSecond { get; private set; }

    /// <summary>Begins anew.</summary>
    public void Reset(Instant now) => (_begun, _bytes, BytesPerSecond) = (now, 0, 0);

    /// <summary>The peer acknowledged so many bytes more.</summary>
    public void Add(long bytes, Instant now)
    {
        _bytes += bytes;
        var passed = now - _begun;
        if (passed >= Window)
            (BytesPerSecond, _bytes, _begun) = ((long)(_bytes / passed.TotalSeconds), 0, now);
    }

    public void CopyTo(IntakeRate other) => (other._begun, other._bytes, other.BytesPerSecond) = (_begun, _bytes, BytesPerSecond);
}
