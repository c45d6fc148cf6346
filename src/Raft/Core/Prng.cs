namespace RaftStream.Raft.Core;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): a core's own randomness, so that a run repeats from its seed.</summary>
internal struct Prng(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        var z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>A duration from <paramref name="least"/> (included) to twice that (excluded).</summary>
    public TimeSpan Between1And2Times(TimeSpan least) => least + new TimeSpan((long)(Next() % (ulong)least.Ticks));
}
