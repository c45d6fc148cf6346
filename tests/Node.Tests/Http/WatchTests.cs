using System.Net;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Watches as server-sent events, several counters and sums over a cluster of three processes.</summary>
[TestFixture]
internal sealed class WatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TestCluster _cluster = null!;
    private HttpClient _http = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _cluster = await TestCluster.StartAsync(3);
        _http = HttpClients.Create();
        await _cluster.LeaderAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _http?.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [Test]
    public async Task AWatchBeginsWithTheRowsAndGoesOnAtAnotherNodeWhereItWas()
    {
        await AddAsync("one/a", 1);
        var last = await AddAsync("one/b", 2);
        var members = _cluster.Local.Members;
        string id;
        using (var watch = await OpenAsync(members[0], "?prefix=one/"))
        {
            Assert.That((await watch.NextAsync()).Name, Is.EqualTo("reset"));
            var told = await watch.UntilAsync(last);
            await AddAsync("elsewhere", 1);
            await AddAsync("one/a", 4);
            told.AddRange(await watch.UntilAsync("5"));
            Assert.That(told.Where(static item => item.Name == "row" || item.Name == "change").GroupBy(static item => item.Key, StringComparer.Ordinal).Select(static key => (key.Key, key.Last().Value)), Is.EquivalentTo(new (string?, long?)[] { ("one/a", 5), ("one/b", 2) }));
            id = told[^1].Id!;
        }

        Assert.That(ReadToken.TryParse(id, out _), id);
        await AddAsync("one/b", 3);
        await SendAsync(HttpMethod.Delete, "/v1/counters/one%2Fa");
        foreach (var member in members)
        {
            using var watch = await OpenAsync(member, "?prefix=one/&from=0@1", id);
            Assert.That((await watch.ChangeAsync(), await watch.ChangeAsync()), Is.EqualTo((("one/b", (long?)5), ("one/a", (long?)null))), "the header goes before the query");
        }
    }

    [TestCase("?from=57", "bad-request")]
    [TestCase("?key=a&prefix=b", "bad-request")]
    [TestCase("?key=a&key=b", "bad-request")]
    [TestCase("?prefix=", "bad-request")]
    public async Task AWatchThatMakesNoSenseIsRefused(string query, string code)
    {
        using var response = await _http.GetAsync(HttpClients.Target(_cluster.Local.Members[0].HttpAddress, "/v1/watch" + query));
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.That((response.StatusCode, problem.RootElement.GetProperty("code").GetString()), Is.EqualTo((HttpStatusCode.BadRequest, code)));
    }

    [Test]
    public async Task ATokenOfAnotherIncarnationBeginsAnew()
    {
        using var watch = await OpenAsync(_cluster.Local.Members[0], "?key=nothing&from=7@1");
        Assert.That(((await watch.NextAsync()).Name, (await watch.NextAsync()).Name), Is.EqualTo(("reset", "progress")));
    }

    [Test]
    public async Task SeveralCountersAndSumsAreReadAtOneIndex()
    {
        await AddAsync("-5", 1);
        await AddAsync("10", long.MaxValue);
        await AddAsync("11", long.MaxValue);
        await AddAsync("012", 1);
        var many = await SendAsync(HttpMethod.Get, "/v1/counters?key=10&key=none&key=-5&consistency=linearizable");
        Assert.That(many.GetProperty("counters").EnumerateArray().Select(static row => (row.GetProperty("key").GetString(), row.GetProperty("exists").GetBoolean())), Is.EqualTo(new[] { ("10", true), ("none", false), ("-5", true) }));
        var sum = await SendAsync(HttpMethod.Get, "/v1/range-sum?from=-5&to=11");
        Assert.That((sum.GetProperty("sum").GetString(), sum.GetProperty("count").GetInt64()), Is.EqualTo(("18446744073709551615", 3L)));
        Assert.That((await SendAsync(HttpMethod.Get, "/v1/range-sum?from=x")).GetProperty("code").GetString(), Is.EqualTo("bad-request"));
        Assert.That((await SendAsync(HttpMethod.Get, "/v1/counters")).GetProperty("code").GetString(), Is.EqualTo("bad-request"));
    }

    /// <summary>Adds to a counter; what it is then.</summary>
    private async Task<string> AddAsync(string key, long delta)
    {
        var json = await SendAsync(HttpMethod.Post, FormattableString.Invariant($"/v1/counters/{RawPath.Encode(key)}/add?delta={delta}"));
        return json.GetProperty("value").ToString();
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var request = new HttpRequestMessage(method, HttpClients.Target(_cluster.Local.Members[1].HttpAddress, path));
        using var response = await _http.SendAsync(request, limit.Token);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(limit.Token));
        return json.RootElement.Clone();
    }

    private async Task<Watch> OpenAsync(LocalMember member, string query, string? last = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HttpClients.Target(member.HttpAddress, "/v1/watch" + query));
        if (last is not null)
            request.Headers.Add("Last-Event-ID", last);
        var limit = new CancellationTokenSource(Patience);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/event-stream"));
        return new(response, new(await response.Content.ReadAsStreamAsync(limit.Token)), limit);
    }

    private sealed record Told(string Name, string? Id, JsonElement Data)
    {
        public string? Key => Data.TryGetProperty("key", out var key) ? key.GetString() : null;

        public long? Value => Data.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;
    }

    private sealed class Watch(HttpResponseMessage response, StreamReader reader, CancellationTokenSource limit) : IDisposable
    {
        public async Task<Told> NextAsync()
        {
            string? name = null, id = null;
            JsonElement data = default;
            while (true)
            {
                var line = await reader.ReadLineAsync(limit.Token) ?? throw new EndOfStreamException("The watch ended.");
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                    name = line[7..];
                else if (line.StartsWith("id: ", StringComparison.Ordinal))
                    id = line[4..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                    data = JsonDocument.Parse(line[6..]).RootElement;
                else if (line.Length == 0 && name is not null)
                    return new(name, id, data);
            }
        }

        /// <summary>The next change: which counter, and what it is.</summary>
        public async Task<(string? Key, long? Value)> ChangeAsync()
        {
            while (true)
            {
                if (await NextAsync() is { Name: "change" } change)
                    return (change.Key, change.Value);
            }
        }

        /// <summary>All up to the first that tells a value.</summary>
        public async Task<List<Told>> UntilAsync(string value)
        {
            var told = new List<Told>();
            do
                told.Add(await NextAsync());
            while (told[^1].Value?.ToString(System.Globalization.CultureInfo.InvariantCulture) != value);
            return told;
        }

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
            limit.Dispose();
        }
    }
}
