using System.Globalization;

namespace RaftStream.Lab.Sim;

/// <summary>Seeds from the first to the last, both included, written <c>A..B</c> or <c>A</c>.</summary>
internal readonly record struct SeedRange(ulong First, ulong Last)
{
    /// <summary>How many seeds.</summary>
    public ulong Count => Last - First + 1;

    /// <summary>Reads a range; false for anything else than two numbers in order.</summary>
    public static bool TryParse(string text, out SeedRange range)
    {
        var parts = text.Split("..");
        var ok = ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) & parts.Length <= 2;
        var last = first;
        if (parts.Length == 2)
            ok &= ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out last);
        range = new(first, last);
        return ok && first <= last && last < ulong.MaxValue;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}..{Last}");
}
