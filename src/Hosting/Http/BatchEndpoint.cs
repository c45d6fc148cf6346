using System.Globalization;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>A batch on its way to another node.</summary>
/// <param name="Command">The command.</param>
/// <param name="Concern">A quorum's disks or the leader's.</param>
/// <param name="Principal">Who wants it.</param>
/// <param name="Token">By which token it is known, which goes along; null where this node vouches.</param>
internal sealed record PassedBatch(ReadOnlyMemory<byte> Command, WriteConcern Concern, Principal Principal, string? Token);

/// <summary>
/// <c>POST /v1/batch</c>: several operations in one entry of the log, as one node passes them on to another (<see cref="StoreBatch"/>); body and answer are MessagePack, as docs/redis.md has it.
/// </summary>
internal static class BatchEndpoint
{
    /// <summary>What goes there and comes back.</summary>
    public const string MediaType = "application/vnd.raftstream.batch";

    private const string Path = "/v1/batch";

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(Path, WriteAsync).Needs(AccessRole.Write).WithMetadata(StreamedBody.Mark);

    /// <summary>Lets another node carry a batch out.</summary>
    /// <param name="leaders">How to get there.</param>
    /// <param name="leader">The node.</param>
    /// <param name="batch">What to carry out, and for whom.</param>
    /// <param name="left">How much time there is.</param>
    /// <param name="limit">Cancelled when it is over.</param>
    public static async ValueTask<(Forwarded End, BatchAnswer? Answer)> PassOnAsync(
        LeaderConnection leaders, string leader, PassedBatch batch, TimeSpan left, CancellationToken limit)
    {
        var target = batch.Concern == WriteConcern.Leader ? $"POST {Path}?{WriteLevel.Query}={WriteLevel.Leader}" : $"POST {Path}";

        // The node that gets it must not send it on for ever: it may take another one for the leader.
        var headers = RequestDeadline.Headers(RequestDeadline.MaxHops - 1, left);
        if (batch.Token is not null)
            headers[HeaderNames.Authorization] = "Bearer " + batch.Token;
        var head = new EnvelopeHead(target, headers);
        var (end, answer) = await (batch.Token is not null ? leaders.AskAsync(leader, head, batch.Command, limit) : leaders.AskForAsync(batch.Principal, leader, head, batch.Command, limit));
        if (end == Forwarded.Answered && TryRead(answer!, out var read))
            return (end, read);

        // An answer that nobody can read says nothing of the write.
        return (end == Forwarded.Answered ? Forwarded.Lost : end, null);
    }

    private static async Task WriteAsync(HttpContext context)
    {
        var router = context.RequestServices.GetRequiredService<LeaderRouter>();
        var result = await AnswerAsync(context, router);
        await result.ExecuteAsync(context);
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, LeaderRouter router)
    {
        if (!WriteLevel.TryRead(context.Request, out var concern, out var problem))
            return Problems.Bad(problem);
        if (concern == WriteConcern.Available)
            return Problems.Bad("A batch does not commute with other writes, so no outbox takes it: give the concern quorum or leader.");
        var body = await RequestBodies.ReadAsync(context, StoreBatch.MaxBytes);
        if (!StoreBatch.IsBatch(body.Span))
            return Problems.Bad("The body is no batch of this release: docs/redis.md has its layout.");
        return await router.RouteAsync(context, body, Repeat.Never, async (running, token) => From(running, await running.Counters.WithConcern(concern).WriteRawAsync(body, token)));
    }

    private static LocalAnswer From(RunningNode running, in Answer answer)
    {
        IResult result = answer.Outcome switch
        {
            Outcome.Applied => TypedResults.Bytes(answer.Reply, MediaType),
            Outcome.Provisional => TypedResults.Json(
                new WriteJson("provisional", new WritePosition(running.Node.Status.Incarnation, answer.Position).ToString(), answer.Position.Index.Value, answer.Position.Term.Value),
                NodeJson.Default.WriteJson,
                statusCode: StatusCodes.Status202Accepted),
            _ => TypedResults.Empty,
        };
        return new(answer.Outcome, answer.Refusal, result) { Position = answer.Position };
    }

    private static bool TryRead(ForwardAnswer answer, out BatchAnswer read)
    {
        read = new(Outcome.Unknown, Refusal.LostLeadership, default, []);
        switch (answer.Status)
        {
            case StatusCodes.Status200OK when TryPosition(answer.Headers, out var position):
                return BatchAnswer.TryRead(new Answer(Outcome.Applied, Refusal.None, position, answer.Body.ToArray()), out read);
            case StatusCodes.Status202Accepted when JsonSerializer.Deserialize(answer.Body, NodeJson.Default.WriteJson) is { } placed:
                read = new(Outcome.Provisional, Refusal.None, new(new(placed.Index), new(placed.Term)), []);
                return true;
            default:
                var problem = JsonSerializer.Deserialize(answer.Body, NodeJson.Default.ProblemJson);
                if (problem?.Outcome == "rejected")
                    read = new(Outcome.Rejected, Problems.RefusalOf(problem.Code), default, []);
                return true;
        }
    }

    private static bool TryPosition(IHeaderDictionary headers, out LogPosition position)
    {
        var isRead = long.TryParse(headers[AnswerHeaders.Index], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            & long.TryParse(headers[AnswerHeaders.Term], NumberStyles.None, CultureInfo.InvariantCulture, out var term);
        position = new(new(index), new(term));
        return isRead;
    }
}
