using System.Text;
using System.Text.RegularExpressions;

namespace RaftStream.Testing;

/// <summary>
/// A text that grows as a simulation wants it to, with the words counted in the plainest possible way: decoded as a whole and cut by
/// a regular expression, to judge the pipeline by.
/// </summary>
internal sealed partial class TextSource(SimRandom random)
{
    private static readonly string[] Words =
        ["the", "The", "whale", "sea", "Ahab", "naïve", "ÉTÉ", "_x1", "9", "слово", "日本", "a", "of", "and", "Call", "me", "Ishmael", "ship", "white", "captain"];

    private static readonly string[] Gaps = [" ", " ", " ", " ", "\n", ", ", ".\n", "\0", " - ", "😀"];

    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, long> _expected = new(StringComparer.Ordinal);
    private int _expectedTo;

    /// <summary>The bytes so far.</summary>
    public ReadOnlySpan<byte> Bytes => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);

    /// <summary>Adds about that many bytes; ends between two words.</summary>
    public void Grow(int bytes)
    {
        var end = _bytes.Count + bytes;
        while (_bytes.Count < end)
        {
            _bytes.AddRange(Encoding.UTF8.GetBytes(Words[random.Below(Words.Length)]));
            if (random.Chance(0.02))
                _bytes.AddRange([0xE2, 0x28]); // No UTF-8: becomes U+FFFD, no word.
            _bytes.AddRange(Encoding.UTF8.GetBytes(Gaps[random.Below(Gaps.Length)]));
        }
    }

    /// <summary>How often each word stands in the first <paramref name="offset"/> bytes, an offset between two words that never goes back.</summary>
    public IReadOnlyDictionary<string, long> CountsUpTo(int offset)
    {
        var text = Encoding.UTF8.GetString(Bytes[_expectedTo..offset]);
        foreach (Match match in WordPattern().Matches(text))
        {
            var word = match.Value.ToLowerInvariant();
            _expected[word] = _expected.GetValueOrDefault(word) + 1;
        }

        _expectedTo = offset;
        return _expected;
    }

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant)]
    private static partial Regex WordPattern();
}
