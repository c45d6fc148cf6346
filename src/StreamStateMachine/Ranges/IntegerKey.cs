namespace RaftStream.StreamStateMachine;

/// <summary>
/// Keys that are integers, and values that are: exactly the text that a 64-bit integer with a sign has in decimal, so that no two texts are the same number. "07", "+7", "-0" and
/// " 7" are keys like all others, and bytes as values.
/// </summary>
internal static class IntegerKey
{
    /// <summary>The longest, "-9223372036854775808", in bytes.</summary>
    private const int MaxBytes = 20;

    /// <summary>Whether a key is an integer, and which. Most other keys are told by their first byte.</summary>
    public static bool TryParse(ReadOnlySpan<byte> key, out long number)
    {
        number = 0;
        if (key.IsEmpty || key.Length > MaxBytes)
            return false;
        var isNegative = key[0] == (byte)'-';
        var digits = isNegative ? key[1..] : key;
        if (digits.IsEmpty || (digits[0] == (byte)'0' && key.Length > 1))
            return false;
        var magnitude = 0UL;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return false;
            magnitude = unchecked((magnitude * 10) + digit - '0'); // 19 digits always fit; a twentieth is one too many.
        }

        var most = isNegative ? 1UL << 63 : long.MaxValue;
        number = unchecked(isNegative ? -(long)magnitude : (long)magnitude);
        return digits.Length < MaxBytes && magnitude <= most;
    }
}
