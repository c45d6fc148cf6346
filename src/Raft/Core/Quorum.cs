using System.Numerics;

namespace RaftStream.Raft.Core;

/// <summary>What a majority has reached: the arithmetic under elections, commits, rounds and check-quorum.</summary>
internal static class Quorum
{
    /// <summary>Whether the slots whose bits are set are a majority.</summary>
    public static bool IsReached(Configuration configuration, uint slots) =>
        BitOperations.PopCount(slots) >= configuration.Majority;

    /// <summary>The largest value that a majority has reached or passed, one value a slot; the order of <paramref name="values"/> is lost.</summary>
    public static long ReachedBy(Configuration configuration, Span<long> values)
    {
        values.Sort();
        return values[^configuration.Majority];
    }
}
