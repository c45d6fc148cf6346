using System.Numerics;

namespace RaftStream.Testing;

/// <summary>
/// The one source of chance in a simulation: xoshiro256** started by SplitMix64, the same numbers for a seed on every machine and in
/// every version. Owned by one simulated thing; give each its own with <see cref="Fork"/>, so that one more draw here does not
/// change what happens there.
/// </summary>
public sealed class SimRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <summary>Starts from a seed; every value is a good one.</summary>
    public SimRandom(ulong seed) => Restart(seed);

    /// <summary>Starts again from another source: what <see cref="Fork"/> does, without a new object.</summary>
    internal void ForkFrom(SimRandom other) => Restart(other.NextBits());

    private void Restart(ulong seed)
    {
        _a = SplitMix(ref seed);
        _b = SplitMix(ref seed);
        _c = SplitMix(ref seed);
        _d = SplitMix(ref seed);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="exclusive"/> - 1; <paramref name="exclusive"/> is at least 1.</summary>
    public int Below(int exclusive) => (int)Below((long)exclusive);

    /// <summary>A number from 0 to <paramref name="exclusive"/> - 1; <paramref name="exclusive"/> is at least 1.</summary>
    public long Below(long exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusive, 1);
        return (long)Math.BigMul(NextBits(), (ulong)exclusive, out _);
    }

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public int Between(int low, int high) => low + (int)Below((long)high - low + 1);

    /// <summary>True with that probability, from 0 to 1.</summary>
    public bool Chance(double probability) => NextUnit() < probability;

    /// <summary>A number from 0 up to but not including 1.</summary>
    public double NextUnit() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Fills a span with random bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        foreach (ref var value in bytes)
            value = (byte)NextBits();
    }

    /// <summary>Puts the items into a random order.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var last = items.Length - 1; last > 0; last--)
        {
            var other = Below(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>Another source, started from this one.</summary>
    public SimRandom Fork() => new(NextBits());

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        var mixed = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
