using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>What is too large for any endpoint: refused with an answer that a program can read, and the node lives on.</summary>
[TestFixture]
internal sealed class RequestLimitsTests : ClusterFixture
{
    private static readonly (string Method, string Path)[] WithSmallBodies =
    [
        ("POST", "/v1/counters/a/add"),
        ("POST", "/v1/counters/a/max"),
        ("POST", "/v1/counters/a/cas"),
        ("DELETE", "/v1/counters/a"),
        ("POST", "/v1/sessions"),
        ("DELETE", "/v1/sessions/0.1"),
        ("POST", "/v1/admin/members"),
        ("POST", "/v1/admin/members/9/promote"),
        ("POST", "/v1/admin/members/9/replace"),
        ("PATCH", "/v1/admin/members/9"),
        ("DELETE", "/v1/admin/members/9"),
        ("POST", "/v1/admin/transfer"),
    ];

    private LocalMember _follower = null!;

    [OneTimeSetUp]
    public async Task FindAFollowerAsync() => _follower = await Cluster.FollowerAsync();

    [TearDown]
    public async Task ItLivesOnAsync() => Assert.That((await SendAsync(_follower, "GET", "/healthz")).Status, Is.EqualTo(200));

    [Test]
    public async Task ABodyThatIsTooLargeIsRefusedByEveryEndpoint()
    {
        foreach (var (method, path) in WithSmallBodies)
            AssertProblem(await SendAsync(_follower, method, path, new string(' ', RequestBodies.MaxBytes + 1)), 413, $"{method} {path}");
    }

    [Test]
    public async Task ASourceHasNoSuchLimit()
    {
        var reply = await SendAsync(_follower, "POST", "/v1/jobs/large/ingest", string.Concat(Enumerable.Repeat("word ", RequestBodies.MaxBytes)));
        Assert.That((reply.Status, reply.Json.GetProperty("wordsAdded").GetInt64()), Is.EqualTo((200, (long)RequestBodies.MaxBytes)), reply.Json.ToString());
    }

    [Test]
    public async Task ATargetOrHeadersThatAreTooLargeAreRefusedByEveryEndpoint()
    {
        var (long414, long431) = (new string('x', RequestLimits.MaxTargetBytes), new string('x', RequestLimits.MaxHeaderBytes));
        foreach (var (method, path) in WithSmallBodies.Concat([("GET", "/v1/counters/a"), ("GET", "/v1/top"), ("GET", "/v1/watch"), ("GET", "/v1/status"), ("GET", "/healthz"), ("GET", "/v1/admin/backup"), ("POST", "/v1/jobs/a/ingest")]))
        {
            AssertProblem(await SendAsync(_follower, method, $"{path}?unknown={long414}"), 414, $"{method} {path}");
            AssertProblem(await SendAsync(_follower, method, path, "", ("X-Unknown", long431)), 431, $"{method} {path}");
        }
    }

    [Test]
    public async Task TheLongestKeyWithEveryByteEncodedIsWithinThem()
    {
        var key = string.Concat(Enumerable.Repeat("%2F", CounterKeys.MaxBytes));
        Assert.That((await SendAsync(_follower, "POST", $"/v1/counters/{key}/add?timeout-ms=20000", "", ("X-Unknown", new string('x', RequestLimits.MaxHeaderBytes - 1_024)))).Value, Is.EqualTo(1));
        Assert.That((await SendAsync(_follower, "GET", $"/v1/counters/{key}?consistency=lease")).Value, Is.EqualTo(1));
    }

    private static void AssertProblem(HttpReply reply, int status, string what)
    {
        Assert.That((reply.Status, reply.Code, reply.MediaType), Is.EqualTo((status, "bad-request", "application/problem+json")), $"{what}: {reply.Json}");
        Assert.That(reply.Outcome, Is.EqualTo("rejected"));
        Assert.That(reply.Json.GetProperty("detail").GetString(), Does.EndWith("."));
    }
}
