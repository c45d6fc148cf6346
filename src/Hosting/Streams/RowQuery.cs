using System.Globalization;

namespace RaftStream.Hosting.Streams;

/// <summary>Which rows of a table a request asks for: <c>key</c>, or <c>from</c> and <c>to</c>, or <c>prefix</c>; of windows also <c>start</c> and <c>end</c>; and <c>limit</c>.</summary>
/// <param name="From">The bytes that the first key has at least.</param>
/// <param name="To">The bytes that all keys lie before; empty: to the end.</param>
/// <param name="Start">Windows end behind this time.</param>
/// <param name="End">Windows begin before this time.</param>
/// <param name="Limit">How many.</param>
internal sealed record RowQuery(byte[] From, byte[] To, long Start, long End, int Limit)
{
    /// <summary>Whether a row with that window is asked for.</summary>
    public bool Wants(TimeWindow? window) => window is not { } known || (known.End > Start && known.Start < End);

    /// <summary>Reads a request; false: something in it is wrong, which <paramref name="problem"/> tells.</summary>
    public static bool TryRead(IQueryCollection query, TableInfo table, int defaultRows, out RowQuery rows, out string problem)
    {
        rows = new([], [], long.MinValue, long.MaxValue, defaultRows);
        problem = "";
        if (!TryNumber(query, "limit", 1, JobAnswers.MaxRows - 1, defaultRows, out var limit))
            problem = $"limit is how many rows: give 1 to {JobAnswers.MaxRows - 1}.";
        if (!TryNumber(query, "start", long.MinValue, long.MaxValue, long.MinValue, out var start) || !TryNumber(query, "end", long.MinValue, long.MaxValue, long.MaxValue, out var end))
            problem = "start and end are instants in milliseconds since 1970-01-01 UTC: give whole numbers.";
        else
            rows = rows with { Start = start, End = end, Limit = (int)limit };
        if (problem.Length > 0)
            return false;
        var (key, prefix) = (query["key"], query["prefix"]);
        if (key.Count + prefix.Count > 1 || (key.Count + prefix.Count > 0 && (query.ContainsKey("from") || query.ContainsKey("to"))))
        {
            problem = "The query asks for a key, a prefix and a range at once: give one of them, or none for all rows.";
            return false;
        }

        if (key.Count == 1)
            return TryKey(table, key[0]!, ref rows, out problem);
        if (prefix.Count == 1)
            return TryPrefix(table, prefix[0]!, ref rows, out problem);
        return TryBound(query, "from", table, [], out var from, out problem) && TryBound(query, "to", table, [], out var to, out problem) && Set(ref rows, from, to);
    }

    /// <summary>Reads a whole number of the query that may be missing.</summary>
    public static bool TryNumber(IQueryCollection query, string name, long least, long most, long none, out long number)
    {
        number = none;
        var given = query[name];
        return given.Count == 0 || (given.Count == 1 && long.TryParse(given[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);
    }

    private static bool Set(ref RowQuery rows, byte[] from, byte[] to)
    {
        rows = rows with { From = from, To = to };
        return true;
    }

    private static bool TryKey(TableInfo table, string text, ref RowQuery rows, out string problem)
    {
        var bytes = new KeyBuffer();
        problem = "";
        if (table.TryWriteKey(text, bytes))
            return Set(ref rows, bytes.Span.ToArray(), [.. bytes.Span, 0]);

        // The key of a table of windows without the window: all its windows.
        bytes.Cut(0);
        if (table.TryWriteKeyWithoutWindow(text, bytes))
            return Set(ref rows, bytes.Span.ToArray(), Behind(bytes.Span));
        problem = $"'{text}' is no key of the table '{table.Name}'.";
        return false;
    }

    private static bool TryPrefix(TableInfo table, string text, ref RowQuery rows, out string problem)
    {
        var bytes = new KeyBuffer();
        problem = "";
        if (table.TryWritePrefix(text, bytes))
            return Set(ref rows, bytes.Span.ToArray(), Behind(bytes.Span));
        problem = $"The keys of the table '{table.Name}' do not begin with text: give a key, or a range with from and to.";
        return false;
    }

    private static bool TryBound(IQueryCollection query, string name, TableInfo table, byte[] none, out byte[] bound, out string problem)
    {
        (bound, problem) = (none, "");
        var given = query[name];
        if (given.Count == 0)
            return true;
        var bytes = new KeyBuffer();
        if (given.Count == 1 && (table.TryWriteKey(given[0]!, bytes) || TryAgain(table, given[0]!, bytes)))
        {
            bound = bytes.Span.ToArray();
            return true;
        }

        problem = $"{name} is no key of the table '{table.Name}': give one, once.";
        return false;
    }

    private static bool TryAgain(TableInfo table, string text, KeyBuffer bytes)
    {
        bytes.Cut(0);
        return table.TryWriteKeyWithoutWindow(text, bytes);
    }

    /// <summary>The first bytes behind all that begin with these; none where there are none.</summary>
    private static byte[] Behind(ReadOnlySpan<byte> prefix)
    {
        for (var i = prefix.Length - 1; i >= 0; i--)
        {
            if (prefix[i] < byte.MaxValue)
                return [.. prefix[..i], (byte)(prefix[i] + 1)];
        }

        return [];
    }
}
