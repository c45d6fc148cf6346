using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>What a <see cref="HistoryValue"/> holds.</summary>
public enum HistoryValueKind
{
    /// <summary>Nothing.</summary>
    Null = 0,

    /// <summary>A whole number of 64 bits.</summary>
    Number = 1,

    /// <summary>A text.</summary>
    Text = 2,

    /// <summary>A list of values.</summary>
    List = 3,
}

/// <summary>An argument or a result in a history: nothing, a whole number, a text, or a list of such. Equal if the contents are.</summary>
public readonly struct HistoryValue : IEquatable<HistoryValue>
{
    private readonly object? _content;
    private readonly long _number;

    private HistoryValue(HistoryValueKind kind, object? content, long number)
    {
        Kind = kind;
        _content = content;
        _number = number;
    }

    /// <summary>Nothing; the default.</summary>
    public static HistoryValue Null => default;

    /// <summary>What it holds.</summary>
    public HistoryValueKind Kind { get; }

    /// <summary>The number; 0 if it is none.</summary>
    public long Number => _number;

    /// <summary>The text; empty if it is none.</summary>
    public string Text => _content as string ?? "";

    /// <summary>The members of the list; none if it is no list.</summary>
    public IReadOnlyList<HistoryValue> Members => _content as HistoryValue[] ?? [];

    /// <summary>A list of values; the array is not copied and must not be changed.</summary>
    public static HistoryValue List(params HistoryValue[] members) => new(HistoryValueKind.List, members, 0);

    /// <summary>A number.</summary>
    public static HistoryValue FromInt64(long number) => new(HistoryValueKind.Number, null, number);

    // No conversion from a text: it would take the word null for a value, where "no value" is meant.

    /// <summary>A text.</summary>
    public static HistoryValue FromString(string text) => new(HistoryValueKind.Text, text ?? throw new ArgumentNullException(nameof(text)), 0);

    /// <summary>A number.</summary>
    public static implicit operator HistoryValue(long number) => FromInt64(number);

    /// <summary>Whether both hold the same.</summary>
    public static bool operator ==(HistoryValue left, HistoryValue right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(HistoryValue left, HistoryValue right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(HistoryValue other) => Kind == other.Kind && Kind switch
    {
        HistoryValueKind.Null => true,
        HistoryValueKind.Number => _number == other._number,
        HistoryValueKind.Text => string.Equals(Text, other.Text, StringComparison.Ordinal),
        _ => ((HistoryValue[])_content!).AsSpan().SequenceEqual((HistoryValue[])other._content!),
    };

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is HistoryValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (Kind != HistoryValueKind.List)
            return Kind == HistoryValueKind.Text ? StringComparer.Ordinal.GetHashCode(Text) : HashCode.Combine(Kind, _number);
        var hash = new HashCode();
        foreach (var member in (HistoryValue[])_content!)
            hash.Add(member);
        return hash.ToHashCode();
    }

    /// <summary>As a reader of a report wants it: <c>nil</c>, <c>5</c>, <c>"x"</c>, <c>[1 2]</c>; cut after 120 characters.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append(text);
        return text.Length <= MaxShown ? text.ToString() : text.ToString(0, MaxShown - 3) + "...";
    }

    private const int MaxShown = 120;

    private void Append(StringBuilder text)
    {
        if (Kind == HistoryValueKind.List)
        {
            text.Append('[');
            foreach (var member in (HistoryValue[])_content!)
            {
                if (text.Length > MaxShown)
                    return;
                if (text[^1] != '[')
                    text.Append(' ');
                member.Append(text);
            }
            text.Append(']');
            return;
        }
        _ = Kind switch
        {
            HistoryValueKind.Number => text.Append(CultureInfo.InvariantCulture, $"{_number}"),
            HistoryValueKind.Text => text.Append('"').Append(Text.AsSpan(0, Math.Min(Text.Length, MaxShown))).Append('"'),
            _ => text.Append("nil"),
        };
    }
}
