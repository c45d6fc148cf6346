using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting.Http;
using RaftStream.Node.Tests.Http;

namespace RaftStream.Node.Tests.Security;

/// <summary>What of who asks goes along with a request that is passed on.</summary>
[TestFixture]
internal sealed class ForwardedHeadTests
{
    [Test]
    public async Task TheCallersTokenGoesAlongAndNothingThatTheCallerSaysOfItself()
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
        using var connection = PlainConnection.Create();

        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddSingleton(TimeProvider.System).BuildServiceProvider() };
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/v1/counters/a/add";
        context.Request.Method = "POST";
        context.Request.Headers.Authorization = "Bearer of-the-caller";
        context.Request.Headers[NodeVouch.Header] = "3.YWxpY2U.00";
        using var deadline = RequestDeadline.Of(context, CancellationToken.None);
        Assert.That(await connection.SendAsync(context, other.Urls.First(), ReadOnlyMemory<byte>.Empty, deadline, deadline.Remaining), Is.EqualTo(Forwarded.Answered));
        Assert.That(heads.Single().Headers.Select(static one => one.Key), Is.EquivalentTo(new[] { RequestDeadline.HopsHeader, RequestDeadline.RemainingHeader, "Authorization" }));
        Assert.That(heads[0].Headers["Authorization"].ToString(), Is.EqualTo("Bearer of-the-caller"));
    }
}
