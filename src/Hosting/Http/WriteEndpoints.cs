using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>
/// <c>GET /v1/writes/{position}</c>: waits until it is decided what became of a provisional write, at any node that has a leader: applied, for good, or lost.
/// </summary>
internal static class WriteEndpoints
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/writes/{position}", ConfirmAsync).Needs(AccessRole.Read);

    private static async Task ConfirmAsync(HttpContext context)
    {
        var handle = context.RequestServices.GetRequiredService<NodeHandle>();
        var text = context.Request.RouteValues["position"]?.ToString() ?? "";
        IResult result;
        if (!WritePosition.TryParse(text, out var write))
            result = Problems.Bad("The path ends with no position of a write: give the one that a provisional answer carries, such as 0@57.3.");
        else if (handle.Running is not { } running)
            result = Problems.Starting();
        else
            result = await AskAsync(context, handle, running, write);
        await result.ExecuteAsync(context);
    }

    private static async Task<IResult> AskAsync(HttpContext context, NodeHandle handle, RunningNode running, WritePosition write)
    {
        AnswerHeaders.Sign(context.Response, running.Node.Status);
        if (write.Incarnation != running.Node.Status.Incarnation)
            return Problems.PositionExpired(write, running.Node.Status.Incarnation);
        using var deadline = RequestDeadline.Of(context, handle.Ending);
        Answer answer;
        do
            answer = await running.Counters.ConfirmAsync(write.Position, deadline.Token);
        while (IsPassing(answer) && await deadline.PauseAsync(Pause));
        if (answer.Outcome is Outcome.Applied or Outcome.Lost)
        {
            var word = answer.Outcome == Outcome.Applied ? "applied" : "lost";
            return TypedResults.Json(new WriteJson(word, write.ToString(), answer.Position.Index.Value, answer.Position.Term.Value), NodeJson.Default.WriteJson);
        }

        return answer.Refusal switch
        {
            Refusal.NoSuchEntry => Problems.NoSuchWrite(write),
            Refusal.TooOld => Problems.WriteTooOld(write),
            _ => Problems.Undecided(write),
        };
    }

    // No leader just now, or one that was lost meanwhile.
    private static bool IsPassing(in Answer answer) =>
        answer.Outcome == Outcome.Unknown && answer.Refusal is Refusal.NoLeader or Refusal.NotLeader or Refusal.LostLeadership or Refusal.Overloaded or Refusal.NotReady;
}
