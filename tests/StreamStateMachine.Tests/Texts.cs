using System.Text;
using System.Text.RegularExpressions;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Sources for the tokenizer's tests, and what an independent reading of them finds.</summary>
internal static partial class Texts
{
    private static readonly string[] Pieces =
    [
        " ", "\n", "\r\n", ".", "-", "'", "\0", "_", "a", "Zz", "Ahab", "WHALE", "x1", "42", "\u00C9t\u00E9", "Stra\u00DFe", "\u0130", "\u212A", "\u023A",
        "\u6F22\u5B57", "\u0E33", "e\u0301", "\u0903", "\u200D", "\u2014", "\u00A0", "\u203F", "\u0661\u0662", "\u00BD", "\u2160", "\uFEFF", "\uFFFD", "\U0001F40B", "\U0001D400",
    ];

    private static readonly byte[][] Garbage =
    [
        [0x80], [0xBF, 0xBF], [0xC0, 0x80], [0xC3], [0xE2], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x9F], [0xF0, 0x9F, 0x90], [0xF4, 0x90, 0x80, 0x80],
        [0xF8, 0x88], [0xFF], [0xFE], [0xE0, 0x80, 0xAF],
    ];

    [GeneratedRegex(@"\w+", RegexOptions.None, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Words();

    /// <summary>A source of words, separators, odd characters, broken bytes and now and then a run that is too long or just not.</summary>
    public static byte[] Random(Random random, int pieces)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < pieces; i++)
        {
            switch (random.Next(40))
            {
                case < 28:
                    bytes.AddRange(Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case < 34:
                    bytes.Add((byte)' ');
                    break;
                case < 38:
                    bytes.AddRange(Garbage[random.Next(Garbage.Length)]);
                    break;
                case 38:
                    bytes.Add((byte)random.Next(256));
                    break;
                default:
                    var letter = Encoding.UTF8.GetBytes(random.Next(2) == 0 ? "Q" : "\u6F22");
                    for (var count = random.Next(4) == 0 ? random.Next(1_020, 1_030) : random.Next(5); count > 0; count--)
                        bytes.AddRange(letter);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>The words and dead letters of a source, by decoding all of it and matching <c>\w+</c>.</summary>
    public static List<Token> Expected(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        var offsets = Offsets(bytes, text);
        var tokens = new List<Token>();
        foreach (Match match in Words().Matches(text))
        {
            var (start, end) = (offsets[match.Index], offsets[match.Index + match.Length]);
            tokens.Add(match.Length <= 1_024
                ? new(string.Concat(match.Value.Select(char.ToLowerInvariant)), null, end)
                : new(null, new DeadLetter(start, end - start, match.Value[..64]), end));
        }

        return tokens;
    }

    /// <summary>How often each word occurs.</summary>
    public static Dictionary<string, long> Counts(IEnumerable<Token> tokens) =>
        tokens.Where(token => token.Word is not null).GroupBy(token => token.Word!, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.LongCount(), StringComparer.Ordinal);

    /// <summary>The book that comes with the repository.</summary>
    public static byte[] MobyDick() => File.ReadAllBytes(Sample("moby-dick.txt"));

    /// <summary>The path of a sample that comes with the repository.</summary>
    public static string Sample(string name)
    {
        var folder = TestContext.CurrentContext.TestDirectory;
        while (!File.Exists(Path.Combine(folder, "RaftStream.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("RaftStream.sln is in no folder above the tests.");
        return Path.Combine(folder, "samples", "data", name);
    }

    /// <summary>The byte offset of each UTF-16 unit of the decoded text, and of its end.</summary>
    private static long[] Offsets(byte[] bytes, string text)
    {
        var offsets = new long[text.Length + 1];
        var (at, unit) = (0, 0);
        while (at < bytes.Length)
        {
            Rune.DecodeFromUtf8(bytes.AsSpan(at), out var rune, out var size);
            for (var i = 0; i < rune.Utf16SequenceLength; i++)
                offsets[unit++] = at;
            at += size;
        }

        Assert.That(unit, Is.EqualTo(text.Length), "the offsets' decoding agrees with Encoding.UTF8");
        offsets[unit] = at;
        return offsets;
    }
}

/// <summary>A word or a dead letter, and the offset just behind it.</summary>
internal sealed record Token(string? Word, DeadLetter? DeadLetter, long End);
