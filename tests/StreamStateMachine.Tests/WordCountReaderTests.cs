using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class WordCountReaderTests
{
    private static readonly PartitionName Name = new("job", "main");
    private static readonly BatchLimits Small = new(Words: 7, SourceBytes: 40);

    [Test]
    public void Commands_depend_on_the_source_and_not_on_how_it_was_cut()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var bytes = Texts.Random(random, random.Next(150));
            var whole = Read(bytes, Opened(), () => bytes.Length + 1);
            var pieces = Read(bytes, Opened(), () => random.Next(1, 30));
            Assert.That(pieces.State, Is.EqualTo(ReaderState.Complete));
            Assert.That(pieces.Commands.Select(Convert.ToHexString), Is.EqualTo(whole.Commands.Select(Convert.ToHexString)), $"seed {seed}");
        }
    }

    [Test]
    public void Commands_follow_each_other_cover_the_source_and_hold_the_hash_of_their_prefix()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var bytes = Texts.Random(random, random.Next(150));
            var at = 0L;
            var tokens = Texts.Expected(bytes);
            foreach (var bytesOfCommand in Read(bytes, Opened(), () => random.Next(1, 30)).Commands)
            {
                var (command, changes) = StoreHarness.Decode(bytesOfCommand);
                Assert.That(command.From, Is.EqualTo(at), $"seed {seed}");
                Assert.That(command.To, Is.GreaterThan(at));
                at = command.To;
                Assert.That(command.PrefixSha256.ToArray(), Is.EqualTo(SHA256.HashData(bytes.AsSpan(0, (int)at))), $"seed {seed}, at {at}");
                var inside = tokens.Where(token => token.End > command.From && token.End <= at).ToList();
                Assert.That(changes, Is.EquivalentTo(Texts.Counts(inside)), $"seed {seed}, at {at}");
                Assert.That(command.Words, Is.EqualTo(inside.Count(token => token.Word is not null)).And.LessThanOrEqualTo(7));
                Assert.That(command.Letters, Is.EqualTo(inside.Where(token => token.DeadLetter is not null).Select(token => token.DeadLetter!.Value)));
            }

            Assert.That(at, Is.EqualTo(bytes.Length), $"seed {seed}");
        }
    }

    [Test]
    public void A_reader_that_starts_behind_any_command_gives_exactly_the_rest()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var bytes = Texts.Random(random, 150);
            var all = Read(bytes, Opened(), () => 50).Commands;
            for (var start = 0; start < all.Count; start += random.Next(1, 4))
            {
                var (command, _) = StoreHarness.Decode(all[start]);
                var ticket = Opened(command.To, command.PrefixSha256.ToArray());
                var rest = Read(bytes, ticket, () => random.Next(1, 90));
                Assert.That(rest.State, Is.EqualTo(ReaderState.Complete));
                Assert.That(rest.Commands.Select(Convert.ToHexString), Is.EqualTo(all.Skip(start + 1).Select(Convert.ToHexString)), $"seed {seed}, command {start}");
            }
        }
    }

    [Test]
    public void Another_source_is_told_apart_before_anything_is_counted()
    {
        var bytes = "call me ishmael some years ago"u8.ToArray();
        var ticket = Opened(7, SHA256.HashData(bytes.AsSpan(0, 7)));
        Assert.That(Read(bytes, ticket, () => 3).State, Is.EqualTo(ReaderState.Complete));
        Assert.That(Read(bytes[..7], ticket, () => 3).State, Is.EqualTo(ReaderState.Complete), "nothing new, but the same source");
        foreach (var other in new[] { bytes[..6], [], [.. "Call"u8, .. bytes[4..]], [.. bytes[..6], (byte)'!', .. bytes[7..]] })
        {
            var result = Read(other, ticket, () => 3);
            Assert.That(result.State, Is.EqualTo(ReaderState.DifferentSource));
            Assert.That(result.Commands, Is.Empty);
        }

        Assert.That(Read([.. bytes[..7], .. "anything"u8], ticket, () => 3).State, Is.EqualTo(ReaderState.Complete), "only the counted prefix is compared");
    }

    [Test]
    public void A_file_that_grew_goes_on_with_a_new_word()
    {
        var store = new StoreHarness();
        var first = "the whale, the wh"u8.ToArray();
        Count(store, first);
        Assert.That(Rows(store), Is.EqualTo("the 2, wh 1, whale 1"));
        Count(store, [.. first, .. "ale the end"u8]);
        Assert.That(Rows(store), Is.EqualTo("the 3, ale 1, end 1, wh 1, whale 1"));
        Count(store, [.. first, .. "ale the end"u8]);
        Assert.That(Rows(store), Is.EqualTo("the 3, ale 1, end 1, wh 1, whale 1"), "nothing is counted twice");
    }

    [Test]
    public void An_empty_source_is_complete_without_a_command()
    {
        var result = Read([], Opened(), () => 1);
        Assert.That(result.State, Is.EqualTo(ReaderState.Complete));
        Assert.That(result.Commands, Is.Empty);
    }

    [Test]
    public void A_source_without_words_still_moves_the_offset_batch_by_batch()
    {
        var result = Read(new byte[1_000], Opened(), () => 33);
        Assert.That(result.Commands, Has.Count.EqualTo(25));
        Assert.That(result.Commands.Select(command => StoreHarness.Decode(command).Command.To), Is.EqualTo(Enumerable.Range(1, 25).Select(i => i * 40L)));
    }

    [Test]
    public void No_command_is_larger_than_its_limit_even_where_every_word_is_new_and_long()
    {
        var source = new StringBuilder();
        for (var i = 0; i < 2_000; i++)
            source.Append($"{i}").Append('\u6F22', i % 9 == 0 ? 1_100 : 1_000).Append(' ');
        var limits = new BatchLimits(Words: 1_000_000, SourceBytes: 16 << 20, CommandBytes: 64 * 1024);
        var result = Read(Encoding.UTF8.GetBytes(source.ToString()), Opened(), () => 65_536, limits);
        Assert.That(result.State, Is.EqualTo(ReaderState.Complete));
        Assert.That(result.Commands.Max(command => command.Length), Is.InRange(50_000, 64 * 1024));
    }

    [Test]
    public void The_book_counts_as_the_regular_expression_counts_it()
    {
        var book = Texts.MobyDick();
        var expected = Texts.Counts(Texts.Expected(book));
        var store = new StoreHarness();
        Count(store, book);
        var top = store.Top(10_000);
        Assert.That(top.Distinct, Is.EqualTo(expected.Count).And.GreaterThan(15_000));
        Assert.That(top.Total, Is.EqualTo(expected.Values.Sum()).And.GreaterThan(200_000));
        Assert.That(top.Rows, Is.EqualTo(expected.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, Comparer<string>.Create(ByBytes)).Take(10_000).Select(pair => new CounterRow(pair.Key, pair.Value))));
        foreach (var (word, count) in expected)
            Assert.That(store.Get(word).Value, Is.EqualTo(count), word);
        var job = store.Job(Name);
        Assert.That((job.Offset, job.Words, job.DeadLetters), Is.EqualTo(((long)book.Length, top.Total, 0L)));
        Assert.That(job.PrefixSha256, Is.EqualTo(SHA256.HashData(book)));
    }

    [Test]
    public void Nothing_is_allocated_per_word()
    {
        var book = Texts.MobyDick();
        var store = new StoreHarness();
        Count(store, book);
        using var reader = new WordCountReader(new(Name, 1, 0, StoreLimits.EmptySha256.ToArray()), new BatchLimits());
        var output = new ArrayBufferWriter<byte>(300 * 1024);
        var (commands, words, at) = (0, 0L, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (reader.State != ReaderState.Complete)
        {
            at += reader.Push(book.AsSpan(at), true);
            if (!reader.HasCommand)
                continue;
            words += reader.Take(output).Words;
            output.ResetWrittenCount();
            commands++;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Out.WriteLine($"{words} words in {commands} commands: {allocated} bytes allocated");
        Assert.That(words, Is.GreaterThan(200_000));
        Assert.That(allocated, Is.LessThan(words * 8), "tables and sorting, once or per command; a string a word would be over 30 bytes a word");
    }

    private static int ByBytes(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private static PartitionTicket Opened(long offset = 0, byte[]? prefix = null) => new(Name, 1, offset, prefix ?? StoreLimits.EmptySha256.ToArray());

    private static string Rows(StoreHarness store) => string.Join(", ", store.Top(100).Rows.Select(row => $"{row.Key} {row.Value}"));

    private static void Count(StoreHarness store, byte[] source)
    {
        var opened = store.Open(Name);
        var result = Read(source, new(Name, opened.Epoch, opened.Offset, opened.PrefixSha256), () => 65_536, new BatchLimits());
        Assert.That(result.State, Is.EqualTo(ReaderState.Complete));
        foreach (var command in result.Commands)
            Assert.That(store.Advance(command).Problem, Is.EqualTo(StoreProblem.None));
    }

    private static (ReaderState State, List<byte[]> Commands) Read(byte[] source, PartitionTicket ticket, Func<int> pieceSize, BatchLimits? limits = null)
    {
        using var reader = new WordCountReader(ticket, limits ?? Small);
        var commands = new List<byte[]>();
        var (at, end) = (0, 0);
        while (reader.State is ReaderState.Skipping or ReaderState.Counting)
        {
            at += reader.Push(source.AsSpan(at, end - at), end == source.Length);
            if (reader.HasCommand)
                commands.Add(StoreHarness.Bytes(output => reader.Take(output)));
            else if (end < source.Length)
                end = Math.Min(source.Length, end + pieceSize());
        }

        return (reader.State, commands);
    }
}
