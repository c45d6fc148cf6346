using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Streams;

/// <summary><c>POST /v1/streams/commands</c>: a job's command in bytes, as the node that reads a partition passes it on to the leader. Not for clients: what it holds was made by a topology.</summary>
internal static class StreamCommandEndpoint
{
    /// <summary>The path.</summary>
    public const string Path = "/v1/streams/commands";

    /// <summary>What goes there and comes back.</summary>
    public const string MediaType = "application/vnd.raftstream.job-command";

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(Path, ProposeAsync).Needs(AccessRole.Write).WithMetadata(StreamedBody.Mark);

    private static async Task ProposeAsync(HttpContext context)
    {
        var router = context.RequestServices.GetRequiredService<LeaderRouter>();
        var body = await RequestBodies.ReadAsync(context, JobLimits.MaxCommandBytes);
        var jobs = context.RequestServices.GetRequiredService<NodeHandle>().Settings.Jobs;
        var result = JobCommand.IsOfOneOf(jobs, body.Span)
            ? await router.RouteAsync(context, body, Repeat.Never, async (running, token) =>
            {
                var answer = await running.Node.ProposeAsync(body, token);
                return new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Bytes(answer.Reply, MediaType)) { Position = answer.Position };
            })
            : Problems.Bad("The body is no command of a job that this program defines: only nodes that run the same jobs make these.");
        await result.ExecuteAsync(context);
    }
}
