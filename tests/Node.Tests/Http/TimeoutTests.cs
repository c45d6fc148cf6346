using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>How long a request may take, where it says so itself: at a node that is alone, so that everything that needs a leader takes all of it.</summary>
[TestFixture]
internal sealed class TimeoutTests : ClusterFixture
{
    private static readonly TimeSpan Asked = TimeSpan.FromMilliseconds(300);

    // Two requests that say nothing would take ten seconds.
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(8);

    private LocalMember _alone = null!;

    [OneTimeSetUp]
    public async Task LeaveOneAloneAsync()
    {
        _alone = await Cluster.FollowerAsync();
        foreach (var other in Cluster.Local.Members.Where(member => member.Id != _alone.Id))
        {
            Cluster.Local.Child(other.Id).Kill();
            await Cluster.Local.Child(other.Id).WaitAsync(CancellationToken.None);
        }
    }

    [TestCase("GET", "/v1/counters/a?", null, ProblemCodes.NoLeader)]
    [TestCase("GET", "/v1/counters/a?consistency=lease&", null, ProblemCodes.NoLease)]
    [TestCase("GET", "/v1/top?consistency=bounded&max-age-ms=1&", null, ProblemCodes.TooStale)]
    [TestCase("GET", "/v1/range-sum?consistency=session&token=0@1000000000&", null, ProblemCodes.NotApplied)]
    [TestCase("POST", "/v1/counters/a/add?", null, ProblemCodes.NoLeader)]
    [TestCase("DELETE", "/v1/counters/a?", null, ProblemCodes.NoLeader)]
    [TestCase("POST", "/v1/sessions?", null, ProblemCodes.NoLeader)]
    [TestCase("GET", "/v1/writes/0@1.1?", null, "undecided")]
    [TestCase("GET", "/v1/admin/members?", null, ProblemCodes.NoLeader)]
    [TestCase("POST", "/v1/jobs/a/ingest?", "text", ProblemCodes.NoLeader)]
    public async Task ARequestTakesAsLongAsItSaysAndIsThenRefusedWithTheReason(string method, string path, string? body, string code)
    {
        var start = Stopwatch.GetTimestamp();
        var inQuery = await SendAsync(_alone, method, $"{path}{RequestTimeout.Query}={Asked.TotalMilliseconds}", body ?? "");
        var inHeader = await SendAsync(_alone, method, path, body ?? "", (RequestTimeout.Header, $"{Asked.TotalMilliseconds}"));
        var took = Stopwatch.GetElapsedTime(start);

        Assert.That((inQuery.Status, inQuery.Code), Is.EqualTo((503, code)), inQuery.Json.ToString());
        Assert.That((inHeader.Status, inHeader.Code), Is.EqualTo((503, code)), inHeader.Json.ToString());
        Assert.That(took, Is.InRange(2 * Asked, Most));
        if (method == "GET" && code != "undecided" && !path.Contains("admin", StringComparison.Ordinal))
            Assert.That(inQuery.Levels, Does.Contain("eventual"), "and with what can be had instead");
    }

    [TestCase("?timeout-ms=0", null)]
    [TestCase("?timeout-ms=60001", null)]
    [TestCase("?timeout-ms=-1", null)]
    [TestCase("?timeout-ms=1.5", null)]
    [TestCase("?timeout-ms=", null)]
    [TestCase("?timeout-ms=100&timeout-ms=200", null)]
    [TestCase("?timeout-ms=100", "200")]
    [TestCase("", "soon")]
    public async Task AWrongTimeIsABadRequestWhateverIsAskedFor(string query, string? header)
    {
        (string, string)[] headers = header is null ? [] : [(RequestTimeout.Header, header)];
        foreach (var (method, path) in new[] { ("GET", "/v1/counters/a"), ("POST", "/v1/counters/a/add"), ("DELETE", "/v1/sessions/0.1"), ("GET", "/v1/status"), ("GET", "/v1/admin/backup"), ("POST", "/v1/jobs/a/ingest") })
        {
            var reply = await SendAsync(_alone, method, path + query, "", headers);
            Assert.That((reply.Status, reply.Code), Is.EqualTo((400, "bad-request")), $"{method} {path}: {reply.Json}");
            Assert.That(reply.Json.GetProperty("detail").GetString(), Does.Contain(RequestTimeout.Header).And.EndsWith("."));
        }
    }

    [TestCase("", null, null, 5_000)]
    [TestCase("?timeout-ms=60000", null, null, 60_000)]
    [TestCase("?timeout-ms=700", "700", null, 700)]
    [TestCase("", "20000", null, 20_000)]
    [TestCase("?timeout-ms=60000", null, "400", 400)]
    [TestCase("", null, "30000", 30_000)]
    [TestCase("", null, "1000000", 60_000)]
    public void WhatIsLeftOfTheTimeGoesBeforeWhatWasAskedForInTheBeginning(string query, string? header, string? left, int milliseconds)
    {
        var context = Context(new FakeTimeProvider());
        context.Request.QueryString = new(query);
        if (header is not null)
            context.Request.Headers[RequestTimeout.Header] = header;
        if (left is not null)
            context.Request.Headers[RequestDeadline.RemainingHeader] = left;
        using var deadline = RequestDeadline.Of(context, CancellationToken.None);
        Assert.That(deadline.Remaining.TotalMilliseconds, Is.EqualTo(milliseconds));
    }

    [Test]
    public async Task WhatIsLeftIsToldToWhomARequestIsPassedOn()
    {
        var heads = new List<EnvelopeHead>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        await using var other = builder.Build();
        other.Run(async context =>
        {
            await using var frames = new CheckedReader(context.Request.Body);
            heads.Add(await EnvelopeHead.ReadAsync(frames, context.RequestAborted));
            await using var answer = new CheckedWriter(context.Response.Body);
            await answer.WriteAsync(new EnvelopeHead("200", new HeaderDictionary()).ToBytes());
            await answer.EndAsync(context.RequestAborted);
        });
        await other.StartAsync();
        var address = other.Urls.First();
        using var connection = PlainConnection.Create();

        var context = Context(TimeProvider.System);
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/v1/counters/a/add?timeout-ms=40000";
        (context.Request.Method, context.Request.QueryString) = ("POST", new("?timeout-ms=40000"));
        using var deadline = RequestDeadline.Of(context, CancellationToken.None);
        Assert.That(await connection.SendAsync(context, address, ReadOnlyMemory<byte>.Empty, deadline, deadline.Remaining), Is.EqualTo(Forwarded.Answered));
        Assert.That(await connection.StreamAsync(context, address, deadline, CancellationToken.None), Is.EqualTo(Forwarded.Answered));
        Assert.That(await connection.DownloadAsync(context, address, deadline, CancellationToken.None), Is.EqualTo(Forwarded.Answered));

        var left = heads.Select(static head => int.Parse(head.Headers[RequestDeadline.RemainingHeader].ToString(), CultureInfo.InvariantCulture)).ToArray();
        Assert.That(left, Has.Length.EqualTo(3).And.All.InRange(20_000, 40_000));
        Assert.That(left, Is.Ordered.Descending, "and it becomes less");
    }

    private static DefaultHttpContext Context(TimeProvider time) => new() { RequestServices = new ServiceCollection().AddSingleton(time).BuildServiceProvider() };
}
