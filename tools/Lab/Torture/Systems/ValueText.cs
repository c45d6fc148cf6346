using System.Globalization;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>How values of a history stand in a store that keeps texts: numbers by their digits, texts as they are.</summary>
internal static class ValueText
{
    /// <exception cref="ArgumentException">It is neither a number nor a text.</exception>
    public static string Write(HistoryValue value) => value.Kind switch
    {
        HistoryValueKind.Number => value.Number.ToString(CultureInfo.InvariantCulture),
        HistoryValueKind.Text => value.Text,
        _ => throw new ArgumentException($"{value} is neither a number nor a text, and this system keeps nothing else.", nameof(value)),
    };

    /// <summary>A number where the text is one.</summary>
    public static HistoryValue Read(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : HistoryValue.FromString(text);
}
