namespace RaftStream.StreamStateMachine;

/// <summary>How a <see cref="WatchFilter"/> chooses. Part of the query format: numbers are never given to something else.</summary>
internal enum WatchFilterKind : byte
{
    /// <summary>Every counter.</summary>
    All = 0,

    /// <summary>One counter.</summary>
    Key = 1,

    /// <summary>Counters whose keys begin alike.</summary>
    Prefix = 2,
}

/// <summary>Which counters a watch is about.</summary>
public sealed class WatchFilter
{
    private readonly byte[] _bytes;

    private WatchFilter(WatchFilterKind kind, byte[] bytes) => (Kind, _bytes) = (kind, bytes);

    /// <summary>Every counter.</summary>
    public static WatchFilter All { get; } = new(WatchFilterKind.All, []);

    internal WatchFilterKind Kind { get; }

    /// <summary>The key or the prefix.</summary>
    internal ReadOnlySpan<byte> Text => _bytes;

    /// <summary>The counter under one key.</summary>
    /// <exception cref="ArgumentException">It is no key: see <see cref="CountingService"/>.</exception>
    public static WatchFilter Key(string key) => new(WatchFilterKind.Key, StoreLimits.KeyOf(key, nameof(key)));

    /// <summary>Counters whose keys begin with this, byte by byte of UTF-8; 1 to 4,096 bytes.</summary>
    /// <exception cref="ArgumentException">No key can begin so.</exception>
    public static WatchFilter Prefix(string prefix) => new(WatchFilterKind.Prefix, StoreLimits.KeyOf(prefix, nameof(prefix)));

    /// <summary>Whether a key is meant.</summary>
    internal static bool Matches(WatchFilterKind kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> key) => kind switch
    {
        WatchFilterKind.All => true,
        WatchFilterKind.Key => key.SequenceEqual(text),
        _ => key.StartsWith(text),
    };
}
