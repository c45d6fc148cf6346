using System.Text;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Tests.Support;

/// <summary>What fixtures share that ask one cluster of three processes by HTTP: the cluster, for all their tests, and a client.</summary>
internal abstract class ClusterFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private TestCluster? _cluster;
    private HttpClient? _http;

    /// <summary>The cluster of the fixture.</summary>
    protected TestCluster Cluster => _cluster!;

    /// <summary>The client of the fixture.</summary>
    protected HttpClient Http => _http!;

    [OneTimeSetUp]
    public async Task StartClusterAsync()
    {
        _cluster = await TestCluster.StartAsync(3);
        _http = HttpClients.Create();
    }

    [OneTimeTearDown]
    public async Task StopClusterAsync()
    {
        _http?.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <summary>Asks a node of any cluster; all but reads have a body, empty unless it is given.</summary>
    protected async Task<HttpReply> SendAsync(LocalMember node, string method, string path, string body = "", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), HttpClients.Target(node.HttpAddress, path));
        if (method is not "GET")
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var limit = new CancellationTokenSource(Patience);
        using var response = await Http.SendAsync(request, limit.Token);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(limit.Token));
        return new((int)response.StatusCode, response.Headers.ToDictionary(static one => one.Key, static one => one.Value.First(), StringComparer.OrdinalIgnoreCase), document.RootElement.Clone())
        {
            MediaType = response.Content.Headers.ContentType?.MediaType,
        };
    }
}

/// <summary>What a node has answered.</summary>
internal sealed record HttpReply(int Status, Dictionary<string, string> Headers, JsonElement Json)
{
    /// <summary>What kind of text it is.</summary>
    public string? MediaType { get; init; }

    /// <summary>The counter's value.</summary>
    public long Value => Json.GetProperty("value").GetInt64();

    /// <summary>What is certain of the request.</summary>
    public string? Outcome => Json.GetProperty("outcome").GetString();

    /// <summary>The code of a refusal.</summary>
    public string? Code => Json.TryGetProperty("code", out var code) ? code.GetString() : null;

    /// <summary>The levels that a refusal says can be had.</summary>
    public IEnumerable<string?> Levels => Json.GetProperty("levels").EnumerateArray().Select(static level => level.GetString());

    /// <summary>A header; null if the answer has none of this name.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
