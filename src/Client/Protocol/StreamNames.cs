using System.Diagnostics.CodeAnalysis;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>What names of jobs, sources, sinks and producers may be: the same as in a topology.</summary>
internal static class StreamNames
{
    /// <summary>The longest name, in UTF-16 units.</summary>
    public const int MaxChars = 200;

    /// <summary>The longest name in bytes of UTF-8.</summary>
    public const int MaxBytes = 3 * MaxChars;

    /// <summary>Whether it can be a name.</summary>
    public static bool IsName(string name) => name.Length is >= 1 and <= MaxChars && !name.Any(char.IsControl);

    /// <summary>Reads a name. False: the next value is none.</summary>
    public static bool TryRead(ref MessagePackReader reader, [NotNullWhen(true)] out string? name) => reader.TryReadString(MaxBytes, out name) && IsName(name);

    /// <summary>What is wrong with a name.</summary>
    public static string Wrong(string of) => $"The name of the {of} is no string of 1 to {MaxChars} characters without control characters.";

    /// <summary>Refuses what is no name, or has half of a surrogate pair.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static void Check(string name, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (!IsName(name))
            throw new ArgumentException($"The name has {name.Length} characters or a control character: give one of 1 to {MaxChars} characters without one.", parameter);
        if (StrictText.SizeOf(name) is null)
            throw new ArgumentException("The name holds half of a surrogate pair: give text that UTF-8 can hold.", parameter);
    }
}
