using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>The description of the endpoints says what there is, and there is what it says.</summary>
[TestFixture]
internal sealed partial class OpenApiTests
{
    private static readonly JsonObject Document = JsonNode.Parse(OpenApiEndpoint.Document)!.AsObject();

    private static JsonObject Components => Document["components"]!.AsObject();

    [Test]
    public async Task EveryEndpointIsDescribedAndEveryDescribedOneIsThere()
    {
        using var folder = new TemporaryFolder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRaftStream(options => options.Data = folder.File("data"));
        await using var app = builder.Build();
        app.MapRaftStream();

        var there = ((IEndpointRouteBuilder)app).DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(static endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(method => $"{method} {Nameless(endpoint.RoutePattern.RawText!)}"));
        var described = Operations().Select(static one => $"{one.Method} {Nameless(one.Path)}");
        Assert.That(described, Is.EquivalentTo(there));
        Assert.That(described, Is.Unique);
    }

    [Test]
    public void EveryProblemThatThereIsIsDescribedAndNoOther()
    {
        var codes = typeof(ProblemCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => (string)field.GetRawConstantValue()!).ToArray();
        Assert.That(codes, Is.Unique);
        Assert.That(Components["schemas"]!["Problem"]!["properties"]!["code"]!["enum"]!.AsArray().Select(static code => (string)code!), Is.EquivalentTo(codes));
        var told = Components["responses"]!.AsObject().SelectMany(static response => response.Value!["x-codes"]!.AsArray()).Select(static code => (string)code!).Distinct(StringComparer.Ordinal);
        Assert.That(told, Is.EquivalentTo(codes), "each is told by an answer");
        foreach (var refusal in Enum.GetValues<Refusal>().Except([Refusal.None]))
            Assert.That(codes, Does.Contain(Problems.For(Outcome.Rejected, refusal).Value!.Code), $"{refusal}");
    }

    [Test]
    public void EveryContractIsDescribedMemberByMember()
    {
        var contracts = typeof(NodeJson).GetProperties().Where(static property => typeof(JsonTypeInfo).IsAssignableFrom(property.PropertyType))
            .Select(static property => (JsonTypeInfo)property.GetValue(NodeJson.Default)!).Where(static type => type.Kind == JsonTypeInfoKind.Object).ToDictionary(static type => NameOf(type.Type), StringComparer.Ordinal);
        var schemas = Components["schemas"]!.AsObject();
        Assert.That(schemas.Select(static schema => schema.Key), Is.EquivalentTo(contracts.Keys));
        foreach (var (name, schema) in schemas)
        {
            var members = contracts[name].Properties.ToDictionary(static member => member.Name, static member => member.PropertyType, StringComparer.Ordinal);
            var described = schema!["properties"]!.AsObject();
            Assert.That(described.Select(static member => member.Key), Is.EquivalentTo(members.Keys), name);
            foreach (var (member, type) in members)
                Assert.That(Types(described[member]!), Does.Contain(JsonTypeOf(type)), $"{name}.{member}");
            var required = schema["required"]?.AsArray().Select(static member => (string)member!) ?? [];
            Assert.That(required, Is.SubsetOf(members.Keys), name);
        }
    }

    [Test]
    public void EveryReferenceLeadsSomewhereAndEveryComponentIsReferredTo()
    {
        var references = Reference().Matches(Document.ToJsonString()).Select(static match => (Kind: match.Groups[1].Value, Name: match.Groups[2].Value)).ToHashSet();
        foreach (var (kind, name) in references)
            Assert.That(Components[kind]?[name], Is.Not.Null, $"{kind}/{name}");

        // Schemes are named by what needs them, not referred to.
        references.UnionWith(Operations().SelectMany(static one => one.Operation["security"]!.AsArray()).SelectMany(static one => one!.AsObject()).Select(static one => ("securitySchemes", one.Key)));

        // What no operation answers with: that there is none, and what only a leader tells another node or an event of a stream carries.
        (string, string)[] alone = [("responses", "NotFound"), ("responses", "MethodNotAllowed"), ("responses", "OutboxConflict"), ("schemas", "WatchChange"), ("schemas", "WatchBytes"), ("schemas", "WatchProgress")];
        var all = Components.SelectMany(static kind => kind.Value!.AsObject().Select(one => (kind.Key, one.Key)));
        Assert.That(all.Except(references), Is.EquivalentTo(alone));
    }

    [Test]
    public void EveryOperationSaysWhatItIsWhatItTakesAndWhatItAnswers()
    {
        Assert.That(Operations().Select(static one => (string)one.Operation["operationId"]!), Is.Unique);
        foreach (var (method, path, operation) in Operations())
        {
            var where = $"{method} {path}";
            Assert.That((string)operation["summary"]!, Does.EndWith("."), where);
            var parameters = (operation["parameters"]?.AsArray() ?? []).Select(static one => Components["parameters"]![((string)one!["$ref"]!).Split('/')[^1]]!).ToArray();
            Assert.That(parameters.Where(static one => (string)one["in"]! == "path").Select(static one => $"{{{one["name"]}}}"), Is.EquivalentTo(Placeholder().Matches(path).Select(static match => match.Value)), where);
            var answers = operation["responses"]!.AsObject().Select(static answer => answer.Key).ToArray();
            Assert.That(answers, Does.Contain("200").And.Contain("400").And.Contain("414").And.Contain("431"), where);
            Assert.That(answers.Contains("413"), Is.EqualTo(!path.EndsWith("/ingest", StringComparison.Ordinal)), where);
            Assert.That(parameters.Any(static one => (string)one["name"]! == RequestTimeout.Query), Is.EqualTo(answers.Contains("503") && path is not ("/v1/watch" or "/v1/streams/{job}/sinks/{sink}" or "/v1/streams/{job}/figures" or "/v1/status" or "/healthz" or "/readyz")), where);
            Assert.That(parameters.Any(static one => (string)one["name"]! == ReadLevel.Header), Is.EqualTo(answers.Contains("422") && method == "GET"), where);
            Assert.That(parameters.Any(static one => (string)one["name"]! == WriteLevel.Header), Is.EqualTo(answers.Contains("202")), where);
        }
    }

    [Test]
    public void TheLimitsAreThoseOfTheProgram()
    {
        static string Text(string name) => Components["parameters"]![name]!["schema"]!.ToJsonString();
        Assert.That(Text("TimeoutMs"), Does.Contain($"\"minimum\":{RequestTimeout.Least},\"maximum\":{RequestTimeout.Most},\"default\":{RequestTimeout.Usual.TotalMilliseconds}"));
        Assert.That(Text("MaxAgeMs"), Does.Contain($"\"maximum\":{ReadLevel.MostAgeMs}"));
        Assert.That(Text("Limit"), Does.Contain($"\"maximum\":{CounterEndpoints.MaxTop}"));
        Assert.That(Text("Partition"), Does.Contain($"\"maxLength\":{JobEndpoints.MaxName}"));
        foreach (var level in Components["parameters"]!["Consistency"]!["schema"]!["enum"]!.AsArray().Select(static one => (string)one!))
            Assert.That(ReadLevel.TryMake(level, level == "bounded" ? "1" : null, level == "session" ? "0@1" : null, out _, out var problem), Is.True, problem);
    }

    private static IEnumerable<(string Method, string Path, JsonObject Operation)> Operations() =>
        from path in Document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select (operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject());

    private static string Nameless(string path) => Placeholder().Replace(path, "{}");

    private static string NameOf(Type type) => type.Name.EndsWith("Json", StringComparison.Ordinal) ? type.Name[..^4] : type.Name;

    /// <summary>What a member may be; that of a reference is an object.</summary>
    private static IEnumerable<string> Types(JsonNode schema) => schema switch
    {
        _ when schema["anyOf"] is JsonArray any => any.SelectMany(static one => Types(one!)),
        _ when schema["$ref"] is not null => ["object"],
        _ when schema["type"] is JsonArray types => types.Select(static one => (string)one!),
        _ => [(string)schema["type"]!],
    };

    private static string JsonTypeOf(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? JsonTypeOf(inner)
        : type == typeof(string) ? "string"
        : type == typeof(bool) ? "boolean"
        : type == typeof(int) || type == typeof(long) ? "integer"
        : type == typeof(double) ? "number"
        : typeof(System.Collections.IEnumerable).IsAssignableFrom(type) ? "array"
        : "object";

    [GeneratedRegex("""\{\w+\}""")]
    private static partial Regex Placeholder();

    [GeneratedRegex("\"#/components/(\\w+)/(\\w+)\"")]
    private static partial Regex Reference();
}
