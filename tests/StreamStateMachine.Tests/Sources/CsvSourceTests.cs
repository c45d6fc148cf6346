using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Rows, their types and what is said of those that do not fit.</summary>
[TestFixture]
internal sealed class CsvSourceTests
{
    private static readonly CsvSchema Schema = new(
        CsvColumn.Text("name"), CsvColumn.Integer("count"), CsvColumn.Number("size"), CsvColumn.Boolean("on"), CsvColumn.Timestamp("at", "yyyy-MM-dd HH:mm"));

    private SourceFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task A_row_has_its_values_by_name_and_type()
    {
        var row = (await ReadAsync("\uFEFFat,\"on\",extra,size,count,name\r\n1970-01-02 00:01,TRUE,x,-1.5e2,-7,\"a \"\"b\"\",\nc\"\r\n")).Single().Value;
        Assert.Multiple(() =>
        {
            Assert.That(row.GetText("name"), Is.EqualTo("a \"b\",\nc"));
            Assert.That(row.GetInteger("count"), Is.EqualTo(-7));
            Assert.That(row.GetNumber("size"), Is.EqualTo(-150));
            Assert.That(row.GetBoolean("on"), Is.True);
            Assert.That(row.GetTimestamp("at"), Is.EqualTo(86_460_000));
            Assert.That(row.Line, Is.EqualTo(2));
            Assert.That(() => row.GetText("count"), Throws.ArgumentException.With.Message.StartsWith("The column 'count' is of type Integer, not Text: ask for that."));
            Assert.That(() => row.GetText("extra"), Throws.ArgumentException.With.Message.StartsWith("The schema has no column 'extra': it has 'name', 'count', 'size', 'on', 'at'."));
        });
    }

    [TestCase("a,x,1,1,1970-01-01 00:00", "Line 4, column 'count': 'x' is there; expected a whole number of 64 bits.")]
    [TestCase("a,9223372036854775808,1,1,1970-01-01 00:00", "Line 4, column 'count': '9223372036854775808' is there; expected a whole number of 64 bits.")]
    [TestCase("a,1,NaN,1,1970-01-01 00:00", "Line 4, column 'size': 'NaN' is there; expected a finite number like 12.5.")]
    [TestCase("a,1,1e999,1,1970-01-01 00:00", "Line 4, column 'size': '1e999' is there; expected a finite number like 12.5.")]
    [TestCase("a,1,,1,1970-01-01 00:00", "Line 4, column 'size': '' is there; expected a finite number like 12.5.")]
    [TestCase("a,1,1,yes,1970-01-01 00:00", "Line 4, column 'on': 'yes' is there; expected true, false, 1 or 0.")]
    [TestCase("a,1,1,0,1970-13-01 00:00", "Line 4, column 'at': '1970-13-01 00:00' is there; expected a time in the format 'yyyy-MM-dd HH:mm'.")]
    [TestCase("a,1,1,0", "Line 4, 4 fields are there; expected 5 as in the header.")]
    [TestCase("a,1,1,0,1970-01-01 00:00,", "Line 4, 6 fields are there; expected 5 as in the header.")]
    [TestCase("a\"b,1,1,0,1970-01-01 00:00", "Line 4, field 1: a quote inside a field without quotes; expected the field in quotes and the quote twice.")]
    [TestCase("a,\"1\"1,1,0,1970-01-01 00:00", "Line 4, field 2: text behind the closing quote; expected a separator or the line's end.")]
    public async Task A_row_that_does_not_fit_is_a_problem_with_its_place(string row, string problem)
    {
        var records = await ReadAsync($"name,count,size,on,at\n\"two\nlines\",1,1,1,1970-01-01 00:00\n{row}\n\nlast,1,1,1,1970-01-01 00:00");
        Assert.That(records.Select(static record => record.Problem), Is.EqualTo(new[] { null, problem, null }));
        Assert.That(records[1].Raw.ToArray(), Is.EqualTo(Encoding.UTF8.GetBytes(row)));
        Assert.That((records[1].Value, records[2].Value.GetText("name"), records[2].Value.Line), Is.EqualTo(((CsvRow?)null, "last", 6L)));
    }

    [Test]
    public async Task Quotes_that_are_never_closed_take_no_more_than_the_longest_record()
    {
        var records = await ReadAsync($"name,count,size,on,at\n\"open,1,1,1,1970-01-01 00:00\n{new string('x', 100)}\nlast,1,1,1,1970-01-01 00:00\n", maxRecordBytes: 60);
        Assert.That(records.Select(static record => record.Problem), Is.EqualTo(new[] { "Line 2 is longer than 60 bytes.", null }));
        Assert.That(records[1].Value.Line, Is.EqualTo(4));
        Assert.That((await ReadAsync("name,count,size,on,at\n\"open")).Single().Problem, Is.EqualTo("Line 2, field 1: the quotes are not closed."));
    }

    [TestCase("name,count,size,on,when\n", "has no column 'at', but 'name', 'count', 'size', 'on', 'when': name the columns of the schema as the file does.")]
    [TestCase("at,name,count,size,on,at\n", "has the column 'at' twice: give them different names.")]
    [TestCase("na\"me\n", "cannot be read (field 1: a quote inside a field without quotes; expected the field in quotes and the quote twice): give a file that starts with the names of its columns.")]
    public void A_header_that_does_not_fit_is_refused(string text, string what) => Assert.That(
        async () => await ReadAsync(text),
        Throws.TypeOf<InvalidDataException>().With.Message.EqualTo($"The header of '{_folder.PathOf("a.csv")}' in line 1 {what}"));

    [Test]
    public async Task Each_file_of_a_rotated_log_has_its_own_header()
    {
        var schema = new CsvSchema(CsvColumn.Text("b")) { Separator = ';' };
        _folder.Write("a.csv.1", "a;b\n1;2\n");
        var source = Sources.Csv(_folder.Write("a.csv", "b;a\n3;4\n5;6\n"), schema);
        Assert.That((await source.ReadAllAsync("a.csv")).Select(static record => record.Value.GetText("b")), Is.EqualTo(new[] { "2", "3", "5" }));
        Assert.That((await source.ReadAllAsync("a.csv", await source.PositionBehindAsync("a.csv", 2))).Single().Value.GetText("b"), Is.EqualTo("5"));
        Assert.That((await source.ReadAllAsync("a.csv", await source.PositionBehindAsync("a.csv", 1))).Select(static record => record.Value.GetText("b")), Is.EqualTo(new[] { "3", "5" }));
    }

    [Test]
    public async Task Random_rows_come_back_as_they_were_written_wherever_the_reader_starts([Range(0, 39)] int seed)
    {
        var random = new Random(seed);
        string[] pieces = [",", "\"", "\n", "\r\n", "é", "plain", " "];
        var texts = Enumerable.Range(0, random.Next(1, 40)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => pieces[random.Next(pieces.Length)]))).ToArray();
        var file = new StringBuilder("no,text\n");
        for (var row = 0; row < texts.Length; row++)
        {
            var mustQuote = texts[row].AsSpan().IndexOfAny("\",\r\n") >= 0 || random.Next(2) == 0;
            file.Append(row).Append(',').Append(mustQuote ? $"\"{texts[row].Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : texts[row]).Append(random.Next(2) == 0 ? "\r\n" : "\n");
        }

        var source = Sources.Csv(_folder.Write("a.csv", file.ToString()), new(CsvColumn.Text("text"), CsvColumn.Integer("no")));
        for (var start = 0; start <= texts.Length; start += random.Next(1, 6))
        {
            var rest = await source.ReadAllAsync("a.csv", await source.PositionBehindAsync("a.csv", start));
            Assert.That(rest.Select(static record => (record.Problem, record.Value?.GetText("text"))), Is.EqualTo(texts.Skip(start).Select(static text => ((string?)null, (string?)text))), $"from {start}");
        }
    }

    [Test]
    public void Schemas_that_cannot_be_meant_are_refused()
    {
        var berlin = TimeZoneInfo.CreateCustomTimeZone("two hours east", TimeSpan.FromHours(2), null, null);
        Assert.Multiple(() =>
        {
            Assert.That(() => new CsvSchema(), Throws.ArgumentException);
            Assert.That(() => new CsvSchema(CsvColumn.Text("a"), CsvColumn.Integer("a")), Throws.ArgumentException);
            Assert.That(() => new CsvSchema(CsvColumn.Text("a")) { Separator = '"' }, Throws.ArgumentException);
            Assert.That(() => CsvColumn.Timestamp("a", "yyyy K", berlin), Throws.ArgumentException);
            Assert.That(() => new CsvSchema([.. Enumerable.Range(0, 5).Select(n => CsvColumn.Timestamp($"{n}", "yyyy", berlin))]), Throws.ArgumentException);
        });
    }

    private Task<List<SourceRecord<CsvRow>>> ReadAsync(string text, int maxRecordBytes = 64 * 1024) =>
        Sources.Csv(_folder.Write("a.csv", text), Schema, new() { MaxRecordBytes = maxRecordBytes }).ReadAllAsync("a.csv");
}
