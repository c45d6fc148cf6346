using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>Parts of a key as one text, with commas between them: a backslash takes its meaning from the comma or backslash behind it.</summary>
internal static class KeyText
{
    /// <summary>A part, so that no comma in it is taken for one between parts.</summary>
    public static string Escape(string part) => part.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);

    /// <summary>Without the backslashes that stand in front of something; one at the end stands for itself.</summary>
    public static string Plain(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        var plain = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
            plain.Append(text[at] == '\\' && at + 1 < text.Length ? text[++at] : text[at]);
        return plain.ToString();
    }

    /// <summary>Where the last comma stands that has no backslash in front, so that the parts before it may hold some; -1: nowhere.</summary>
    public static int LastComma(ReadOnlySpan<char> text)
    {
        var comma = -1;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\')
                at++;
            else if (text[at] == ',')
                comma = at;
        }

        return comma;
    }
}
