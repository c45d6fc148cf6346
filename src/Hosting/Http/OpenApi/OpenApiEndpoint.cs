using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>
/// <c>GET /openapi.json</c>: the endpoints as OpenAPI 3.1 describes them. Written by hand, since they read requests and write answers themselves, which no generator sees; the tests
/// compare it with the endpoints, the contracts and the problems that there are.
/// </summary>
internal static class OpenApiEndpoint
{
    private static readonly Lazy<byte[]> Text = new(Read);

    /// <summary>The document.</summary>
    public static ReadOnlySpan<byte> Document => Text.Value;

    /// <summary>Adds the endpoint; a host that has one of its own at that path keeps it.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/openapi.json", AnswerAsync).WithOrder(1).Needs(AccessRole.None);

    private static Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = Text.Value.Length;
        return context.Response.Body.WriteAsync(Text.Value, context.RequestAborted).AsTask();
    }

    private static byte[] Read()
    {
        using var resource = typeof(OpenApiEndpoint).Assembly.GetManifestResourceStream("RaftStream.Hosting.openapi.json") ?? throw new InvalidOperationException("The description of the endpoints is not in the assembly.");
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }
}
