namespace RaftStream.Raft.Wire;

/// <summary>
/// How long to wait before dialling again: doubling from 20 ms to 500 ms, each wait shortened by up to a half at random, so that
/// nodes that lost a peer together do not come back together. Owned by one link.
/// </summary>
/// <remarks>Its generator has a seed of its own, so that links neither share state nor a sequence.</remarks>
internal sealed class Backoff(ulong seed)
{
    /// <summary>The first wait, before the random part.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20);

    /// <summary>No wait is longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(500);

    private readonly Random _random = new((int)(seed ^ (seed >> 32)));
    private TimeSpan _next = Shortest;

    /// <summary>The next wait.</summary>
    public TimeSpan Next()
    {
        var wait = _next * (1 - (_random.NextDouble() / 2));
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return wait;
    }

    /// <summary>Something between seven eighths of a time and all of it.</summary>
    public TimeSpan Shorten(TimeSpan time) => time * (1 - (_random.NextDouble() / 8));

    /// <summary>Short waits again: the last connection was a good one.</summary>
    public void Reset() => _next = Shortest;

    /// <summary>The longest wait from here on: the peer refused us, and nothing changes that but a person.</summary>
    public void Slow() => _next = Longest;
}
