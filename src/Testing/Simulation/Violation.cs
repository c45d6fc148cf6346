using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace RaftStream.Testing;

/// <summary>A promise was broken: the name of the invariant and what was seen.</summary>
public sealed class ViolationException(string invariant, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The invariant's name, such as <c>ElectionSafety</c>.</summary>
    public string Invariant { get; } = invariant;

    /// <summary>Throws where something does not hold. The message is put together only then: most invariants are looked at after every event.</summary>
    internal static void Require([DoesNotReturnIf(false)] bool holds, string invariant, [InterpolatedStringHandlerArgument(nameof(holds))] ref ViolationText message)
    {
        if (!holds)
            throw new ViolationException(invariant, message.ToString());
    }
}

/// <summary>The text of a violation: nothing at all, and none of its parts is even looked at, while the promise holds.</summary>
[InterpolatedStringHandler]
internal ref struct ViolationText
{
    private DefaultInterpolatedStringHandler _text;

    public ViolationText(int literalLength, int formattedCount, bool holds, out bool isNeeded)
    {
        isNeeded = !holds;
        if (isNeeded)
            _text = new(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override string ToString() => _text.ToStringAndClear();
}
