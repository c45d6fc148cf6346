using System.Text;
using System.Text.RegularExpressions;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class WordTokenizerTests
{
    [Test]
    public void All_utf16_units_agree_with_the_regular_expression()
    {
        var word = new Regex(@"\A\w\z", RegexOptions.None, TimeSpan.FromSeconds(60));
        var wrong = Enumerable.Range(0, char.MaxValue + 1).Where(unit => WordChars.IsWord((char)unit) != word.IsMatch(((char)unit).ToString()));
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void The_ascii_table_agrees_with_the_table_of_all_units()
    {
        for (var unit = 0; unit < 0x80; unit++)
        {
            var expected = WordChars.IsWord((char)unit) ? (byte)char.ToLowerInvariant((char)unit) : WordChars.Separator;
            Assert.That(WordChars.Ascii[unit], Is.EqualTo(expected), $"unit {unit}");
        }

        Assert.That(WordChars.Ascii[0x80..].IndexOfAnyExcept(WordChars.Wide), Is.EqualTo(-1));
    }

    [Test]
    public void Random_sources_cut_anywhere_give_what_the_regular_expression_finds()
    {
        for (var seed = 0; seed < 3_000; seed++)
        {
            var random = new Random(seed);
            var bytes = Texts.Random(random, random.Next(120));
            var most = random.Next(4) switch { 0 => 1, 1 => 5, 2 => 100, _ => 100_000 };
            Assert.That(Read(bytes, 0, () => random.Next(1, most + 1)), Is.EqualTo(Texts.Expected(bytes)), $"seed {seed}");
        }
    }

    [Test]
    public void Uniform_random_bytes_give_what_the_regular_expression_finds()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(300)];
            random.NextBytes(bytes);
            Assert.That(Read(bytes, 0, () => random.Next(1, 9)), Is.EqualTo(Texts.Expected(bytes)), $"seed {seed}");
        }
    }

    [Test]
    public void A_tokenizer_that_starts_behind_any_token_finds_exactly_the_rest()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var bytes = Texts.Random(random, 60);
            var all = Read(bytes, 0, () => 7);
            for (var start = 0; start < all.Count; start += random.Next(1, 6))
                Assert.That(Read(bytes, (int)all[start].End, () => random.Next(1, 50)), Is.EqualTo(all.Skip(start + 1)), $"seed {seed}, token {start}");
        }
    }

    [Test]
    public void It_stops_between_characters_and_a_start_at_the_stop_finds_exactly_the_rest()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var bytes = Texts.Random(random, 60);
            var all = Read(bytes, 0, () => bytes.Length + 1);
            for (var stop = 1; stop < bytes.Length; stop += random.Next(1, 9))
            {
                var tokenizer = new WordTokenizer(0);
                var found = 0;
                TokenKind kind;
                while ((kind = tokenizer.Read(bytes.AsSpan((int)tokenizer.Offset), true, stop - tokenizer.Offset, out _)) is TokenKind.Word or TokenKind.TooLong)
                    found++;
                Assert.That(kind, Is.EqualTo(TokenKind.Stop).Or.EqualTo(TokenKind.None));
                Assert.That(tokenizer.Offset, Is.GreaterThanOrEqualTo(Math.Min(stop, bytes.Length)), $"seed {seed}");
                Assert.That(Read(bytes, (int)tokenizer.Offset, () => 50), Is.EqualTo(all.Skip(found)), $"seed {seed}, stop {stop}");
            }
        }
    }

    [TestCase("", ExpectedResult = "")]
    [TestCase("\0\0 \n", ExpectedResult = "")]
    [TestCase("no newline", ExpectedResult = "no newline")]
    [TestCase("NUL\0inside\n", ExpectedResult = "nul inside")]
    [TestCase("it's re-read", ExpectedResult = "it s re read")]
    [TestCase("\uFEFFmark", ExpectedResult = "mark")]
    [TestCase("a\U0001D400b", ExpectedResult = "a b")]
    public string A_small_source_gives_these_words(string source) =>
        string.Join(' ', Read(Encoding.UTF8.GetBytes(source), 0, () => 3).Select(token => token.Word));

    [TestCase(1_024, true)]
    [TestCase(1_025, false)]
    public void The_longest_word_has_1024_units(int length, bool isWord)
    {
        foreach (var letter in new[] { "X", "\u00C9", "\u6F22" })
        {
            var source = $"  {string.Concat(Enumerable.Repeat(letter, length))} end";
            var tokens = Read(Encoding.UTF8.GetBytes(source), 0, () => 11);
            Assert.That(tokens, Has.Count.EqualTo(2));
            Assert.That(tokens[0].Word is not null, Is.EqualTo(isWord));
            if (!isWord)
                Assert.That(tokens[0].DeadLetter, Is.EqualTo(new DeadLetter(2, length * Encoding.UTF8.GetByteCount(letter), string.Concat(Enumerable.Repeat(letter, 64)))));
        }
    }

    [Test]
    public void A_word_of_a_hundred_megabytes_is_one_dead_letter_and_takes_no_memory()
    {
        const int Pieces = 1_600;
        var piece = new byte[64 * 1024];
        piece.AsSpan().Fill((byte)'w');
        var tokenizer = new WordTokenizer(5);
        tokenizer.Read(piece, false, long.MaxValue, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i < Pieces; i++)
        {
            if (tokenizer.Read(piece, false, long.MaxValue, out var consumed) != TokenKind.None || consumed != piece.Length)
                Assert.Fail("the run goes on");
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000));
        Assert.That(tokenizer.Read(" "u8, false, long.MaxValue, out _), Is.EqualTo(TokenKind.TooLong));
        Assert.That(tokenizer.DeadLetter, Is.EqualTo(new DeadLetter(5, Pieces * 64L * 1024, new string('w', 64))));
    }

    private static List<Token> Read(byte[] bytes, int start, Func<int> pieceSize)
    {
        var tokenizer = new WordTokenizer(start);
        var tokens = new List<Token>();
        var end = start;
        while (true)
        {
            var kind = tokenizer.Read(bytes.AsSpan((int)tokenizer.Offset, end - (int)tokenizer.Offset), end == bytes.Length, long.MaxValue, out _);
            if (kind == TokenKind.Word)
                tokens.Add(new(Encoding.UTF8.GetString(tokenizer.Word), null, tokenizer.Offset));
            else if (kind == TokenKind.TooLong)
                tokens.Add(new(null, tokenizer.DeadLetter, tokenizer.Offset));
            else if (end == bytes.Length)
                break;
            else
                end = Math.Min(bytes.Length, end + pieceSize());
        }

        Assert.That(tokenizer.Offset, Is.EqualTo(bytes.Length));
        return tokens;
    }
}
