namespace RaftStream.StreamStateMachine;

/// <summary>A value that is too large for a page. Written by the applying thread alone, and not while a view may read it.</summary>
internal sealed class TreeBlob(ReadOnlySpan<byte> value, long born)
{
    private readonly byte[] _bytes = value.ToArray();
    private int _length = value.Length;

    /// <summary>The hash of the value: kept, because a value of a megabyte takes a while.</summary>
    public ulong Hash { get; private set; } = KeyHash.Of(value);

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Span => new(_bytes, 0, _length);

    /// <summary>Writes another value over this one. False: a view may read it, or there is no room, or room for more than two such values; nothing was changed.</summary>
    public bool TryReplace(ReadOnlySpan<byte> value, Captures captures)
    {
        if (value.Length > _bytes.Length || value.Length < _bytes.Length / 2 || captures.IsShared(born))
            return false;
        value.CopyTo(_bytes);
        _length = value.Length;
        Hash = KeyHash.Of(value);
        return true;
    }
}
