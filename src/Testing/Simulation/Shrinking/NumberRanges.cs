using System.Globalization;

namespace RaftStream.Testing;

/// <summary>Sets of numbers as text, such as <c>1-4,7</c>.</summary>
public static class NumberRanges
{
    /// <summary>The largest number.</summary>
    public const int Max = 1_000_000;

    /// <summary>Numbers in order, with a dash between the ends of each run.</summary>
    public static string Format(IEnumerable<int> numbers)
    {
        var parts = new List<string>();
        var (first, last) = (0, 0);
        foreach (var number in numbers.Order())
        {
            if (parts.Count > 0 && number == last + 1)
            {
                last = number;
                parts[^1] = string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");
                continue;
            }

            (first, last) = (number, number);
            parts.Add(number.ToString(CultureInfo.InvariantCulture));
        }

        return string.Join(',', parts);
    }

    /// <summary>Reads what <see cref="Format"/> writes. False: something else, or a number that is not from 1 to <see cref="Max"/>.</summary>
    public static bool TryParse(string text, out IReadOnlySet<int> numbers)
    {
        ArgumentNullException.ThrowIfNull(text);
        var read = new SortedSet<int>();
        numbers = read;
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !IsNumber(ends[0], out var first) || !IsNumber(ends[^1], out var last) || first > last)
                return false;
            for (var number = first; number <= last; number++)
                read.Add(number);
        }

        return true;

        static bool IsNumber(string digits, out int number) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is >= 1 and <= Max;
    }
}
