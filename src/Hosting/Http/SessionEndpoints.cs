using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Sessions over HTTP: a client opens one, numbers its writes in it (<see cref="SessionHeaders"/>), and may then send any of them again
/// until it knows what became of it.
/// </summary>
internal static class SessionEndpoints
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromMinutes(10);

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/sessions", OpenAsync).Needs(AccessRole.Write);
        routes.MapDelete("/v1/sessions/{token}", CloseAsync).Needs(AccessRole.Write);
    }

    private static async Task OpenAsync(HttpContext context)
    {
        var body = await RequestBodies.ReadAsync(context);
        var result = await OpenAsync(context, body);
        await result.ExecuteAsync(context);
    }

    private static Task<IResult> OpenAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        if (!RequestBodies.TryParse(body, NodeJson.Default.OpenSessionBody, new OpenSessionBody(null), out var open, out var problem))
            return Task.FromResult<IResult>(Problems.Bad(problem));
        var timeout = open.IdleTimeoutMs is { } given ? TimeSpan.FromMilliseconds(Math.Clamp(given, 0, long.MaxValue / TimeSpan.TicksPerMillisecond)) : UsualTimeout;
        if (timeout < SessionEntry.MinIdleTimeout || timeout > SessionEntry.MaxIdleTimeout)
            return Task.FromResult<IResult>(Problems.Bad("The idleTimeoutMs is out of range: give 1 ms to 30 days."));

        // Sent again after a lost answer it opens a second one: the first, which nobody knows, expires.
        return Router(context).RouteAsync(context, body, Repeat.InSession, async (running, token) =>
        {
            var answer = await running.Node.OpenSessionAsync(timeout, token);
            var session = new SessionToken(running.Node.Status.Incarnation, new(answer.Position.Index.Value));
            return From(answer, new SessionJson(session.ToString(), (long)timeout.TotalMilliseconds, "applied", answer.Position.Index.Value, answer.Position.Term.Value));
        });
    }

    private static async Task CloseAsync(HttpContext context)
    {
        var result = SessionToken.TryParse(context.GetRouteValue("token") as string ?? "", out var session)
            ? await Router(context).RouteAsync(context, ReadOnlyMemory<byte>.Empty, Repeat.InSession, async (running, token) =>
            {
                if (session.Incarnation != running.Node.Status.Incarnation)
                    return new LocalAnswer(Outcome.Rejected, Refusal.SessionExpired, TypedResults.Empty);
                var answer = await running.Node.CloseSessionAsync(session.Session, token);
                return From(answer, new SessionJson(session.ToString(), 0, "applied", answer.Position.Index.Value, answer.Position.Term.Value));
            })
            : Problems.Bad("The path holds no session: give the one that POST /v1/sessions answered with.");
        await result.ExecuteAsync(context);
    }

    private static LeaderRouter Router(HttpContext context) => context.RequestServices.GetRequiredService<LeaderRouter>();

    private static LocalAnswer From(in Answer answer, SessionJson json) => answer.Outcome == Outcome.Applied
        ? new LocalAnswer(Outcome.Applied, Refusal.None, TypedResults.Json(json, NodeJson.Default.SessionJson)) { Position = answer.Position }
        : new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);
}
