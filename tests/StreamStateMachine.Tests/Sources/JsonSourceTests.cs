using System.Text.Json.Serialization;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A value a line, read by a source-generated serializer.</summary>
[TestFixture]
internal sealed partial class JsonSourceTests
{
    private SourceFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task Lines_are_values_and_those_that_are_none_say_where_and_why()
    {
        var source = Sources.JsonLines(
            _folder.Write("a.json", "{\"Name\":\"a\",\"Count\":1}\n\n \t\r\n{\"Name\":\"b\",\"Count\":\"x\"}\n{\"Name\":\nnull\n{\"Name\":\"c\"} {}\n{\"Name\":\"d\",\"Count\":4}"),
            Json.Default.Reading);
        var records = await source.ReadAllAsync("a.json");
        Assert.That(records.Select(static record => record.Value), Is.EqualTo(new[] { new Reading("a", 1), null, null, null, null, new Reading("d", 4) }));
        var problems = records.Select(static record => record.Problem).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(problems[1], Does.StartWith("Line 4, byte 24, $.Count: The JSON value could not be converted to").And.Not.Contain("LineNumber"));
            Assert.That(problems[2], Does.StartWith("Line 5, byte 9").And.Not.Contain("LineNumber"));
            Assert.That(problems[3], Is.EqualTo("Line 6: null is there; expected a Reading."));
            Assert.That(problems[4], Does.StartWith("Line 7, byte 14"));
            Assert.That(records[3].Raw.ToArray(), Is.EqualTo("null"u8.ToArray()));
        });
    }

    [Test]
    public async Task A_reader_goes_on_behind_any_line()
    {
        var source = Sources.JsonLines(_folder.Write("a.json", "1\n\n2\nx\n3\n"), Json.Default.Int64);
        string[] all = ["1", "2", "Line 4, byte 1", "3"];
        for (var start = 0; start <= all.Length; start++)
        {
            var rest = await source.ReadAllAsync("a.json", await source.PositionBehindAsync("a.json", start));
            Assert.That(rest.Select(static record => record.Problem is null ? $"{record.Value}" : record.Problem.Split(':')[0]), Is.EqualTo(all[start..]));
        }
    }

    internal sealed record Reading(string Name, long Count);

    [JsonSerializable(typeof(Reading))]
    [JsonSerializable(typeof(long))]
    internal sealed partial class Json : JsonSerializerContext;
}
