using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>What a line is, and what a position refuses.</summary>
[TestFixture]
internal sealed class LineSourceTests
{
    private SourceFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("a\nb\n", "a|b")]
    [TestCase("a\r\nb\r\n", "a|b")]
    [TestCase("\uFEFFa\nb", "a|b", TestName = "A byte order mark is passed over, and the last line needs no end")]
    [TestCase("a\n\uFEFFb\n", "a|\uFEFFb", TestName = "Elsewhere the mark is a character")]
    [TestCase("a\n\n\r\nb", "a|||b")]
    [TestCase("a\rb\n", "a\rb")]
    [TestCase("", null)]
    [TestCase("\uFEFF", null, TestName = "Nothing but a byte order mark is no line")]
    public async Task Lines_end_with_line_feeds(string text, string? lines)
    {
        var source = Sources.Lines(_folder.Write("a.log", text));
        Assert.That((await source.ReadAllAsync("a.log")).Show(), Is.EqualTo(lines?.Split('|') ?? []));
    }

    [Test]
    public async Task A_line_too_long_or_not_utf8_is_a_problem_and_the_next_one_is_read()
    {
        var source = Sources.Lines(
            _folder.Write("a.log", [.. "12345\n123456\r\n12345\r\n"u8, .. new byte[300_000], (byte)'\n', .. "ab"u8, 0xFF, .. "c\nend"u8]),
            new() { MaxRecordBytes = 5 });
        var records = await source.ReadAllAsync("a.log");
        Assert.That(records.Show(), Is.EqualTo(new[]
        {
            "12345", "<Line 2 is longer than 5 bytes.>", "12345", "<Line 4 is longer than 5 bytes.>", "<Line 5 is not UTF-8: byte 3 begins no character.>", "end",
        }));
        Assert.That(records[4].Raw.ToArray(), Is.EqualTo(new byte[] { (byte)'a', (byte)'b', 0xFF, (byte)'c' }));
        Assert.That(records[1].Raw.ToArray(), Is.EqualTo("123456"u8.ToArray()), "one byte too many is seen whole");
        Assert.That(records.Where(static record => record.Problem is null).All(static record => record.Raw.IsEmpty));
    }

    [Test]
    public async Task Of_bytes_that_are_no_record_1024_are_shown()
    {
        var source = Sources.Lines(_folder.Write("a.log", new string('x', 70_000)));
        Assert.That((await source.ReadAllAsync("a.log")).Single().Raw.ToArray(), Is.EqualTo(Encoding.UTF8.GetBytes(new string('x', 1024))));
    }

    [Test]
    public async Task A_grown_file_goes_on_where_it_was_read_to()
    {
        var source = Sources.Lines(_folder.Write("a.log", "one\ntwo\n"));
        var end = await source.PositionBehindAsync("a.log", 2);
        Assert.That(await source.ReadAllAsync("a.log", end), Is.Empty);
        _folder.Append("a.log", "three\n");
        Assert.That((await source.ReadAllAsync("a.log", end)).Show(), Is.EqualTo(new[] { "three" }));
    }

    [TestCase("one\nTWO\nthree\n", "does not start with the 8 bytes that were read of it")]
    [TestCase("one\ntwo", "has 7 bytes, but 8 were read of it")]
    [TestCase(null, "is not there")]
    public async Task Another_start_is_refused_with_what_differs(string? text, string what)
    {
        var path = _folder.Write("a.log", "one\ntwo\nthree\n");
        var source = Sources.Lines(path);
        var position = await source.PositionBehindAsync("a.log", 2);
        if (text is null)
            File.Delete(path);
        else
            _folder.Write("a.log", text);
        Assert.That(
            async () => await source.OpenAsync("a.log", position, CancellationToken.None),
            Throws.TypeOf<SourceChangedException>().With.Message.EqualTo($"'{path}' {what}, and no older file of it ('{path}.1' and so on) does: put the file back as it was, or read the new one under another partition name."));
    }

    [Test]
    public async Task A_change_behind_the_first_4096_bytes_is_seen()
    {
        var text = new StringBuilder(new string('x', 9_000)).Append("\nnext\n");
        var source = Sources.Lines(_folder.Write("a.log", text.ToString()));
        var position = await source.PositionBehindAsync("a.log", 1);
        Assert.That((await source.ReadAllAsync("a.log", position)).Show(), Is.EqualTo(new[] { "next" }));
        text[8_999] = 'y';
        _folder.Write("a.log", text.ToString());
        Assert.That(async () => await source.OpenAsync("a.log", position, CancellationToken.None), Throws.TypeOf<SourceChangedException>());
    }

    [Test]
    public async Task A_named_partition_has_that_name_and_is_refused_under_it_all_the_same()
    {
        var source = Sources.Lines(_folder.Write("a.log", "one\n"), new() { PartitionName = "first" });
        Assert.That(await source.ListPartitionsAsync(CancellationToken.None), Is.EqualTo(new[] { "first" }));
        var position = await source.PositionBehindAsync("first", 1);
        _folder.Write("a.log", "uno\n");
        Assert.That(async () => await source.OpenAsync("first", position, CancellationToken.None), Throws.TypeOf<SourceChangedException>());
        var second = Sources.Lines(_folder.PathOf("a.log"), new() { PartitionName = "second" });
        Assert.That((await second.ReadAllAsync("second")).Show(), Is.EqualTo(new[] { "uno" }));
        Assert.That(async () => await second.OpenAsync("first", default, CancellationToken.None), Throws.ArgumentException);
    }

    [Test]
    public async Task The_files_of_a_folder_are_partitions_and_older_generations_are_not()
    {
        foreach (var name in new[] { "b.log", "a.log", "a.log.1", "a.log.12", "c.log.1", "d.txt", "e.log.01" })
            _folder.Write(name, $"in {name}\n");
        var logs = Sources.Lines(_folder.Root, new() { Pattern = "*.log" });
        Assert.That(await logs.ListPartitionsAsync(CancellationToken.None), Is.EqualTo(new[] { "a.log", "b.log", "c.log" }));
        Assert.That((await logs.ReadAllAsync("a.log")).Show(), Is.EqualTo(new[] { "in a.log.12", "in a.log.1", "in a.log" }));
        Assert.That((await logs.ReadAllAsync("b.log")).Show(), Is.EqualTo(new[] { "in b.log" }));
        Assert.That(await Sources.Lines(_folder.Root).ListPartitionsAsync(CancellationToken.None), Is.EqualTo(new[] { "a.log", "b.log", "c.log", "d.txt", "e.log.01" }));
        foreach (var none in new[] { "d.txt", "a.log.1", "../a.log", "..", "" })
            Assert.That(async () => await logs.OpenAsync(none, default, CancellationToken.None), Throws.ArgumentException, none);
        Assert.That(async () => await logs.OpenAsync("z.log", default, CancellationToken.None), Throws.TypeOf<FileNotFoundException>());
    }

    [Test]
    public void Bad_options_and_foreign_positions_are_refused()
    {
        var path = _folder.Write("a.log", "one\n");
        Assert.Multiple(() =>
        {
            Assert.That(() => Sources.Lines(" "), Throws.ArgumentException);
            Assert.That(() => Sources.Lines(path, new() { MaxRecordBytes = 0 }), Throws.ArgumentException.With.Message.EqualTo("MaxRecordBytes is 0: give 1 to 16777216."));
            Assert.That(() => Sources.Lines(path, new() { PollInterval = TimeSpan.Zero }), Throws.ArgumentException);
            Assert.That(() => Sources.Lines(path, new() { Pattern = "a/*" }), Throws.ArgumentException);
            Assert.That(() => Sources.Lines(path, new() { PartitionName = "" }), Throws.ArgumentException);
            Assert.That(async () => await Sources.Lines(path).OpenAsync("a.log", new([1, 2, 3]), CancellationToken.None), Throws.ArgumentException);
            Assert.That(() => new SourcePosition(new byte[257]), Throws.ArgumentException);
        });
    }

    [Test]
    public void Positions_are_equal_by_their_bytes()
    {
        var (one, same, other) = (new SourcePosition([1, 2]), new SourcePosition([1, 2]), new SourcePosition([1, 3]));
        Assert.That(one, Is.EqualTo(same).And.Not.EqualTo(other));
        Assert.That(one.GetHashCode(), Is.EqualTo(same.GetHashCode()));
        Assert.That((one.ToString(), default(SourcePosition).ToString(), default(SourcePosition).IsStart), Is.EqualTo(("0102", "start", true)));
    }
}
