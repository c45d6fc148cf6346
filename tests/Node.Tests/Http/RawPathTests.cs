using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Tests.Http;

[TestFixture]
internal sealed class RawPathTests
{
    [TestCase("word")]
    [TestCase("a/b")]
    [TestCase("a%2Fb")]
    [TestCase(".")]
    [TestCase("..")]
    [TestCase("größe 語 😀")]
    [TestCase("?#&=+ \t\n\0")]
    [TestCase("100%")]
    public async Task AnyKeyComesThroughThePathAsItIs(string key)
    {
        var (context, passed) = await SendAsync($"/v1/counters/{RawPath.Encode(key)}/add?delta=1");

        Assert.That(passed);
        Assert.That(RawPath.NameOf(context), Is.EqualTo(key));
        Assert.That(context.Request.Path.Value, Is.EqualTo("/v1/counters/-/add"));
    }

    [Test]
    public async Task ThePathOfAKeyOnTheWireIsNotShortened()
    {
        var target = HttpClients.Target("http://127.0.0.1:1", "/v1/counters/" + RawPath.Encode("..") + "/add");

        Assert.That(target.PathAndQuery, Is.EqualTo("/v1/counters/%2E%2E/add"));
        var (context, _) = await SendAsync(target.PathAndQuery);
        Assert.That(RawPath.NameOf(context), Is.EqualTo(".."));
    }

    [TestCase("/v1/counters//add", Description = "an empty key")]
    [TestCase("/v1/counters/%", Description = "half an escape")]
    [TestCase("/v1/counters/%zz", Description = "no escape")]
    [TestCase("/v1/counters/%ff", Description = "no UTF-8")]
    [TestCase("/v1/counters/%C0%AF", Description = "UTF-8 longer than need be")]
    [TestCase("/v1/counters/%ED%A0%80", Description = "half of a pair")]
    public async Task APathWithoutAKeyIsABadRequest(string target)
    {
        var (context, passed) = await SendAsync(target);

        Assert.That(passed, Is.False);
        Assert.That(context.Response.StatusCode, Is.EqualTo(400));
    }

    [TestCase("/v1/cOunters/k/add", "/v1/cOunters/k/add")]
    [TestCase("/v1/%63ounters/k/add", "/v1/counters/k/add")]
    [TestCase("/v1/counters/k/add/", "/v1/counters/k/add/")]
    [TestCase("/V1/jobs/whale", "/V1/jobs/whale")]
    [TestCase("http://host/v1/counters/k", "/v1/counters/k")]
    public async Task APathThatRoutingWouldFindANameInAndWeDoNotIsNotFound(string target, string routed)
    {
        var (context, passed) = await SendAsync(target, routed);

        Assert.That(passed, Is.False);
        Assert.That(context.Response.StatusCode, Is.EqualTo(404));
    }

    [TestCase(CounterKeys.MaxBytes, true)]
    [TestCase(CounterKeys.MaxBytes + 1, false)]
    public async Task KeysHaveALongestLength(int bytes, bool accepted)
    {
        var (_, passed) = await SendAsync("/v1/counters/" + new string('k', bytes));

        Assert.That(passed, Is.EqualTo(accepted));
    }

    [TestCase("/v1/status")]
    [TestCase("/v1/top?limit=3")]
    [TestCase("/v1/counters/a/b/c")]
    [TestCase("/healthz")]
    [TestCase("/")]
    public async Task OtherPathsAreLeftAlone(string target)
    {
        var (context, passed) = await SendAsync(target);

        Assert.That(passed);
        Assert.That(context.Items, Is.Empty);
    }

    private static async Task<(DefaultHttpContext Context, bool Passed)> SendAsync(string target, string routed = "")
    {
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        context.Request.Path = routed;
        context.Response.Body = new MemoryStream();
        var passed = false;
        await RawPath.InvokeAsync(context, _ =>
        {
            passed = true;
            return Task.CompletedTask;
        });
        return (context, passed);
    }
}
