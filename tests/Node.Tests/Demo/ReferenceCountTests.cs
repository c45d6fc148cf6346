using System.Text;
using System.Text.RegularExpressions;
using RaftStream.Node.Demo;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Demo;

/// <summary>The reference is itself compared with the plainest count there is, for texts that cut it at awkward places.</summary>
[TestFixture]
internal sealed class ReferenceCountTests
{
    [Test]
    public void ItEqualsAPlainCountOfAnyText([Range(1, 8)] int seed)
    {
        var text = RandomText(seed, length: 200_000);

        var counted = Count(text);

        var words = Regex.Matches(text, @"\w+").Select(match => match.Value).ToList();
        var expected = words.Where(word => word.Length <= ReferenceCount.MaxWord)
            .GroupBy(word => word.ToLowerInvariant(), StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.LongCount(), StringComparer.Ordinal);
        Assert.That(Sorted(counted.Counts), Is.EqualTo(Sorted(expected)));
        Assert.That(counted.Total, Is.EqualTo(expected.Values.Sum()));
        Assert.That(counted.DeadLetters, Is.EqualTo(words.Count(word => word.Length > ReferenceCount.MaxWord)));
    }

    [TestCase(ReferenceCount.MaxWord, 1, 0)]
    [TestCase(ReferenceCount.MaxWord + 1, 0, 1)]
    [TestCase(200_000, 0, 1)]
    public void TheLongestWordCountsAndALongerOneIsADeadLetter(int length, int words, int deadLetters)
    {
        var counted = Count(new string('a', length));

        Assert.That((counted.Total, counted.DeadLetters), Is.EqualTo((words, deadLetters)));
    }

    [Test]
    public void TheOrderIsByCountAndThenByTheWordsBytes()
    {
        var counted = Count("b a B c é z");

        Assert.That(counted.Ordered().Select(row => row.Key), Is.EqualTo(new[] { "b", "a", "c", "z", "é" }));
    }

    [Test]
    public void ARepeatedFileIsOneText()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("text", "ab cd");
        using var stream = new RepeatedStream(file, 3);

        var counted = ReferenceCount.Of(stream, CancellationToken.None);

        // The end of one and the start of the next make one word: it is one source.
        Assert.That(counted.Counts, Is.EquivalentTo(new Dictionary<string, long>(StringComparer.Ordinal) { ["ab"] = 1, ["cdab"] = 2, ["cd"] = 1 }));
    }

    private static ReferenceCount Count(string text) => ReferenceCount.Of(new MemoryStream(Encoding.UTF8.GetBytes(text)), CancellationToken.None);

    private static List<KeyValuePair<string, long>> Sorted(IEnumerable<KeyValuePair<string, long>> counts) => [.. counts.OrderBy(row => row.Key, StringComparer.Ordinal)];

    private static string RandomText(int seed, int length)
    {
        var random = new Random(seed);
        var text = new StringBuilder(length);
        while (text.Length < length)
        {
            var wordLength = random.Next(100) == 0 ? random.Next(3_000) : random.Next(8);
            for (var place = 0; place < wordLength; place++)
                text.Append("aAbzÄßд語_9\u0301\u200d"[random.Next(12)]);
            text.Append(" \n-.\ufeff😀'"[random.Next(8)]);
        }

        // A lone half of a pair does not survive UTF-8; both counts must see the same text.
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
