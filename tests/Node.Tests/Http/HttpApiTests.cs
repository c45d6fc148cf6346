using System.Net;
using System.Text;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>The HTTP interface of a real cluster of three processes, asked at a node that does not lead: every request is also a forward.</summary>
[TestFixture]
internal sealed class HttpApiTests : ClusterFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private LocalMember _follower = null!;

    [OneTimeSetUp]
    public async Task FindAFollowerAsync() => _follower = await Cluster.FollowerAsync();

    [Test]
    public async Task ACounterIsAddedToReadAndDeleted()
    {
        var added = await SendAsync("POST", "/v1/counters/life/add", """{"delta":40}""");
        Assert.That(added.Status, Is.EqualTo(200));
        Assert.That(added.Json.GetProperty("outcome").GetString(), Is.EqualTo("applied"));
        Assert.That(added.Json.GetProperty("index").GetInt64(), Is.Positive);
        Assert.That(added.Json.GetProperty("term").GetInt64(), Is.Positive);

        await SendAsync("POST", "/v1/counters/life/add?delta=1");
        await SendAsync("POST", "/v1/counters/life/add");
        var read = await SendAsync("GET", "/v1/counters/life");
        Assert.That(read.Json.GetProperty("value").GetInt64(), Is.EqualTo(42));
        Assert.That(read.Json.GetProperty("key").GetString(), Is.EqualTo("life"));

        Assert.That((await SendAsync("DELETE", "/v1/counters/life")).Json.GetProperty("exists").GetBoolean(), Is.False);
        Assert.That((await SendAsync("GET", "/v1/counters/life")).Json.GetProperty("value").GetInt64(), Is.Zero);
    }

    [Test]
    public async Task CompareAndSetSetsOnlyWhatItExpected()
    {
        Assert.That((await SendAsync("POST", "/v1/counters/cas/cas", """{"expected":null,"value":5}""")).Json.GetProperty("matched").GetBoolean());
        Assert.That((await SendAsync("POST", "/v1/counters/cas/cas", """{"expected":null,"value":6}""")).Json.GetProperty("matched").GetBoolean(), Is.False);
        Assert.That((await SendAsync("POST", "/v1/counters/cas/cas", """{"expected":5,"value":7}""")).Json.GetProperty("matched").GetBoolean());
        Assert.That((await SendAsync("GET", "/v1/counters/cas")).Json.GetProperty("value").GetInt64(), Is.EqualTo(7));
    }

    [TestCase("a/b")]
    [TestCase("a%2Fb")]
    [TestCase("..")]
    [TestCase("größe 語 😀 +?#&")]
    public async Task AnyTextIsAKeyOfItsOwn(string key)
    {
        var node = new NodeClient(Http, _follower.HttpAddress);

        var added = await node.AddAsync(key, 7, Patience, CancellationToken.None);
        var read = await node.GetCounterAsync(key, Patience, CancellationToken.None);

        Assert.That(added.Value?.Value, Is.EqualTo(7), "no other key may have been added to");
        Assert.That(read.Value?.Key, Is.EqualTo(key));
        Assert.That(read.Value?.Value, Is.EqualTo(7));
    }

    [Test]
    public async Task AnIngestThroughAFollowerCountsOnceHoweverOftenItIsPosted()
    {
        const string Text = "to be or not to be";
        var first = await SendAsync("POST", "/v1/jobs/hamlet/ingest", Text);
        var again = await SendAsync("POST", "/v1/jobs/hamlet/ingest", Text);
        var job = await SendAsync("GET", "/v1/jobs/hamlet");

        Assert.That(first.Json.GetProperty("wordsAdded").GetInt64(), Is.EqualTo(6));
        Assert.That(again.Json.GetProperty("wordsAdded").GetInt64(), Is.Zero);
        Assert.That(job.Json.GetProperty("offset").GetInt64(), Is.EqualTo(Text.Length));
        Assert.That(job.Json.GetProperty("words").GetInt64(), Is.EqualTo(6));
        Assert.That((await SendAsync("GET", "/v1/counters/be")).Json.GetProperty("value").GetInt64(), Is.EqualTo(2));
    }

    [Test]
    public async Task AnotherSourceUnderTheSameJobIsRefused()
    {
        await SendAsync("POST", "/v1/jobs/one/ingest", "first text");

        var other = await SendAsync("POST", "/v1/jobs/one/ingest", "other text");
        var partition = await SendAsync("POST", "/v1/jobs/one/ingest?partition=second", "other text");

        AssertProblem(other, 409, "different-source");
        Assert.That(partition.Status, Is.EqualTo(200));
    }

    [Test]
    public async Task TheTopListIsByCountAndTellsTheTotals()
    {
        await SendAsync("POST", "/v1/counters/zz-most/add", """{"delta":1000000000}""");
        await SendAsync("POST", "/v1/counters/zz-next/add", """{"delta":999999999}""");

        var top = await SendAsync("GET", "/v1/top?limit=2");

        var words = top.Json.GetProperty("top").EnumerateArray().Select(row => row.GetProperty("word").GetString());
        Assert.That(words, Is.EqualTo(new[] { "zz-most", "zz-next" }));
        Assert.That(top.Json.GetProperty("total").GetInt64(), Is.GreaterThanOrEqualTo(1_999_999_999));
    }

    [TestCase("POST", "/v1/counters/a/add", """{"delta":1.5}""", 400, "bad-request")]
    [TestCase("POST", "/v1/counters/a/add", """{"detla":1}""", 400, "bad-request")]
    [TestCase("POST", "/v1/counters/a/add?delta=x", null, 400, "bad-request")]
    [TestCase("POST", "/v1/counters/a/add?delta=2", """{"delta":1}""", 400, "bad-request")]
    [TestCase("POST", "/v1/counters/a/add", """{"delta":9223372036854775808}""", 400, "bad-request")]
    [TestCase("POST", "/v1/counters/a/cas", """{"expected":1}""", 400, "bad-request")]
    [TestCase("GET", "/v1/counters/%ff", null, 400, "bad-request")]
    [TestCase("GET", "/v1/top?limit=0", null, 400, "bad-request")]
    [TestCase("GET", "/v1/top?limit=10001", null, 400, "bad-request")]
    [TestCase("POST", "/v1/jobs/a/ingest?partition=%01", "text", 400, "bad-request")]
    [TestCase("GET", "/v1/nothing", null, 404, "not-found")]
    [TestCase("PUT", "/v1/counters/a", "1", 405, "method-not-allowed")]
    public async Task BadRequestsGetAProblemWithAStableCode(string method, string path, string? body, int status, string code)
    {
        AssertProblem(await SendAsync(method, path, body), status, code);
    }

    [Test]
    public async Task AHugeJsonBodyIsRefusedAndTheNodeLivesOn()
    {
        var reply = await SendAsync("POST", "/v1/counters/a/add", new string(' ', RequestBodies.MaxBytes + 1));

        AssertProblem(reply, 413, "bad-request");
        Assert.That((await SendAsync("GET", "/healthz")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task ASumBeyond64BitsIsDeclinedAndChangesNothing()
    {
        await SendAsync("POST", "/v1/counters/full/add", $$"""{"delta":{{long.MaxValue}}}""");

        AssertProblem(await SendAsync("POST", "/v1/counters/full/add"), 422, "declined");
        Assert.That((await SendAsync("GET", "/v1/counters/full")).Json.GetProperty("value").GetInt64(), Is.EqualTo(long.MaxValue));

        // Out of the way of the totals that other tests look at.
        await SendAsync("DELETE", "/v1/counters/full");
    }

    [Test]
    public async Task EveryNodeIsHealthyReadyAndKnowsAllMembers()
    {
        foreach (var member in Cluster.Local.Members)
        {
            var node = new NodeClient(Http, member.HttpAddress);
            Assert.That((await SendAsync("GET", "/healthz", node: member)).Status, Is.EqualTo(200));
            Assert.That((await SendAsync("GET", "/readyz", node: member)).Status, Is.EqualTo(200));
            var status = (await node.StatusAsync(Patience, CancellationToken.None)).Value;
            Assert.That(status?.Id, Is.EqualTo(member.Id));
            Assert.That(status?.Members.Select(one => one.Raft), Is.EqualTo(Cluster.Local.Members.Select(one => one.Raft)));
            Assert.That(status?.StateHash, Does.Match("^[0-9a-f]{16}$"));
        }
    }

    private static void AssertProblem(HttpReply reply, int status, string code)
    {
        Assert.That(reply.Status, Is.EqualTo(status));
        Assert.That(reply.MediaType, Is.EqualTo("application/problem+json"));
        Assert.That(reply.Json.GetProperty("code").GetString(), Is.EqualTo(code));
        Assert.That(reply.Json.GetProperty("status").GetInt32(), Is.EqualTo(status));
        Assert.That(reply.Json.GetProperty("outcome").GetString(), Is.EqualTo("rejected"));
        Assert.That(reply.Json.GetProperty("detail").GetString(), Does.EndWith("."));
    }

    private Task<HttpReply> SendAsync(string method, string path, string? body = null, LocalMember? node = null) => SendAsync(node ?? _follower, method, path, body ?? "");
}
