using System.Globalization;
using System.Net;
using System.Text.Json;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>Tables whose names and keys have what has a meaning in a path or a key, and sums over places, over HTTP and inside the program.</summary>
[TestFixture]
internal sealed class StreamTableHttpTests
{
    private const string Lines = "5,6,7 1 2\n5 1 3\n5 2 4\na\\b 1 5\n5 4 6";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private JobCluster _cluster = null!;
    private HttpClient _http = null!;
    private Job _job = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        (_http, _job) = (new HttpClient(), Build());
        _cluster = await JobCluster.StartAsync(static () => [Build()]);
        await Eventually.HoldsAsync(
            async () =>
            {
                using var taken = await _http.PostAsync(new Uri($"{_cluster.Url(0)}/v1/streams/a%2Fb/sources/in%2Fout/records?producer=p&sequence=1"), new StringContent(Lines));
                return taken.StatusCode == HttpStatusCode.OK;
            },
            "the lines are taken",
            Limit);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _cluster.DisposeAsync();
        _http.Dispose();
    }

    [TestCase("key=5", "0", "4", "13")]
    [TestCase("key=5&to=2", "0", "2", "7")]
    [TestCase("key=5&from=2&to=2&consistency=linearizable", "2", "2", "4")]
    [TestCase("key=5&from=3&to=3", "3", "3", "0")]
    [TestCase("key=5&from=3&to=1", "3", "1", "0")]
    [TestCase("key=5,6,7&from=1", "1", "4", "2")]
    [TestCase("key=nobody", "0", "4", "0")]
    public async Task SumsAreAskedForByKeyAndPlaces(string query, string from, string to, string sum)
    {
        var (status, json) = await GetAsync(1, $"sums?{query}");
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), json.GetRawText());
        Assert.That((json.GetProperty("from").GetRawText(), json.GetProperty("to").GetRawText(), json.GetProperty("sum").GetString()), Is.EqualTo((from, to, sum)));
    }

    [TestCase("sums", "'sums' has sums over the places 0 to 4 of each key: give key once, and from and to where not all of its places are meant.")]
    [TestCase("sums?prefix=5", "'sums' has sums over the places 0 to 4 of each key: give key once, and from and to where not all of its places are meant.")]
    [TestCase("sums?key=5&to=5", "from and to are places of 'sums', both included: give whole numbers from 0 to 4 once each, or leave one out for no bound.")]
    [TestCase("sums?key=5&from=a", "from and to are places of 'sums', both included: give whole numbers from 0 to 4 once each, or leave one out for no bound.")]
    public async Task WhatIsNoSumIsToldInOneSentence(string query, string sentence)
    {
        var (status, json) = await GetAsync(2, query);
        Assert.That((status, json.GetProperty("detail").GetString()), Is.EqualTo((HttpStatusCode.BadRequest, sentence)));
    }

    [Test]
    public async Task SumsAreAskedForInsideTheProgram()
    {
        var jobs = _cluster.Jobs(2);
        Assert.That((await jobs.SumAsync(_job, "sums", "5", 1, 2)).Sum, Is.EqualTo((Int128)7));
        Assert.That((await jobs.SumAsync(_job, "sums", "5")).Sum, Is.EqualTo((Int128)13));
        Assert.That(async () => await jobs.SumAsync(_job, "sums", 5L), Throws.ArgumentException.With.Message.StartsWith("The job 'a/b' has no sums 'sums' whose keys are Int64"));
        Assert.That(async () => await jobs.SumAsync(_job, "sums", "5", 0, 5), Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("to"));
    }

    [TestCase("by%2Fday", "key=5", "5=3")]
    [TestCase("by%2fday", "key=5", "5=3")]
    [TestCase("by%252Fday", "key=5", "5=13")]
    [TestCase("by%20%E2%82%AC", "key=5", "5,0,1000=3")]
    public async Task ANameIsOneSegmentWhateverItHas(string table, string query, string row)
    {
        Assert.That(await RowsAsync($"{table}?{query}"), Is.EqualTo(new[] { row }));
    }

    [TestCase("key=5", "5,0,1000=3")]
    [TestCase(@"key=5\,6\,7", @"5\,6\,7,0,1000=1")]
    [TestCase(@"key=5\,6\,7,0,1000", @"5\,6\,7,0,1000=1")]
    [TestCase("key=5,6,7,0,1000", @"5\,6\,7,0,1000=1")]
    [TestCase(@"key=a%5C%5Cb", @"a\\b,0,1000=1")]
    [TestCase("prefix=5,6", @"5\,6\,7,0,1000=1")]
    public async Task KeysOfWindowsMayHaveCommas(string query, string row) => Assert.That(await RowsAsync($"by%20%E2%82%AC?{query}"), Is.EqualTo(new[] { row }));

    [Test]
    public async Task AKeyWithTwoNumbersBehindItIsAKeyWithItsWindow() => Assert.That(await RowsAsync("by%20%E2%82%AC?key=5,6,7"), Is.Empty);

    /// <summary>Lines "key place value": sums, counts and counts by second, and sums of places under a name that looks escaped.</summary>
    private static Job Build()
    {
        var builder = new StreamBuilder("a/b");
        var lines = builder.Ingest("in/out", EventTime.Of<string>(static _ => 1)).KeyBy(static line => line.Split(' ')[0]);
        lines.RangeSum("sums", 5, static line => Number(line, 1), static line => Number(line, 2));
        lines.Count("by/day");
        lines.Sum("by%2Fday", static line => Number(line, 2));
        lines.Window(Window.Tumbling(TimeSpan.FromSeconds(1))).Count("by €");
        return builder.Build();
    }

    private static int Number(string line, int part) => int.Parse(line.Split(' ')[part], CultureInfo.InvariantCulture);

    private async Task<(HttpStatusCode Status, JsonElement Json)> GetAsync(int place, string table)
    {
        using var response = await _http.GetAsync(new Uri($"{_cluster.Url(place)}/v1/streams/a%2Fb/tables/{table.Replace("\\", "%5C", StringComparison.Ordinal)}"));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private async Task<List<string>> RowsAsync(string table)
    {
        var (status, json) = await GetAsync(1, table);
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), json.GetRawText());
        return [.. json.GetProperty("rows").EnumerateArray().Select(static row => $"{row.GetProperty("key").GetString()}={row.GetProperty("value").GetRawText()}")];
    }
}
