namespace RaftStream.Testing;

/// <summary>A promise was broken: the name of the invariant and what was seen.</summary>
public sealed class ViolationException(string invariant, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The invariant's name, such as <c>ElectionSafety</c>.</summary>
    public string Invariant { get; } = invariant;

    internal static void Require(bool holds, string invariant, FormattableString message)
    {
        if (!holds)
            throw new ViolationException(invariant, FormattableString.Invariant(message));
    }
}
