using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace RaftStream.Raft;

/// <summary>Our own bug, found by <see cref="Invariant.Check"/>: the replica must stop rather than go on from a state it believes impossible.</summary>
public sealed class InvariantException(string message) : Exception(message);

/// <summary>Assertions that stay on in production. For our own bugs only; bad input gets a typed result.</summary>
internal static class Invariant
{
    /// <summary>Stops the replica unless <paramref name="holds"/>; <paramref name="what"/> says what should be true.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check([DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
            Fail(what);
    }

    [DoesNotReturn]
    private static void Fail(string what) => throw new InvariantException($"This must be true and is not: {what}.");
}
