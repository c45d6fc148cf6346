using System.Globalization;

namespace RaftStream.Hosting.Http;

/// <summary>
/// What a client has seen, as it hands it to a session read: the cluster's incarnation, an at sign, the index in its log. [safety] A restored or reset
/// cluster forgets a part of its log and gives the same indexes again: without the incarnation a token of before would be taken for a place that it
/// never stood for. The sign keeps it apart from the text of a <see cref="SessionToken"/>, which is a session's and no place in the log.
/// </summary>
internal readonly record struct ReadToken(uint Incarnation, LogIndex Index) : IComparable<ReadToken>
{
    private const char Sign = '@';

    /// <summary>Reads the text that <see cref="ToString"/> makes.</summary>
    public static bool TryParse(string text, out ReadToken token)
    {
        var sign = text.IndexOf(Sign, StringComparison.Ordinal);
        token = default;
        if (sign < 0
            || !uint.TryParse(text.AsSpan(0, sign), NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation)
            || !long.TryParse(text.AsSpan(sign + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return false;
        token = new(incarnation, new(index));
        return true;
    }

    /// <summary>The one that covers more: of a later incarnation, or of the same one and a higher index.</summary>
    public int CompareTo(ReadToken other) =>
        Incarnation == other.Incarnation ? Index.Value.CompareTo(other.Index.Value) : Incarnation.CompareTo(other.Incarnation);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}{Sign}{Index.Value}");
}
