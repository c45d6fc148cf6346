using System.Globalization;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>The counters over HTTP. Reads are linearizable unless they ask for another level (<see cref="ReadLevel"/>); writes are answered once a quorum has them on disk.</summary>
internal static class CounterEndpoints
{
    /// <summary>The most rows a top list may have.</summary>
    public const int MaxTop = 10_000;

    private const int DefaultTop = 20;

    /// <summary>Adds the endpoints; the placeholder in the path is the key that <see cref="RawPath"/> took out.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/counters/{name}", GetAsync).Needs(AccessRole.Read);
        routes.MapDelete("/v1/counters/{name}", DeleteAsync).Needs(AccessRole.Write);
        routes.MapPost("/v1/counters/{name}/add", AddAsync).Needs(AccessRole.Write);
        routes.MapPost("/v1/counters/{name}/max", MaxAsync).Needs(AccessRole.Write);
        routes.MapPost("/v1/counters/{name}/cas", CompareAndSetAsync).Needs(AccessRole.Write);
        routes.MapGet("/v1/top", TopAsync).Needs(AccessRole.Read);
    }

    /// <summary>A counter as it is told to clients.</summary>
    public static CounterJson Json(string key, CounterAnswer answer, bool showMatch) => new(
        key, answer.Value, answer.Exists, showMatch ? answer.Matched : null, "applied", answer.Position.Index.Value, answer.Position.Term.Value);

    /// <summary>A counter with what waits in this node's outbox.</summary>
    private static CounterJson Json(string key, CounterAnswer answer, bool showMatch, bool showTentative) =>
        Json(key, answer, showMatch) with { Tentative = showTentative ? answer.IsTentative : null };

    /// <summary>A top list as it is told to clients.</summary>
    public static TopJson Json(TopAnswer answer) => new(
        [.. answer.Rows.Select(row => new TopRowJson(row.Key, row.Value))], answer.Total, answer.Distinct, "applied",
        answer.Position.Index.Value, answer.Position.Term.Value);

    private static async Task GetAsync(HttpContext context)
    {
        var key = RawPath.NameOf(context);
        var result = await Reads(context).ReadAsync(context, async (counters, level, token) => From(
            key, await counters.GetAsync(key, level, token), showMatch: false, showTentative: level == ReadConsistency.Tentative));
        await result.ExecuteAsync(context);
    }

    private static Task DeleteAsync(HttpContext context) => RunAsync(context, async router =>
    {
        var key = RawPath.NameOf(context);
        var body = await RequestBodies.ReadAsync(context);
        return await WriteAsync(router, context, body, async (counters, token) => From(key, await counters.DeleteAsync(key, token), showMatch: false));
    });

    private static Task AddAsync(HttpContext context) => RunAsync(context, async router =>
    {
        var key = RawPath.NameOf(context);
        var body = await RequestBodies.ReadAsync(context);
        if (!RequestBodies.TryParse(body, NodeJson.Default.AddBody, new AddBody(null), out var add, out var problem))
            return Problems.Bad(problem);
        if (!TryNumber(context, "delta", out var fromQuery))
            return Problems.Bad("The delta in the query is no whole number of 64 bits.");
        if (add.Delta is not null && fromQuery is not null)
            return Problems.Bad("The delta stands both in the body and in the query: give it once.");
        var delta = add.Delta ?? fromQuery ?? 1;
        return await WriteAsync(router, context, body, async (counters, token) => From(key, await counters.AddAsync(key, delta, token), showMatch: false));
    });

    private static Task MaxAsync(HttpContext context) => RunAsync(context, async router =>
    {
        var key = RawPath.NameOf(context);
        var body = await RequestBodies.ReadAsync(context);
        if (!RequestBodies.TryParse(body, NodeJson.Default.MaxBody, new MaxBody(null), out var max, out var problem))
            return Problems.Bad(problem);
        if (max.Value is not { } value)
            return Problems.Bad("The body lacks the value to raise the counter to: give {\"value\":2}.");
        return await WriteAsync(router, context, body, async (counters, token) => From(key, await counters.MaxAsync(key, value, token), showMatch: false));
    });

    private static Task CompareAndSetAsync(HttpContext context) => RunAsync(context, async router =>
    {
        var key = RawPath.NameOf(context);
        var body = await RequestBodies.ReadAsync(context);
        if (!RequestBodies.TryParse(body, NodeJson.Default.CasBody, new CasBody(null, null), out var cas, out var problem))
            return Problems.Bad(problem);
        if (cas.Value is not { } value)
            return Problems.Bad("The body lacks the value to set: give {\"expected\":1,\"value\":2}, or \"expected\":null for a counter that must not exist.");
        return await WriteAsync(
            router, context, body, async (counters, token) => From(key, await counters.CompareAndSetAsync(key, cas.Expected, value, token), showMatch: true));
    });

    private static async Task TopAsync(HttpContext context)
    {
        var result = !TryNumber(context, "limit", out var given) || given is < 1 or > MaxTop
            ? Problems.Bad($"The limit in the query is no number from 1 to {MaxTop}.")
            : await Reads(context).ReadAsync(context, async (counters, level, token) => From(await counters.TopAsync((int)(given ?? DefaultTop), level, token)));
        await result.ExecuteAsync(context);
    }

    private static ReadRouter Reads(HttpContext context) => context.RequestServices.GetRequiredService<ReadRouter>();

    /// <summary>A write, in the session or under the key that its headers name if they name one: then it is applied once, however often it is sent.</summary>
    private static Task<IResult> WriteAsync(
        LeaderRouter router, HttpContext context, ReadOnlyMemory<byte> body, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> local)
    {
        if (!SessionHeaders.TryRead(context.Request.Headers, out var headers, out var problem))
            return Task.FromResult<IResult>(Problems.Bad(problem));
        if (!IdempotencyHeader.TryRead(context.Request.Headers, out var named, out problem))
            return Task.FromResult<IResult>(Problems.Bad(problem));
        if (!WriteLevel.TryRead(context.Request, out var concern, out problem))
            return Task.FromResult<IResult>(Problems.Bad(problem));
        if (concern == WriteConcern.Available)
            return AvailableWrites.AcceptAsync(context, local);
        if (concern == WriteConcern.Leader)
            return router.RouteAsync(context, body, Repeat.Never, async (running, token) => Provisional(running, await local(running.Counters.WithConcern(concern), token)));
        if (named is { } name)
            return router.RouteAsync(context, body, Repeat.InSession, (running, token) => local(running.Counters.WithKey(name), token));
        if (headers is not { } session)
            return router.RouteAsync(context, body, Repeat.Never, (running, token) => local(running.Counters, token));
        return router.RouteAsync(context, body, Repeat.InSession, (running, token) => session.Token.Incarnation == running.Node.Status.Incarnation
            ? local(running.InSession(session), token)
            : ValueTask.FromResult(new LocalAnswer(Outcome.Rejected, Refusal.SessionExpired, TypedResults.Empty)));
    }

    private static async Task RunAsync(HttpContext context, Func<LeaderRouter, Task<IResult>> handle)
    {
        var router = context.RequestServices.GetRequiredService<LeaderRouter>();
        var result = await handle(router);
        await result.ExecuteAsync(context);
    }

    /// <summary>A write that is on this leader's disk: nothing is known of it but its place.</summary>
    private static LocalAnswer Provisional(RunningNode running, LocalAnswer answer)
    {
        if (answer.Outcome != Outcome.Provisional)
            return answer;
        var write = new WritePosition(running.Node.Status.Incarnation, answer.Position);
        var json = new WriteJson("provisional", write.ToString(), answer.Position.Index.Value, answer.Position.Term.Value);
        return answer with { Result = TypedResults.Json(json, NodeJson.Default.WriteJson, statusCode: StatusCodes.Status202Accepted) };
    }

    private static LocalAnswer From(string key, CounterAnswer answer, bool showMatch, bool showTentative = false)
    {
        if (answer.Outcome != Outcome.Applied)
            return new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty) { Position = answer.Position, Accepted = answer.Accepted };
        IResult result = answer switch
        {
            { Refusal: Refusal.ReplyNotKept } => Problems.ReplyNotKept(),
            { Problem: { } problem } => Problems.Rejected(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Declined, problem),
            _ => TypedResults.Json(Json(key, answer, showMatch, showTentative), NodeJson.Default.CounterJson),
        };
        return new LocalAnswer(Outcome.Applied, Refusal.None, result) { Position = answer.Position, Age = answer.Age };
    }

    private static LocalAnswer From(TopAnswer answer) => answer.Outcome == Outcome.Applied
        ? new LocalAnswer(Outcome.Applied, Refusal.None, TypedResults.Json(Json(answer), NodeJson.Default.TopJson)) { Position = answer.Position, Age = answer.Age }
        : new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);

    private static bool TryNumber(HttpContext context, string name, out long? value)
    {
        value = null;
        if (!context.Request.Query.TryGetValue(name, out var text))
            return true;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return false;
        value = number;
        return true;
    }
}
