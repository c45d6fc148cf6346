using System.Globalization;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Where the leader put a provisional write, as a client holds it to ask what became of it: the cluster's incarnation, an at sign, the index, a dot, the term.
/// [safety] It is no <see cref="ReadToken"/> and is not taken for one: what it stands for may never be. A restored or reset cluster gives the same places again, so the
/// incarnation is a part of it.
/// </summary>
internal readonly record struct WritePosition(uint Incarnation, LogPosition Position)
{
    /// <summary>Reads the text that <see cref="ToString"/> makes.</summary>
    public static bool TryParse(string text, out WritePosition position)
    {
        var (sign, dot) = (text.IndexOf('@', StringComparison.Ordinal), text.LastIndexOf('.'));
        position = default;
        if (sign < 0 || dot < sign
            || !uint.TryParse(text.AsSpan(0, sign), NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation)
            || !long.TryParse(text.AsSpan(sign + 1, dot - sign - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || !long.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var term)
            || index < 1 || term < 1)
            return false;
        position = new(incarnation, new(new(index), new(term)));
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}@{Position.Index.Value}.{Position.Term.Value}");
}
