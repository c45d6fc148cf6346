using System.Numerics;

namespace RaftStream.Raft.Core;

/// <summary>
/// What a quorum has reached: the arithmetic under elections, commits, rounds, leases and check-quorum. A quorum is a majority of the
/// voters; in a joint configuration, of both sets (dissertation 4.3).
/// </summary>
internal static class Quorum
{
    /// <summary>Whether the slots whose bits are set are a quorum. Nobody is a quorum of nobody.</summary>
    public static bool IsReached(Configuration configuration, uint slots) =>
        IsMajority(slots, configuration.Incoming) && (!configuration.IsJoint || IsMajority(slots, configuration.Outgoing));

    /// <summary>The largest value that a quorum has reached or passed, one value a slot; the least possible where nobody votes.</summary>
    public static long ReachedBy(Configuration configuration, ReadOnlySpan<long> values)
    {
        var reached = ReachedBy(configuration.Incoming, values);
        return configuration.IsJoint ? Math.Min(reached, ReachedBy(configuration.Outgoing, values)) : reached;
    }

    private static bool IsMajority(uint slots, uint voters) =>
        2 * BitOperations.PopCount(slots & voters) > BitOperations.PopCount(voters);

    private static long ReachedBy(uint voters, ReadOnlySpan<long> values)
    {
        Span<long> theirs = stackalloc long[Configuration.MaxMembers];
        var count = 0;
        for (; voters != 0; voters &= voters - 1)
            theirs[count++] = values[BitOperations.TrailingZeroCount(voters)];
        if (count == 0)
            return long.MinValue;
        theirs = theirs[..count];
        theirs.Sort();
        return theirs[(count - 1) / 2];
    }
}
