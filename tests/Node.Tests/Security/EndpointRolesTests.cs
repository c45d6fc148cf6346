using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Security;

/// <summary>Every endpoint says what whoever asks must be, and the description says the same.</summary>
[TestFixture]
internal sealed class EndpointRolesTests
{
    private static readonly string[] Open = ["/healthz", "/readyz", "/openapi.json"];

    [Test]
    public async Task EveryEndpointHasARoleAndOnlyTheHealthChecksAndTheDescriptionAreOpen()
    {
        var endpoints = await EndpointsAsync();
        Assert.That(endpoints, Has.Count.GreaterThan(20));
        foreach (var (method, path, role) in endpoints)
        {
            var expected = Open.Contains(path) ? AccessRole.None : path.StartsWith("/v1/admin", StringComparison.Ordinal) ? AccessRole.Admin : method == "GET" ? AccessRole.Read : AccessRole.Write;
            Assert.That(role, Is.EqualTo(expected), $"{method} {path}");
        }
    }

    [Test]
    public async Task TheDescriptionSaysTheRoleOfEveryOperation()
    {
        var described = JsonNode.Parse(OpenApiEndpoint.Document)!["paths"]!.AsObject()
            .SelectMany(static path => path.Value!.AsObject().Select(one => (Method: one.Key.ToUpperInvariant(), Path: Nameless(path.Key), Role: (string?)one.Value!["x-role"] ?? "none", Answers: one.Value["responses"]!.AsObject())))
            .ToDictionary(static one => (one.Method, one.Path));
        foreach (var (method, path, role) in await EndpointsAsync())
        {
            var one = described[(method, Nameless(path))];
            Assert.That(one.Role, Is.EqualTo(role?.NameOf()), $"{method} {path}");
            Assert.That(one.Answers.ContainsKey("401") && one.Answers.ContainsKey("403") && one.Answers.ContainsKey("429"), Is.EqualTo(role != AccessRole.None), $"{method} {path}");
        }
    }

    [Test]
    public void AnEndpointThatDoesNotSayWhoMayAskItStopsTheHost()
    {
        var endpoint = new RouteEndpointBuilder(static _ => Task.CompletedTask, Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse("/v1/new"), 0) { DisplayName = "/v1/new" };
        Assert.That(() => AccessGuard.Guard(endpoint), Throws.InvalidOperationException.With.Message.Contains("/v1/new"));
    }

    private static string Nameless(string path) => string.Join('/', path.Split('/').Select(static part => part.StartsWith('{') ? "{}" : part));

    private static async Task<IReadOnlyList<(string Method, string Path, AccessRole? Role)>> EndpointsAsync()
    {
        using var folder = new TemporaryFolder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRaftStream(options => options.Data = folder.File("data"));
        await using var app = builder.Build();
        app.MapRaftStream();
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>().SelectMany(static endpoint =>
            endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(method => (method, endpoint.RoutePattern.RawText!, endpoint.Metadata.GetMetadata<NeededRole>()?.Role)))];
    }
}
