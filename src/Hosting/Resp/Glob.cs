namespace RaftStream.Hosting.Resp;

/// <summary>
/// Patterns as SCAN and CONFIG GET take them: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a]</c>, and <c>\</c> before what is meant as it stands; over bytes. No pattern takes more than the product of
/// both lengths.
/// </summary>
internal static class Glob
{
    /// <summary>Whether a text fits.</summary>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        // Where the last star was, and where in the text it was tried: only that one need be tried anew.
        var (p, t, star, tried) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, tried) = (p, t);
                p++;
            }
            else if (p < pattern.Length && Fits(pattern[p..], text[t], out var used))
            {
                p += used;
                t++;
            }
            else if (star >= 0)
            {
                (p, t) = (star + 1, ++tried);
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    /// <summary>Whether a byte fits what the pattern begins with, and how much of it that is.</summary>
    private static bool Fits(ReadOnlySpan<byte> pattern, byte value, out int used)
    {
        used = 1;
        switch (pattern[0])
        {
            case (byte)'?':
                return true;
            case (byte)'\\' when pattern.Length > 1:
                used = 2;
                return pattern[1] == value;
            case (byte)'[':
                return FitsSet(pattern, value, out used);
            default:
                return pattern[0] == value;
        }
    }

    private static bool FitsSet(ReadOnlySpan<byte> pattern, byte value, out int used)
    {
        var at = 1;
        var isNot = at < pattern.Length && pattern[at] == '^';
        if (isNot)
            at++;
        var isIn = false;
        while (at < pattern.Length && pattern[at] != ']')
        {
            if (pattern[at] == '\\' && at + 1 < pattern.Length)
                at++;
            var (low, high) = (pattern[at], pattern[at]);
            if (at + 2 < pattern.Length && pattern[at + 1] == '-' && pattern[at + 2] != ']')
            {
                high = pattern[at + 2];
                at += 2;
            }

            isIn |= value >= Math.Min(low, high) && value <= Math.Max(low, high);
            at++;
        }

        used = Math.Min(at + 1, pattern.Length);
        return isIn != isNot;
    }
}
