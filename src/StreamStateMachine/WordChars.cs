using System.Globalization;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Which UTF-16 units are part of a word: those that <c>\w</c> of a .NET regular expression matches, which are the categories Lu, Ll, Lt,
/// Lm, Lo, Mn, Nd and Pc. Half of a surrogate pair is in none of them, so a supplementary character separates words; so does U+FFFD.
/// </summary>
internal static class WordChars
{
    /// <summary>In <see cref="Ascii"/>: the byte separates words.</summary>
    public const byte Separator = 0;

    /// <summary>In <see cref="Ascii"/>: the byte belongs to a character that takes more than one.</summary>
    public const byte Wide = 0xFF;

    private static readonly byte[] AsciiTable = MakeAscii();
    private static readonly ulong[] Bits = MakeBits();

    /// <summary>For each byte: the lower-case letter, digit or underscore it counts as, or <see cref="Separator"/>, or <see cref="Wide"/>.</summary>
    public static ReadOnlySpan<byte> Ascii => AsciiTable;

    /// <summary>Whether the unit is part of a word.</summary>
    public static bool IsWord(char unit) => (Bits[unit >> 6] & (1UL << (unit & 63))) != 0;

    private static bool HasWordCategory(char unit) => char.GetUnicodeCategory(unit) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation;

    private static byte[] MakeAscii()
    {
        var table = new byte[256];
        for (var value = 0; value < table.Length; value++)
        {
            if (value >= 0x80)
                table[value] = Wide;
            else if (HasWordCategory((char)value))
                table[value] = (byte)char.ToLowerInvariant((char)value);
        }

        return table;
    }

    private static ulong[] MakeBits()
    {
        var bits = new ulong[(char.MaxValue + 1) / 64];
        for (var value = 0; value <= char.MaxValue; value++)
        {
            if (HasWordCategory((char)value))
                bits[value >> 6] |= 1UL << (value & 63);
        }

        return bits;
    }
}
